"""Which entry goes into which file: the loader of the file, the entry that a drive keeps, what the box must add."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.boot import grub_conf
from kickbuild.boot.config_file import read_text
from kickbuild.errors import InputError, Problem, RefusedError, UsageError, system_error

if TYPE_CHECKING:
    from pathlib import Path

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LEGACY_NAMES: Final = frozenset({"grub.conf", "menu.lst"})
#: What every entry of a loader has, so that one loader's entry does not end in another's file.
_FORMS: Final = {
    "grub2": re.compile(rb"(?m)^[ \t]*menuentry[ \t]"),
    "grub-legacy": re.compile(rb"(?m)^[ \t]*title[ \t=][\s\S]*^[ \t]*kernel[ \t]"),
    "bls": re.compile(rb"(?m)^title[ \t][\s\S]*^linux[ \t]"),
}
_ID: Final = re.compile(rb"--id[ \t]+'?kickbuild-([a-z0-9][a-z0-9-]*)'?[ \t]|/kickbuild-([a-z0-9][a-z0-9-]*)-vmlinuz")


@dataclass(frozen=True, slots=True)
class Stanza:
    """An entry as it is kept on a drive: the profile's name, and the text with its placeholders."""

    name: str
    text: bytes

    @property
    def entry_id(self) -> str:
        """The id between the markers."""
        return f"kickbuild-{self.name}"


@dataclass(frozen=True, slots=True)
class BoxFacts:
    """What a box adds to an entry of GRUB legacy: its boot partition, the directory there, and how each is known."""

    partition: str
    prefix: str
    notices: tuple[str, ...]


def loader_of(path: Path, real: Path) -> str:
    """Return the loader whose file this is, by its name or that of the file it links to. Raises UsageError."""
    for candidate in (path, real):
        name = candidate.name
        if name == "grub.cfg":
            raise UsageError(
                f"{path} is written anew by grub2-mkconfig, which would drop the entry",
                hint=f"use {candidate.with_name('custom.cfg')}, which grub.cfg reads; it is created if need be",
            )
        if name in _LEGACY_NAMES:
            return "grub-legacy"
        if name == "custom.cfg":
            return "grub2"
        if name.endswith(".conf") and candidate.parent.parts[-2:] == ("loader", "entries"):
            return "bls"
    raise UsageError(
        f"{path.name} is no name by which a boot loader's file is known",
        hint="say --loader grub2, grub-legacy or bls",
    )


def stanza_on_drive(drive: Path, name: str | None, loader: str) -> Stanza:
    """Return the entry that a drive keeps for a loader. Raises InputError, UsageError and ToolError."""
    home = drive / "kickbuild"
    if not home.is_dir():
        raise InputError(f"{drive} is not a rebuild drive: it has no directory kickbuild", hint="is it mounted there?")
    try:
        known = sorted(p.name for p in home.iterdir() if (p / f"entry.{loader}").is_file())
    except OSError as error:
        raise system_error(error, home) from error
    if name is None and len(known) != 1:
        raise UsageError(
            f"{drive} has {len(known)} profiles with an entry for {loader}: {', '.join(known) or 'none'}",
            hint="say which with --name",
        )
    name = check_name(name or known[0])
    if name not in known:
        raise InputError(
            f"{drive} has no entry for {loader} of a profile {name}",
            hint=f"it has {', '.join(known)}" if known else "prepare the drive first",
        )
    return Stanza(name, _read(home / name / f"entry.{loader}", loader))


def stanza_from_file(path: Path, name: str | None, loader: str) -> Stanza:
    """Return the entry in a file; its name stands in it where none is given. Raises InputError, UsageError."""
    text = _read(path, loader)
    if name is None:
        found = _ID.search(text)
        if found is None:
            raise UsageError(f"{path} does not tell the name of its profile", hint="say it with --name")
        name = (found[1] or found[2]).decode("ascii")
    return Stanza(check_name(name), text)


def check_name(name: str) -> str:
    """Return a profile's name. Raises UsageError for what cannot be one."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is not the name of a profile", hint="letters a to z, digits and '-'")
    return name


def box_facts(text: bytes, partition: str | None, prefix: str | None) -> BoxFacts:
    """Return where the box's kernels are, as its other entries say unless the user does. Raises UsageError."""
    stanzas = grub_conf.parse_stanzas(text)
    notices: list[str] = []
    if partition is None:
        found = grub_conf.boot_partitions(stanzas)
        if len(found) != 1 or not found[0]:
            said = ", ".join(name or "none" for name in found) or "there are none"
            raise UsageError(
                f"the boot partition is not known: the other entries do not agree on one ({said})",
                hint="say it with --boot-partition '(hd0,0)'",
            )
        partition = found[0]
        notices.append(f"boot partition {partition}, as in the other entries")
    if prefix is None:
        prefix = _prefix(stanzas, partition)
        notices.append(f"kernels are in {prefix or '/'} of {partition}")
    return BoxFacts(partition, prefix, tuple(notices))


def require_other_default(text: bytes) -> None:
    """Raise RefusedError where an entry at the end of a grub.conf would be booted without anybody asking for it."""
    count = len(grub_conf.parse_stanzas(text))
    number = grub_conf.default_number(text)
    problems = []
    if number == count:
        problems.append(
            Problem(
                f"default={number} names no entry yet, so the box would rebuild itself at its next boot",
                hint="add the entry of the normal system first, or set default= to it",
            )
        )
    if count in grub_conf.fallback_numbers(text):
        problems.append(
            Problem(
                f"fallback={count} names no entry yet, so the box would rebuild itself when the default fails",
                hint="take that number out of the fallback line",
            )
        )
    if problems:
        raise RefusedError(*problems)


def _prefix(stanzas: tuple[grub_conf.Stanza, ...], partition: str) -> str:
    found = grub_conf.boot_prefixes(stanzas, partition)
    if not found:
        return "/boot"
    if len(found) == 1 and found[0] in {"", "/boot"}:
        return found[0]
    raise UsageError(
        f"the directory of the kernels is not known: the other entries have {', '.join(p or '/' for p in found)}",
        hint="say it with --boot-prefix /boot, or --boot-prefix '' where /boot is a partition of its own",
    )


def _read(path: Path, loader: str) -> bytes:
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if not _FORMS[loader].search(text) or any(f.search(text) for name, f in _FORMS.items() if name != loader):
        raise InputError(f"{path} is not an entry for {loader}", hint="--loader names another boot loader")
    return text
