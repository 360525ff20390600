"""Rewriting the commands that name disks: only the disk changes, the rest of the line stays byte for byte.

``@TARGET@`` stands for the one disk that the guard finds, as in ``storage``.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.kickstart.storage import TARGET, selection_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kickbuild.kickstart.document import Command, Word
    from kickbuild.releases.model import Capabilities

#: The commands that go into the storage include, and their options that name disks.
DISK_OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "part": ("--ondisk", "--ondrive"),
    "partition": ("--ondisk", "--ondrive"),
    "clearpart": ("--drives",),
    "ignoredisk": ("--drives", "--only-use"),
    "bootloader": ("--boot-drive", "--driveorder"),
}
_REUSE: Final = "keeps what is on the disk; kickbuild rebuilds a disk from nothing"
_REUSED: Final = dict.fromkeys(("--useexisting", "--noformat", "--resize"), _REUSE)
_PART: Final = {
    "--onpart": _REUSE,
    "--usepart": _REUSE,
    "--noformat": _REUSE,
    "--resize": _REUSE,
    "--onbiosdisk": "names a disk by its BIOS number, which says nothing of which disk it is",
}
#: Options that cannot be adopted, and why.
_REFUSED: Final[dict[str, dict[str, str]]] = {
    "part": _PART,
    "partition": _PART,
    "clearpart": {"--list": "names partitions by kernel names, which change from boot to boot"},
    "ignoredisk": {"--interactive": "asks a person which disks to use"},
    "bootloader": {"--upgrade": "keeps the boot loader that is on the disk; kickbuild rebuilds a disk from nothing"},
    "raid": _REUSED,
    "volgroup": _REUSED,
    "logvol": _REUSED,
    "btrfs": _REUSED,
}
_SPEC: Final = re.compile(r"[A-Za-z0-9_./:+|=\\~-]*")


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command, as it stands in the line; ``value`` is None where there is none."""

    name: str
    word: Word
    value: str | None
    value_word: Word | None
    """The word that the value is, where it is not in the option's own word."""


@dataclass(frozen=True, slots=True)
class NamedDisk:
    """A disk that is to be written to, by the name the kickstart gives it without ``/dev/``."""

    line: int
    name: str


def options_of(command: Command) -> Iterator[Option]:
    """Yield the options of a command; a following word counts as value only for options that name disks."""
    known = (*DISK_OPTIONS.get(command.name, ()), *_REFUSED.get(command.name, ()))
    words = command.words[1:]
    for word, following in zip(words, [*words[1:], None], strict=False):
        if not word.text.startswith("--"):
            continue
        name, equals, value = word.text.partition("=")
        if equals:
            yield Option(name, word, value, None)
        elif name in known and following is not None:
            yield Option(name, word, following.text, following)
        else:
            yield Option(name, word, None, None)


def option_problems(command: Command) -> list[str]:
    """Return what is wrong with a storage command's options: what is refused, and what cannot be told."""
    refused = _REFUSED.get(command.name, {})
    dangerous = (*DISK_OPTIONS.get(command.name, ()), *refused)
    problems: list[str] = []
    for option in options_of(command):
        if option.name in refused:
            problems.append(f"{command.name} {option.name} {refused[option.name]}")
        elif option.name == "--":
            problems.append(f"{command.name} has a bare --, after which options are none")
        elif option.name not in dangerous and any(name.startswith(option.name) for name in dangerous):
            full = " or ".join(name for name in dangerous if name.startswith(option.name))
            problems.append(f"{command.name} {option.name} is an abbreviation; write {full}")
    return problems


def named_disks(command: Command) -> tuple[list[NamedDisk], list[str]]:
    """Return the disks that a command writes to, and what is wrong with their names."""
    names: list[str] = []
    for option in options_of(command):
        if option.name in DISK_OPTIONS.get(command.name, ()) and option.value:
            values = [value.strip() for value in option.value.split(",")]
            # Of driveorder only the first disk gets the boot loader; ignoredisk --drives names those left alone.
            values = values[:1] if option.name == "--driveorder" else values
            names += [] if (command.name, option.name) == ("ignoredisk", "--drives") else values
    names = [name.removeprefix("/dev/") for name in names if name]
    problems: list[str] = []
    for name in dict.fromkeys(names):
        if any(char in name for char in "*?["):
            problems.append(f"{name} may match several disks; kickbuild rebuilds one disk")
        elif not _SPEC.fullmatch(name):
            problems.append(f"{name!r} is not the name of a disk; is this an unrendered template?")
    return [NamedDisk(command.line, name) for name in dict.fromkeys(names)], problems


def on_target(command: Command, text: str, can: Capabilities) -> str:
    """Return a command's line with the target in the place of its disks; added where the line names none."""
    if command.name == "ignoredisk":
        return _splice(text, _replaced(command, selection_option(can), whole=True), command, "")
    option = "--ondisk" if command.name in {"part", "partition"} else "--drives"
    if command.name == "bootloader":
        option = f"--{can.boot_drive_option}"
    return _splice(text, _replaced(command, TARGET, whole=False), command, f"{option}={TARGET}")


def selection_option(can: Capabilities) -> str:
    """Return the option of ``ignoredisk`` that keeps the installer's hands off every disk but the target."""
    return selection_lines(can)[0].text.split(maxsplit=1)[1]


def _replaced(command: Command, new: str, *, whole: bool) -> list[tuple[int, int, str]]:
    """Return the spans of a line that name disks and their new text: the value alone, or the whole option."""
    edits: list[tuple[int, int, str]] = []
    for option in options_of(command):
        if option.name not in DISK_OPTIONS[command.name] or option.value is None:
            continue
        if whole:
            edits.append((option.word.start, (option.value_word or option.word).end, new))
        elif option.value_word is not None:
            edits.append((option.value_word.start, option.value_word.end, new))
        else:
            edits.append((option.word.start, option.word.end, f"{option.name}={new}"))
    return edits


def _splice(text: str, edits: Iterable[tuple[int, int, str]], command: Command, otherwise: str) -> str:
    edits = list(edits)
    if not edits and otherwise:
        end = command.words[-1].end
        edits = [(end, end, f" {otherwise}")]
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text


def several_disks(disks: list[NamedDisk]) -> list[tuple[int, str]]:
    """Return a problem for each line that names another disk than the one that is named most often."""
    if not disks:
        return []
    most = Counter(disk.name for disk in disks).most_common(1)[0][0]
    usual = next(disk for disk in disks if disk.name == most)
    found: list[tuple[int, str]] = []
    for disk in dict.fromkeys(disks):
        if disk.name != most:
            there = "" if disk.line == usual.line else f" of line {usual.line}"
            found.append((disk.line, f"names the disk {disk.name} beside {most}{there}; kickbuild rebuilds one disk"))
    return found


def spread_members(commands: Iterable[Command]) -> list[tuple[int, str]]:
    """Return a problem for each raid and btrfs line whose members may be on several disks.

    Without ``--ondisk`` the installer puts the members of one array on different disks, because that is their purpose.
    """
    commands = list(commands)
    pinned = {
        word.text
        for command in commands
        if command.name in {"part", "partition"} and named_disks(command)[0]
        for word in command.words[1:]
    }
    problems: list[tuple[int, str]] = []
    for command in commands:
        if command.name not in {"raid", "btrfs"}:
            continue
        members = [word.text for word in command.words[1:] if word.text.startswith(f"{command.name}.")]
        spread = [member for member in members if member not in pinned]
        if (spread or not members) if command.name == "raid" else (spread and len(members) > 1):
            problems.append(
                (command.line, f"{command.name} spreads over disks: {' '.join(spread) or 'it has no members'}")
            )
    return problems
