"""``kickbuild entry``: the Rebuild entry in a boot loader's configuration."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kickbuild.cli.output import echo_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kickbuild.boot.config_file import ConfigFile
    from kickbuild.boot.stanza import Stanza

_WORDS = {
    "created": "created with the entry {}",
    "appended": "appended the entry {}",
    "replaced": "replaced the entry {}",
    "removed": "removed the entry {}",
    "unchanged": "unchanged",
}
_LOADERS = click.Choice(("grub2", "grub-legacy", "bls"))


@dataclass(frozen=True, slots=True)
class _Change:
    """What a command makes of a file: ``after`` is None where the file goes away."""

    config: ConfigFile
    entry_id: str
    loader: str
    action: str
    after: bytes | None
    facts: dict[str, str]
    notices: tuple[str, ...] = ()


@click.group()
def entry() -> None:
    """Put the Rebuild entry into a boot loader's configuration, or take it out."""


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        click.option("--dry-run", is_flag=True, help="Print the change as a diff, and change nothing."),
        click.option("--loader", type=_LOADERS, help="The boot loader, where FILE's name does not tell."),
        click.argument("file", type=click.Path(path_type=Path)),
    ):
        function = option(function)
    return function


@entry.command()
@_shared
@click.option("--drive", type=click.Path(path_type=Path), metavar="DIR", help="Where the rebuild drive is mounted.")
@click.option("--from", "source", type=click.Path(path_type=Path), metavar="ENTRYFILE", help="A file with the entry.")
@click.option("--name", help="The profile, where the drive has several.")
@click.option("--boot-partition", metavar="(hdX,Y)", help="GRUB legacy: the partition with the box's kernels.")
@click.option("--boot-prefix", metavar="PATH", help="GRUB legacy: the kernels' directory there: /boot, or ''.")
def append(
    *,
    file: Path,
    loader: str | None,
    dry_run: bool,
    as_json: bool,
    drive: Path | None,
    source: Path | None,
    name: str | None,
    boot_partition: str | None,
    boot_prefix: str | None,
) -> None:
    """Put the Rebuild entry at the end of FILE, or in the place of its older version.

    FILE is grub.conf or menu.lst, custom.cfg beside grub.cfg, or a file of its own in /boot/loader/entries. Everything
    else in FILE stays as it is; what was there before is kept as FILE.kickbuild-backup.
    """
    from kickbuild.boot.config_file import read_config
    from kickbuild.boot.stanza import loader_of, stanza_from_file, stanza_on_drive
    from kickbuild.errors import UsageError

    if (drive is None) == (source is None):
        raise UsageError("one of --drive and --from is needed", hint="--drive DIR: where the rebuild drive is mounted")
    config = read_config(file)
    loader = loader or loader_of(file, config.path)
    if drive is not None:
        stanza = stanza_on_drive(drive, name, loader)
    else:
        assert source is not None
        stanza = stanza_from_file(source, name, loader)
    _carry_out(
        _plan_append(config, stanza, loader, _place(loader, boot_partition, boot_prefix)),
        dry_run=dry_run,
        as_json=as_json,
    )


@entry.command()
@_shared
@click.option("--name", required=True, help="The profile whose entry goes.")
def remove(*, file: Path, loader: str | None, dry_run: bool, as_json: bool, name: str) -> None:
    """Take the Rebuild entry out of FILE, which is then what it was before, to the byte."""
    from kickbuild.boot.config_file import read_config
    from kickbuild.boot.stanza import check_name, loader_of
    from kickbuild.errors import UsageError

    config = read_config(file)
    if loader is None:
        try:
            loader = loader_of(file, config.path)
        except UsageError:
            loader = ""
    _carry_out(_plan_remove(config, f"kickbuild-{check_name(name)}", loader), dry_run=dry_run, as_json=as_json)


def _place(loader: str, partition: str | None, prefix: str | None) -> tuple[str | None, str | None]:
    from kickbuild.boot.grub_conf import BOOT_PARTITION
    from kickbuild.errors import UsageError

    if loader != "grub-legacy" and (partition is not None or prefix is not None):
        raise UsageError(f"--boot-partition and --boot-prefix are for GRUB legacy; this is a file of {loader}")
    if partition is not None and not BOOT_PARTITION.fullmatch(partition):
        raise UsageError(f"--boot-partition {partition!r} is not a partition", hint="GRUB legacy writes it '(hd0,0)'")
    prefix = None if prefix is None else prefix.rstrip("/")
    if prefix and not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", prefix):
        raise UsageError(f"--boot-prefix {prefix!r} is not a directory", hint="say /boot, or '' for the top")
    return partition, prefix


def _plan_append(config: ConfigFile, stanza: Stanza, loader: str, place: tuple[str | None, str | None]) -> _Change:
    from kickbuild.boot.edit import append_entry
    from kickbuild.errors import InputError

    if config.text is None and loader == "grub-legacy":
        raise InputError(f"{config.path} does not exist", hint="GRUB legacy reads /boot/grub/grub.conf or menu.lst")
    before = config.text or b""
    with _named(config.path):
        bare = _without(before, stanza.entry_id)
        text, notices = stanza.text, _missing_files(config.path, stanza.entry_id, loader)
        facts: dict[str, str] = {}
        if loader == "grub-legacy":
            text, facts, said = _fill_in(bare, before, stanza, place)
            notices = said + notices
        if loader == "bls" and bare.strip():
            raise InputError("holds another entry", hint="each BLS entry has a file of its own: name one that is new")
        after = append_entry(before, stanza.entry_id, text)
    return _Change(config, stanza.entry_id, loader, _word(config, bare, before, after), after, facts, notices)


def _fill_in(
    bare: bytes, before: bytes, stanza: Stanza, place: tuple[str | None, str | None]
) -> tuple[bytes, dict[str, str], tuple[str, ...]]:
    from kickbuild.boot.grub_conf import fill_in
    from kickbuild.boot.stanza import box_facts, require_other_default

    if bare == before:
        require_other_default(before)
    if b"@BOOT@" not in stanza.text and b"@PREFIX@/" not in stanza.text:
        return stanza.text, {}, ()
    facts = box_facts(_without_ours(bare), *place)
    known = {"boot_partition": facts.partition, "boot_prefix": facts.prefix}
    return fill_in(stanza.text, facts.partition, facts.prefix), known, facts.notices


def _plan_remove(config: ConfigFile, entry_id: str, loader: str) -> _Change:
    from kickbuild.boot.config_file import began_empty
    from kickbuild.errors import InputError

    if config.text is None:
        if loader not in {"grub2", "bls"}:
            raise InputError(f"{config.path} does not exist", hint="name the file that holds the entry")
        return _Change(config, entry_id, loader, "unchanged", None, {})
    with _named(config.path):
        after: bytes | None = _without(config.text, entry_id)
    if after == config.text:
        return _Change(config, entry_id, loader, "unchanged", after, {})
    if not after and loader in {"grub2", "bls"} and not began_empty(config):
        after = None
    notices = _default_moves(config.text, entry_id) if loader == "grub-legacy" else ()
    return _Change(config, entry_id, loader, "removed", after, {}, notices)


def _word(config: ConfigFile, bare: bytes, before: bytes, after: bytes) -> str:
    if config.text is None:
        return "created"
    if after == before:
        return "unchanged"
    return "appended" if bare == before else "replaced"


def _without(text: bytes, entry_id: str) -> bytes:
    from kickbuild.boot.edit import remove_entry

    return remove_entry(text, entry_id)


def _without_ours(text: bytes) -> bytes:
    from kickbuild.boot.edit import find_blocks

    for block in find_blocks(text):
        text = _without(text, block.entry_id)
    return text


def _missing_files(path: Path, entry_id: str, loader: str) -> tuple[str, ...]:
    if loader == "grub2" or path.parent.name not in {"grub", "entries"}:
        return ()
    boot = path.parent.parent if loader == "grub-legacy" else path.parent.parent.parent
    absent = [name for name in (f"{entry_id}-vmlinuz", f"{entry_id}-initrd.img") if not (boot / name).exists()]
    return tuple(
        f"{boot / name} is not there yet: copy it from the drive, as the entry's comment says" for name in absent
    )


def _default_moves(text: bytes, entry_id: str) -> tuple[str, ...]:
    from kickbuild.boot.edit import find_blocks
    from kickbuild.boot.grub_conf import default_number, parse_stanzas

    block = next(block for block in find_blocks(text) if block.entry_id == entry_id)
    first, default = len(parse_stanzas(text[: block.start])), default_number(text)
    if default is None or default < first:
        return ()
    return (f"default={default} counts the entry that goes: look whether it still names the one you mean",)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Put the file's name before the place of whatever is wrong in it."""
    from kickbuild.errors import KickbuildError, Problem

    try:
        yield
    except KickbuildError as error:
        problems = (
            Problem(p.message, where=f"{path}: {p.where}" if p.where else str(path), hint=p.hint)
            for p in error.problems
        )
        raise type(error)(*problems) from error


def _carry_out(change: _Change, *, dry_run: bool, as_json: bool) -> None:
    backup = None
    if not dry_run:
        backup = _write(change)
    for notice in change.notices:
        click.echo(f"note: {notice}", err=True)
    if as_json:
        echo_json(_as_json(change, backup, dry_run=dry_run))
    elif dry_run:
        click.echo(_diff(change), nl=False)
        if change.action == "unchanged":
            click.echo(f"{change.config.path}: unchanged", err=True)
    else:
        kept = f"; what was there before is in {backup}" if backup else ""
        click.echo(f"{change.config.path}: {_WORDS[change.action].format(change.entry_id)}{kept}")


def _write(change: _Change) -> Path | None:
    from kickbuild.boot.config_file import delete_config, write_config
    from kickbuild.boot.edit import find_blocks

    if change.action == "unchanged":
        return None
    if change.after is None:
        delete_config(change.config)
        return None
    first = not find_blocks(change.config.text or b"")
    return write_config(change.config, change.after, first=first)


def _as_json(change: _Change, backup: Path | None, *, dry_run: bool) -> dict[str, Any]:
    value: dict[str, Any] = {
        "file": str(change.config.path),
        "entry": change.entry_id,
        "loader": change.loader or None,
        "action": change.action,
        "changed": change.action != "unchanged" and not dry_run,
        "deleted": change.action == "removed" and change.after is None,
        "backup": str(backup) if backup else None,
        **change.facts,
        "notices": list(change.notices),
    }
    if dry_run:
        value["diff"] = _diff(change).decode("utf-8", "backslashreplace")
    return value


def _diff(change: _Change) -> bytes:
    from difflib import diff_bytes, unified_diff

    before, after = change.config.text, change.after
    name = os.fsencode(change.config.path)
    lines = diff_bytes(
        unified_diff,
        _lines(before or b""),
        _lines(after or b""),
        b"/dev/null" if before is None else name,
        b"/dev/null" if after is None else name,
    )
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)


def _lines(text: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", text)
