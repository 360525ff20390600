"""What the grammar of the release says of a kickstart with all its includes, told apart by kind and by file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from kickbuild.kickstart.parse import known_commands, parse
from kickbuild.lint.hit import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.source import Source
    from kickbuild.lint.statement import Statement


class Kind(StrEnum):
    """What the grammar minds."""

    UNKNOWN_COMMAND = "unknown command"
    OTHER_RELEASES_COMMAND = "command of other releases"
    UNKNOWN_OPTION = "unknown option"
    UNKNOWN_SECTION = "unknown section"
    INVALID = "invalid"
    DEPRECATED = "deprecated"
    ACCEPTED = "accepted"
    """The grammar refuses it, and the release's real installer is known to accept it."""


@dataclass(frozen=True, slots=True)
class GrammarProblem:
    """One thing that the grammar says; ``line`` is 0 where it is the whole file; offsets from 0, or -1."""

    kind: Kind
    message: str
    source: Source
    line: int
    start: int = -1
    end: int = -1

    @property
    def name(self) -> str:
        """The first word of the line: the command."""
        return next(iter(self.source.line_text(self.line).split()), "")

    def hit(self, message: str, *, hint: str = "") -> Hit:
        """Return a hit at this place."""
        return Hit(self.source, self.line, message, self.start + 1, self.end + 1, hint)


@dataclass(frozen=True, slots=True)
class _Origin:
    source: Source
    line: int


#: Commands that the grammar is asked about: it compares each with all before it. Real kickstarts have fewer than 300.
MOST_COMMANDS: Final = 2000
#: Lines of %packages, for the same reason: it sorts all of them for each that is new.
MOST_PACKAGES: Final = 5000

#: What the kickstart's own document says of a line already, in better words.
_SAID: Final = re.compile(r"does not end with %end|closes no section|names no file|is never closed|escapes nothing")


def grammar_problems(kickstart: Kickstart) -> tuple[GrammarProblem, ...]:
    """Return what the grammar of the release says, in the order of lines of the kickstart with its includes."""
    lines: list[str] = []
    origins: list[_Origin] = []
    for source, number, text in _flattened(kickstart):
        lines.append(text)
        origins.append(_Origin(source, number))
    # A byte that is not UTF-8 is its own finding; the grammar would read nothing of the file for it.
    text = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace").decode("utf-8")
    parsed = parse(text, kickstart.release.handler)
    found: list[GrammarProblem] = []
    for problem in parsed.problems:
        if not _SAID.search(problem.message):
            origin = _origin(origins, problem.line, kickstart)
            found.append(_problem(problem.message, origin, _kind(problem.message)))
    for problem in parsed.warnings:
        if not _SAID.search(problem.message):
            origin = _origin(origins, problem.line, kickstart)
            kind = Kind.DEPRECATED if "deprecated" in problem.message else Kind.ACCEPTED
            found.append(_problem(problem.message, origin, kind))
    return tuple(dict.fromkeys(found))


def _origin(origins: list[_Origin], line: int | None, kickstart: Kickstart) -> _Origin:
    return origins[line - 1] if line and line <= len(origins) else _Origin(kickstart.source, 0)


def _flattened(kickstart: Kickstart) -> Iterator[tuple[Source, int, str]]:
    """Yield every line that the installer's parser would see, without what only a shell can tell."""
    for item in kickstart.statements[:MOST_COMMANDS]:
        text = _text(item)
        if text:
            yield item.source, item.line, text
    packages = 0
    for section in kickstart.sections:
        yield section.source, section.line, section.source.line_text(section.line)
        if section.name in {"%packages", "%certificate"}:
            for line in section.lines:
                packages += section.name == "%packages"
                if packages > MOST_PACKAGES:
                    break
                if not line.text.lstrip().startswith("%"):
                    yield section.source, line.number, line.text
        yield section.source, section.line, "%end"


def _text(statement: Statement) -> str:
    if statement.name == "%ksappend" or statement.has_variables:
        return ""
    if statement.generated is None:
        return statement.source.line_text(statement.line)
    # What a script writes has other quotes around it than in the kickstart.
    import shlex

    return shlex.join(word.text for word in statement.words)


def _kind(message: str) -> Kind:
    if message.startswith("Unknown command"):
        name = unknown_name(message)
        return Kind.OTHER_RELEASES_COMMAND if name in known_commands() else Kind.UNKNOWN_COMMAND
    if "has been removed" in message:
        return Kind.OTHER_RELEASES_COMMAND
    if message.startswith("unknown section"):
        return Kind.UNKNOWN_SECTION
    if message.startswith(("unrecognized arguments: -", "ambiguous option")):
        return Kind.UNKNOWN_OPTION
    return Kind.INVALID


def unknown_name(message: str) -> str:
    """Return the command that ``Unknown command: …`` is about."""
    return message.partition(":")[2].strip()


def _problem(message: str, origin: _Origin, kind: Kind) -> GrammarProblem:
    text = origin.source.line_text(origin.line)
    start = end = -1
    for pattern in (
        r"unrecognized arguments: (\S+)",
        r"argument (--[\w-]+)",
        r"option[: ]+(--[\w-]+)",
        r"The (--[\w-]+)",
    ):
        named = re.search(pattern, message)
        if named and (start := text.find(named[1])) >= 0:
            end = start + len(named[1])
            return GrammarProblem(kind, message, origin.source, origin.line, start, end)
    first = re.search(r"\S+", text)
    if first:
        start, end = first.start(), first.end()
    return GrammarProblem(kind, message, origin.source, origin.line, start, end)
