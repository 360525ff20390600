"""Adopting a user's own kickstart: only what must change changes, and what cannot be adopted is refused by its line.

The source becomes the drive's ISO. The lines that name disks move into the include that the guard writes once it has
found the one disk. Everything else stays byte for byte, and ``marks.restore`` takes every change back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from kickbuild.errors import KickstartError, Problem, ReleaseError
from kickbuild.kickstart import refusals
from kickbuild.kickstart.after import AFTER_BEGIN, JOINED
from kickbuild.kickstart.disk_lines import (
    DISK_OPTIONS,
    named_disks,
    on_target,
    option_problems,
    several_disks,
    spread_members,
)
from kickbuild.kickstart.document import Kind, is_one_section, parse_document
from kickbuild.kickstart.extra import extra_problems
from kickbuild.kickstart.guard import INCLUDE
from kickbuild.kickstart.marks import GUARD_BEGIN, GUARD_END, MOVED, REMOVED, WAS, added_mark, is_mark, restore
from kickbuild.kickstart.parse import parse
from kickbuild.kickstart.refusals import SOURCES, Remark
from kickbuild.kickstart.storage import OTHERS, TARGET, loader_line, selection_lines
from kickbuild.quoting import kickstart_quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kickbuild.drive.ref import DriveRef
    from kickbuild.kickstart.document import Command, Document
    from kickbuild.releases.model import Capabilities

_EXTRA: Final = "the profile's kickstart.extra"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: its line in the kickstart that was given, the text there before, and what stands for it now.

    ``before`` is empty for a line that was added above that line; ``after`` is empty for a line that went.
    """

    line: int
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """An adopted kickstart, still without its guard."""

    text: str
    storage_lines: tuple[str, ...]
    """The lines of the storage include; ``@TARGET@`` stands for the disk, ``@OTHERS@`` for those left alone."""
    changes: tuple[Change, ...]
    notices: tuple[Problem, ...] = ()
    """What is adopted as it is, but should be known."""


class _Fate(Enum):
    REPLACED = auto()
    MOVED = auto()
    REMOVED = auto()


@dataclass(slots=True)
class _Work:
    """What is decided so far; lines are those of the restored document."""

    document: Document
    fates: dict[int, tuple[_Fate, str]] = field(default_factory=dict)
    added: list[tuple[int, list[str], str]] = field(default_factory=list)
    storage: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def add(self, line: int, lines: list[str], reason: str) -> None:
        """Add lines above a line."""
        self.added.append((line, lines, reason))
        self.changes += [Change(line, "", text, reason) for text in lines]

    def add_storage(self, line: int, text: str, reason: str) -> None:
        """Put a command that the kickstart lacks before the others of the storage include, which stands at a line."""
        self.storage.insert(0, text)
        self.changes.append(Change(line, "", text, reason))

    def decide(self, command: Command, fate: _Fate, now: str, after: str, reason: str) -> None:
        """Change the line of a command: what stands there now, and what that means."""
        self.fates[command.line] = (fate, now)
        self.changes.append(Change(command.line, self.document.line(command.line).text, after, reason))


def adopt(
    text: str,
    *,
    capabilities: Capabilities,
    source: DriveRef,
    iso_dir: str,
    has_packages: bool,
    extra: tuple[str, ...] = (),
    arguments: Sequence[str] = (),
    name: str = "ks.cfg",
) -> Adopted:
    """Return a kickstart adopted to a drive: ``iso_dir`` is what ``harddrive --dir`` names, ``extra`` lines to add,
    ``arguments`` kernel arguments that the new system should have.

    One that was adopted before is taken back first, so that adopting twice gives the same result. ``name`` is what
    problems call it. Raises ReleaseError for a release that has no rebuild drives, KickstartError with every problem.
    """
    if not capabilities.prepare:
        raise ReleaseError(f"{capabilities.family} cannot be rebuilt from a drive: {capabilities.refusal}")
    restored = restore(text)
    document = parse_document(restored.text)

    def problem(remark: Remark) -> Problem:
        known = 0 < remark.line <= len(restored.numbers)
        where = f"{name}:{restored.numbers[remark.line - 1]}" if known else name
        return Problem(remark.message, where=where, hint=remark.hint)

    commands = (*document.commands, *(replace(c, line=0) for c in parse_document("\n".join(extra)).commands))
    remarks = _refusals(document, commands, capabilities, has_packages)
    problems = [problem(remark) for remark in _in_order(remarks)]
    problems += [Problem(message, where="kickstart.extra") for message in _extra_problems(extra, has_packages)]
    if problems:
        raise KickstartError(*problems)
    work = _Work(document)
    _change_source(work, source, iso_dir, has_packages=has_packages)
    _move_storage(work, capabilities, arguments)
    _add_end(work, commands)
    if extra:
        work.add(_before_sections(document), list(extra), _EXTRA)
    result = _written(work)
    _require_safe(result, tuple(work.storage), capabilities, name)
    numbers = restored.numbers
    changes = tuple(
        Change(numbers[c.line - 1], c.before, c.after, c.reason) for c in sorted(work.changes, key=lambda c: c.line)
    )
    remarks = [*refusals.notices(document, commands, capabilities), *refusals.console_notices(document, arguments)]
    notices = tuple(problem(remark) for remark in remarks)
    return Adopted(result, tuple(work.storage), changes, notices)


def guard_section(guard: str) -> str:
    """Return the section that runs the guard, between marks, without a line end after its last line.

    Raises ValueError for a guard that the kickstart's parser would not carry whole.
    """
    if not is_one_section(f"%pre\n{guard.rstrip()}\n%end\n"):
        raise ValueError("a line of the guard ends its section")
    return f"{GUARD_BEGIN}\n%pre --erroronfail --log=/tmp/kickbuild-guard.log\n{guard.rstrip()}\n%end\n{GUARD_END}"


def assemble(adopted: Adopted, guard: str, after: str) -> str:
    """Return the whole kickstart: the guard stands above the first section, and ``after`` behind the last one.

    The scripts of a kind run in the order in which they stand.
    """
    document = parse_document(adopted.text)
    lines = [line.text + line.ending for line in document.lines]
    place = _before_sections(document) - 1
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
        after = after.replace(AFTER_BEGIN, AFTER_BEGIN + JOINED, 1)
    return "".join([*lines[:place], f"{guard_section(guard)}\n\n", *lines[place:], f"{after}\n"])


def _refusals(
    document: Document, commands: tuple[Command, ...], capabilities: Capabilities, has_packages: bool
) -> list[Remark]:
    found = [
        *_bad_characters(document),
        *refusals.line_refusals(document),
        *refusals.include_refusals(document),
        *refusals.script_refusals(document),
        *_disk_refusals(document, capabilities),
        *([] if has_packages else _source_refusals(commands)),
        *refusals.waiting_refusals(document, commands, capabilities),
    ]
    told = {remark.line for remark in found}
    parsed = parse(document.text, capabilities.handler)
    hint = "make it from part lines; kickbuild rebuilds one disk from nothing"
    # A part line that the grammar refuses makes nothing: only what follows from it would be told.
    strangers = () if parsed.problems else parsed.strangers
    found += [Remark(stranger.line or 0, stranger.message, hint) for stranger in strangers]
    found += [
        Remark(problem.line or 0, f"{capabilities.family}'s installer does not accept this: {problem.message}")
        for problem in parsed.problems
        if problem.line is None or problem.line not in told
    ]
    return found


def _in_order(remarks: Iterable[Remark]) -> list[Remark]:
    return sorted(dict.fromkeys(remarks), key=lambda remark: remark.line)


def _bad_characters(document: Document) -> list[Remark]:
    found = []
    for line in document.lines:
        for character, what in (("\0", "a NUL byte"), ("\ufeff", "a byte order mark")):
            if character in line.text and (character == "\0" or line.number == 1):
                found.append(Remark(line.number, f"has {what} at column {line.text.index(character) + 1}", "remove it"))
    return found


def _disk_refusals(document: Document, capabilities: Capabilities) -> list[Remark]:
    found: list[Remark] = []
    disks = []
    for command in document.commands:
        found += [Remark(command.line, message) for message in option_problems(command)]
        if command.name in DISK_OPTIONS:
            named, problems = named_disks(command)
            disks += named
            found += [Remark(command.line, message) for message in problems]
            placeholders = [name for name in (TARGET, OTHERS) if name in document.line(command.line).text]
            found += [Remark(command.line, f"{name} stands for a disk that the guard finds") for name in placeholders]
        if command.name == "reqpart" and not capabilities.reqpart:
            message = f"reqpart does not exist in every minor release of {capabilities.family}"
            found.append(Remark(command.line, message, "write part lines for what the firmware boots from"))
    hint = "keep the lines of one disk; kickbuild writes it for the disk that [target] identifies"
    found += [Remark(line, message, hint) for line, message in several_disks(disks)]
    hint = "put the filesystem on a plain partition or a logical volume"
    found += [Remark(line, message, hint) for line, message in spread_members(document.commands)]
    return found


def _source_refusals(commands: tuple[Command, ...]) -> list[Remark]:
    """Return what is wrong with the source where the ISO cannot be it."""
    hint = "give the ISO with the packages (a DVD), or write `url --url=…`"
    sources = [command for command in commands if command.name in SOURCES]
    if not sources:
        return [Remark(0, "names no source for packages, and the ISO holds none", hint)]
    local = [command for command in sources if command.name in {"cdrom", "harddrive"}]
    return [Remark(c.line, f"{c.name} cannot be the source: the ISO holds no packages", hint) for c in local]


def _extra_problems(extra: tuple[str, ...], has_packages: bool) -> list[str]:
    # Whether there is exactly one source is judged with the kickstart's own lines.
    judged = extra if has_packages else tuple(line for line in extra if line.split()[:1] not in (["url"], ["nfs"]))
    return extra_problems(judged, True)


def _change_source(work: _Work, source: DriveRef, iso_dir: str, *, has_packages: bool) -> None:
    if not has_packages:
        return
    line = f"harddrive --partition={kickstart_quote(str(source))} --dir={kickstart_quote(iso_dir)}"
    sources = [command for command in work.document.commands if command.name in SOURCES]
    if not sources:
        work.add(_first_line(work.document), [line], "the installer finds the ISO on the rebuild drive")
    for command in sources:
        original = work.document.line(command.line).text
        if command is not sources[0]:
            work.decide(command, _Fate.REMOVED, "", "", "one source is enough: the ISO on the rebuild drive")
        elif original[command.words[0].start : command.words[-1].end] != line:
            now = original[: command.words[0].start] + line + original[command.words[-1].end :]
            work.decide(command, _Fate.REPLACED, now, now, "the source is the ISO on the rebuild drive")


def _move_storage(work: _Work, capabilities: Capabilities, arguments: Sequence[str]) -> None:
    """Move the lines that name disks into the include, which takes the place of the first of them.

    Each command then stands at or before its old place and in its old order, so that a partition still comes before
    the volume group or array that it is for, and of two commands of one kind the same one counts.
    """
    moved = [command for command in work.document.commands if command.name in DISK_OPTIONS]
    for command in moved:
        original = work.document.line(command.line).text
        after = on_target(command, original, capabilities)
        work.storage.append(after)
        fate = _Fate.REPLACED if command is moved[0] else _Fate.MOVED
        now = f"%include {INCLUDE}" if command is moved[0] else ""
        work.decide(command, fate, now, after, "the guard names the disk at install time")
    names = {command.name for command in work.document.commands}
    lacking = {
        "bootloader": (
            loader_line(capabilities, arguments).text,
            "the boot loader must not reach the rebuild drive",
        ),
        "ignoredisk": (selection_lines(capabilities)[0].text, "no other disk may be touched"),
        "zerombr": ("zerombr", "without it the installer asks about, or stops at, a disk that it cannot read"),
    }
    for name, (text, reason) in lacking.items():
        if name not in names:
            work.add_storage(moved[0].line, text, reason)


def _add_end(work: _Work, commands: tuple[Command, ...]) -> None:
    if not any(command.name in {"halt", "poweroff", "reboot", "shutdown"} for command in commands):
        work.add(_first_line(work.document), ["reboot"], "without it the installer waits for a key when it is done")


def _first_line(document: Document) -> int:
    """Return the line above which commands can be added: all of them count wherever they stand.

    The first line, because RHEL 6's loader reads no command after a section whose end it misses.
    """
    for line in document.lines:
        if line.kind in {Kind.COMMAND, Kind.INCLUDE}:
            return line.number
        if line.kind is Kind.HEADER:
            break
    return _before_sections(document)


def _before_sections(document: Document) -> int:
    """Return the line above which the first section begins with the comment that belongs to it."""
    if not document.sections:
        return _first_line(document) if document.commands else 1
    place = min(section.line for section in document.sections)
    while place > 1 and document.line(place - 1).kind is Kind.COMMENT and not is_mark(document.line(place - 1)):
        place -= 1
    return place


def _written(work: _Work) -> str:
    newline = work.document.newline
    out: list[str] = []
    for line in work.document.lines:
        for at, lines, reason in work.added:
            if at == line.number:
                out += [text + newline for text in (added_mark(lines, reason), *lines)]
        fate, now = work.fates.get(line.number, (None, ""))
        if fate is _Fate.REPLACED:
            out.append(f"{WAS}{line.text}{line.ending or newline}{now}{line.ending}")
        elif fate is not None:
            out.append(f"{MOVED if fate is _Fate.MOVED else REMOVED}{line.text}{line.ending}")
        else:
            out.append(line.text + line.ending)
    return "".join(out)


def _require_safe(text: str, storage: tuple[str, ...], capabilities: Capabilities, name: str) -> None:
    """Let the grammar judge the result with the include in its place: it parses, and writes to the target alone."""
    whole = text.replace(f"%include {INCLUDE}", "\n".join(storage))
    parsed = parse(whole, capabilities.handler)
    problems = [f"as adopted: {problem.message}" for problem in parsed.problems]
    if others := sorted((parsed.disks - {TARGET}) | (parsed.ignored - {OTHERS}) | parsed.reused):
        problems.append(f"as adopted it would still name {', '.join(others)}")
    if problems:
        raise KickstartError(*(Problem(message, where=name) for message in problems))
