"""From a file to what rules look at: includes followed, what ``%pre`` writes found, all in the installer's order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.errors import UsageError
from kickbuild.kickstart.document import Kind, Word, split_words
from kickbuild.kickstart.parse import option_names
from kickbuild.lint.finding import LintProfile, Place
from kickbuild.lint.kickstart import OF_THE_RUN, Inclusion, Kickstart, PackageLine, Resolution
from kickbuild.lint.section import Section
from kickbuild.lint.source import LIMIT, Source, make_source, read_bytes
from kickbuild.lint.statement import Statement, is_variable, make_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kickbuild.kickstart.document import Section as Part
    from kickbuild.lint.release import LintRelease
    from kickbuild.lint.section import WrittenFile

_DEEPEST: Final = 10
_MOST_FILES: Final = 100
#: Where the installer has files of its own: those of the machine that reads the kickstart are others.
_OF_THE_INSTALLER: Final = (*OF_THE_RUN, "/dev/", "/etc/", "/proc/", "/sys/")
#: Kinds of commands that a whole kickstart has; a file with fewer than two of them is a piece of one.
_KINDS: Final = (
    {"lang", "keyboard", "timezone"},
    {"rootpw", "user", "sshkey"},
    {"part", "autopart", "clearpart", "logvol", "raid", "volgroup", "bootloader", "ignoredisk", "btrfs", "mount"},
    {"url", "cdrom", "harddrive", "nfs", "liveimg", "ostreesetup", "ostreecontainer", "repo", "%packages"},
    {"reboot", "poweroff", "shutdown", "halt", "text", "cmdline", "graphical", "network", "zerombr", "firewall"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a kickstart is read. ``known`` are paths, or patterns of them, that are there at installation."""

    release: LintRelease
    profile: LintProfile = LintProfile.GENERIC
    firmware: str = ""
    known: tuple[str, ...] = ()
    directory: Path | None = None
    """Where relative includes of standard input begin; None for the directory of the file."""


def read_kickstart(source: Source, reading: Reading) -> Kickstart:
    """Return everything that a kickstart says, with what it includes. What cannot be read is an ``Inclusion``."""
    assembly = _Assembly(reading, {})
    assembly.take(source, source.name)
    if any(inclusion.resolution is Resolution.MISSING for inclusion in assembly.inclusions):
        written: dict[str, list[tuple[Section, WrittenFile]]] = {}
        for section in assembly.sections:
            if section.name == "%pre":
                for file in section.written:
                    written.setdefault(file.path, []).append((section, file))
        scripts = [section for section in assembly.sections if section.name == "%pre"]
        assembly = _Assembly(reading, written, scripts)
        assembly.take(source, source.name)
    return Kickstart(
        source=source,
        sources=tuple(assembly.sources),
        release=reading.release,
        statements=tuple(assembly.statements),
        sections=tuple(assembly.sections),
        packages=tuple(assembly.packages),
        inclusions=tuple(assembly.inclusions),
        profile=reading.profile,
        firmware=reading.firmware,
        is_fragment=assembly.is_fragment,
    )


@dataclass(slots=True)
class _Assembly:
    reading: Reading
    written: Mapping[str, list[tuple[Section, WrittenFile]]]
    scripts: list[Section] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    packages: list[PackageLine] = field(default_factory=list)
    inclusions: list[Inclusion] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    @property
    def is_fragment(self) -> bool:
        names = {statement.name for statement in self.statements} | {section.name for section in self.sections}
        return sum(bool(names & kind) for kind in _KINDS) < 2

    def take(self, source: Source, path: str) -> None:
        """Take a file in, and what it includes in its place."""
        self.sources.append(source)
        self._open.append(path)
        document = source.document
        commands = {command.line: command for command in document.commands}
        sections = {section.line: section for section in document.sections}
        for line in document.lines:
            if line.number in sections:
                self._section(source, sections[line.number])
            elif line.number in commands and commands[line.number].words:
                words = commands[line.number].words
                statement = make_statement(source, line.number, words, known=self._options(words))
                self.statements.append(statement)
                if statement.name == "%ksappend":
                    self._include(statement, "")
            elif line.kind is Kind.INCLUDE:
                self._include(_statement_of(source, line.number), "")
        self._open.pop()

    def _section(self, source: Source, part: Part) -> None:
        words = part.words or (Word(part.name, 0, len(part.name)),)
        section = Section(make_statement(source, part.line, words), source.document.body(part), part.closed)
        self.sections.append(section)
        if part.name == "%packages":
            for line in section.lines:
                self._package_line(source, line.number, line.text)
        else:
            for line in section.lines:
                if line.text.lstrip().startswith("%include"):
                    self._include(_statement_of(source, line.number), part.name)

    def _package_line(self, source: Source, number: int, text: str) -> None:
        stripped = text.partition("#")[0].strip()
        if stripped.startswith("%include"):
            self._include(_statement_of(source, number), "%packages")
        elif stripped:
            self.packages.append(PackageLine(source, number, stripped, text.index(stripped)))

    def _include(self, statement: Statement, section: str) -> None:
        path = statement.words[1].text if len(statement.words) > 1 else ""
        resolution, reason, target = self._resolve(statement, path)
        self.inclusions.append(Inclusion(statement, path, section, resolution, reason))
        if target is not None and section == "%packages":
            self.sources.append(target)
            for line in target.document.lines:
                self._package_line(target, line.number, line.text)
        elif target is not None and not section:
            self.take(target, target.name)
        elif resolution in {Resolution.WRITTEN, Resolution.PARTLY_WRITTEN} and section != "%packages":
            self.statements += _generated(self.written.get(path, []), self._options)

    def _options(self, words: tuple[Word, ...]) -> frozenset[str]:
        return option_names(self.reading.release.handler, words[0].text)

    def _resolve(self, statement: Statement, path: str) -> tuple[Resolution, str, Source | None]:
        if re.match(r"(https?|ftp|nfs|hd|cdrom):", path):
            return Resolution.REMOTE, "", None
        if not path or is_variable(path):
            return Resolution.MISSING, "its name is filled in by something else", None
        if any(_matches(path, pattern) for pattern in self.reading.known):
            return Resolution.KNOWN, "", None
        if path in self.written:
            whole = all(file.whole for _, file in self.written[path])
            return (Resolution.WRITTEN if whole else Resolution.PARTLY_WRITTEN), "", None
        if any(path in script.text or path.rpartition("/")[2] in script.text for script in self.scripts):
            return Resolution.PARTLY_WRITTEN, "", None
        if path.startswith(_OF_THE_INSTALLER):
            return Resolution.MISSING, "", None
        return self._file(statement, path)

    def _file(self, statement: Statement, path: str) -> tuple[Resolution, str, Source | None]:
        origin = Path(statement.source.name)
        base = self.reading.directory if self.reading.directory and len(self._open) == 1 else origin.parent
        name = str(base / path)
        if name in self._open:
            return Resolution.LOOP, "", None
        if len(self._open) > _DEEPEST or len(self.sources) >= _MOST_FILES:
            return Resolution.TOO_DEEP, "", None
        try:
            data = read_bytes(Path(name), name=name)
        except UsageError as error:
            reason = "" if isinstance(error.__cause__, FileNotFoundError) else str(error)
            return Resolution.MISSING, reason, None
        chain = (*statement.source.chain, Place(statement.source.name, statement.line))
        return Resolution.FILE, "", make_source(name, data[: LIMIT + 1], chain)


def _matches(path: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(path, pattern)


def _statement_of(source: Source, number: int) -> Statement:
    """Return the statement on a line whatever it is; a line that cannot be split is split at its blanks."""
    text = source.line_text(number)
    try:
        words = split_words(text)
    except ValueError:
        words = tuple(Word(match[0], match.start(), match.end()) for match in re.finditer(r"\S+", text))
    return make_statement(source, number, words or (Word("", 0, 0),))


def _generated(
    written: list[tuple[Section, WrittenFile]], options: Callable[[tuple[Word, ...]], frozenset[str]]
) -> Iterator[Statement]:
    """Yield the commands that scripts write into one file, each with its place as far as that can be told."""
    # A section may be opened by one command of a script and filled by the next ones.
    inside = False
    for script, file in written:
        for number, text in file.lines:
            stripped = text.strip()
            if stripped.startswith("%") and not stripped.startswith("%include"):
                inside = not stripped.startswith("%end")
            elif not inside and stripped and not stripped.startswith(("#", "%")):
                statement = _written_statement(script, number, text, options)
                if statement is not None:
                    yield statement


def _written_statement(
    script: Section, number: int, text: str, options: Callable[[tuple[Word, ...]], frozenset[str]]
) -> Statement | None:
    try:
        words = split_words(text)
    except ValueError:
        return None
    if not words or not words[0].text or words[0].text.startswith("%"):
        return None
    stripped = text.strip()
    start = script.source.line_text(number).find(stripped)
    shift = start - text.find(stripped)
    if start < 0:
        words = tuple(replace(word, start=-1, end=-1) for word in words)
    else:
        words = tuple(replace(word, start=word.start + shift, end=word.end + shift) for word in words)
    return make_statement(script.source, number, words, script, options(words))
