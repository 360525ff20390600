"""A kickstart as it is written: every byte kept, and what the installer's parser would make of each line.

The state machine is that of ``pykickstart.parser.KickstartParser``, which every installer from RHEL 5 on uses; it only
finds lines and sections and judges no command. Nothing here is rewritten: ``Document.text`` is the text that was read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from kickbuild.errors import KickstartError, Problem

#: The sections that some release's installer knows. One that this release does not know is the grammar's matter.
SECTIONS: Final = frozenset(
    {
        "%addon",
        "%anaconda",
        "%certificate",
        "%onerror",
        "%packages",
        "%post",
        "%pre",
        "%pre-install",
        "%traceback",
    }
)
_LIMIT: Final = 8 * 1024 * 1024
_SHOWN: Final = 20
_BLANKS: Final = " \t\r\n"
_BOMS: Final = ((b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


class Kind(StrEnum):
    """What a line is to the installer's parser."""

    BLANK = "blank"
    COMMENT = "comment"
    COMMAND = "command"
    INCLUDE = "include"
    HEADER = "header"
    BODY = "body"
    END = "end"


class Line(NamedTuple):
    """One line: its number from 1, its text, its line ending as it is (empty at the end of some files).

    A tuple, because a kickstart has more of these than of anything else, and tuples are made fastest.
    """

    number: int
    text: str
    ending: str
    kind: Kind = Kind.BLANK


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command: its value, and where in the line its raw text stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Command:
    """One command outside of sections; ``words`` is empty where the line cannot be split."""

    line: int
    name: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One section: the number of its header's line, the numbers of its body's lines, whether ``%end`` closes it."""

    line: int
    name: str
    words: tuple[Word, ...]
    body: range
    closed: bool


@dataclass(frozen=True, slots=True)
class Include:
    """One ``%include``; ``section`` is empty outside of sections."""

    line: int
    path: str
    section: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that the installer's parser cannot get past."""

    line: int
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole kickstart."""

    lines: tuple[Line, ...]
    commands: tuple[Command, ...]
    sections: tuple[Section, ...]
    includes: tuple[Include, ...]
    faults: tuple[Fault, ...]

    @property
    def text(self) -> str:
        """The text that was read, to the byte."""
        return "".join(line.text + line.ending for line in self.lines)

    @property
    def newline(self) -> str:
        """The line ending of the file: that of its first line."""
        return "\r\n" if self.lines and self.lines[0].ending == "\r\n" else "\n"

    def line(self, number: int) -> Line:
        """Return a line by its number from 1."""
        return self.lines[number - 1]

    def body(self, section: Section) -> tuple[Line, ...]:
        """Return the lines between a section's header and its end."""
        return tuple(self.line(number) for number in section.body)


def decode(data: bytes, name: str) -> str:
    """Return the text of a kickstart file. Raises KickstartError with the place of every byte that cannot be."""
    if len(data) > _LIMIT:
        raise KickstartError(f"is {len(data)} bytes long: that is no kickstart", where=name)
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            raise KickstartError(
                f"starts with a byte order mark of {encoding}, which the installer takes for a part of its first word",
                where=f"{name}:1",
                hint="save it as UTF-8 without a byte order mark",
            )
    problems: list[Problem] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        problems += _byte_problems(line, f"{name}:{number}")
    if problems:
        rest = [Problem(f"and {len(problems) - _SHOWN} more such lines", where=name)] * (len(problems) > _SHOWN)
        raise KickstartError(*problems[:_SHOWN], *rest)
    return data.decode("utf-8")


def _byte_problems(line: bytes, where: str) -> list[Problem]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        column = len(line[: error.start].decode("utf-8")) + 1
        message = f"byte 0x{line[error.start]:02x} at column {column} is not UTF-8"
        return [Problem(message, where=where, hint="convert the file, for example with `iconv -f latin1 -t utf-8`")]
    if "\0" in text:
        return [Problem(f"has a NUL byte at column {text.index(chr(0)) + 1}", where=where)]
    return []


def split_words(line: str) -> tuple[Word, ...]:
    """Return the words of a line as ``shlex.split(line, comments=True)`` makes them, with their places.

    A ``#`` outside of quotes ends the line, in the middle of a word too. Raises ValueError for an open quote.
    """
    words: list[Word] = []
    position = 0
    while (position := _skip_blanks(line, position)) < len(line) and line[position] != "#":
        word = _read_word(line, position)
        words.append(word)
        position = word.end
    return tuple(words)


def _skip_blanks(line: str, position: int) -> int:
    while position < len(line) and line[position] in _BLANKS:
        position += 1
    return position


def _read_word(line: str, start: int) -> Word:
    text: list[str] = []
    quote = ""
    position = start
    while position < len(line):
        char = line[position]
        if quote and char == quote:
            quote = ""
        elif char == "\\" and quote != "'":
            position += 1
            if position == len(line):
                raise ValueError("a backslash escapes nothing")
            # Within double quotes a backslash is special only before a double quote or another backslash.
            text.append(char * (quote == '"' and line[position] not in '"\\') + line[position])
        elif quote:
            text.append(char)
        elif char in "\"'":
            quote = char
        elif char in _BLANKS or char == "#":
            break
        else:
            text.append(char)
        position += 1
    if quote:
        raise ValueError(f"a {quote} is never closed")
    return Word("".join(text), start, position)


def parse_document(text: str) -> Document:
    """Return the lines, commands and sections of a kickstart. Never raises: what is wrong is in ``faults``."""
    reader = _Reader()
    for number, piece in enumerate(text.splitlines(keepends=True), start=1):
        body, ending = _split_ending(piece)
        reader.read(number, body, ending)
    return reader.finish()


#: A line of a script that no parser of kickstarts takes for anything else: it has no mark of a section or an include,
#: and nothing that some release would take for a line end.
_SCRIPT_LINE: Final = re.compile(r"[\t\x20-\x24\x26-\x7e]*")
_SCRIPTS: Final = ("%pre", "%post", "%onerror", "%traceback")


def without_scripts(text: str) -> str:
    """Return a kickstart without the lines of its scripts: it is accepted exactly where the whole is.

    It is for a quick judgement alone: the numbers of its lines are others.
    """
    kept: list[str] = []
    in_script = False
    for line in text.split("\n"):
        if line.lstrip().startswith("%"):
            in_script = line.lstrip().startswith(_SCRIPTS)
        elif in_script and _SCRIPT_LINE.fullmatch(line):
            continue
        kept.append(line)
    return "\n".join(kept)


def is_one_section(section: str) -> bool:
    """Whether a section's text, up to its %end and the line end after it, is one section to the parser, and no more."""
    short = without_scripts(section)
    document = parse_document(short)
    whole = len(document.sections) == 1 and len(document.lines) == document.sections[0].body.stop
    return whole and not document.includes


def _split_ending(piece: str) -> tuple[str, str]:
    if piece.endswith("\n"):
        return (piece[:-2], "\r\n") if piece.endswith("\r\n") else (piece[:-1], "\n")
    ended = piece.splitlines()[0] != piece
    return (piece[:-1], piece[-1]) if ended else (piece, "")


@dataclass(slots=True)
class _Open:
    line: int
    name: str
    words: tuple[Word, ...]


@dataclass(slots=True)
class _Reader:
    """The state machine; ``section`` is the open section."""

    lines: list[Line] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    section: _Open | None = None
    known: set[str] = field(default_factory=lambda: set(SECTIONS))

    def read(self, number: int, text: str, ending: str) -> None:
        """Take the next line."""
        # The parser splits the line with its ending: a backslash at the end escapes the newline into a word.
        whole = text + ending
        if self.section is None:
            kind = self._in_commands(number, whole)
        else:
            kind = self._in_section(number, whole) if "%" in whole else Kind.BODY
        self.lines.append(Line(number, text, ending, kind))

    def finish(self) -> Document:
        """Return what was read."""
        if self.section is not None:
            self._close(len(self.lines) + 1, closed=False)
        self.faults += _odd_endings(self.lines)
        self.faults.sort(key=lambda fault: fault.line)
        return Document(
            tuple(self.lines), tuple(self.commands), tuple(self.sections), tuple(self.includes), tuple(self.faults)
        )

    def _in_commands(self, number: int, whole: str) -> Kind:
        stripped = whole.strip()
        if not stripped:
            return Kind.BLANK
        if stripped.startswith("#"):
            return Kind.COMMENT
        words = self._words(number, whole)
        name = words[0].text if words else stripped.split()[0]
        if not name:
            self.faults.append(Fault(number, "begins with an empty word"))
        if name == "%include":
            return self._include(number, words, "")
        if name == "%end":
            self.faults.append(Fault(number, "%end closes no section"))
            return Kind.END
        if name.startswith("%") and name != "%ksappend":
            self.known.add(name)
            self.section = _Open(number, name, words)
            return Kind.HEADER
        self.commands.append(Command(number, name, words))
        return Kind.COMMAND

    def _in_section(self, number: int, whole: str) -> Kind:
        assert self.section is not None
        stripped = whole.lstrip()
        first = stripped.split()[0] if stripped.startswith("%") else ""
        if first == "%end":
            self._words(number, whole)
            self._close(number, closed=True)
            return Kind.END
        if first == "%include":
            self._include(number, self._words(number, whole), self.section.name)
            return Kind.BODY
        if first in self.known:
            self._close(number, closed=False)
            return self._in_commands(number, whole)
        return Kind.BODY

    def _close(self, number: int, *, closed: bool) -> None:
        assert self.section is not None
        opened = self.section
        self.sections.append(Section(opened.line, opened.name, opened.words, range(opened.line + 1, number), closed))
        self.section = None

    def _include(self, number: int, words: tuple[Word, ...], section: str) -> Kind:
        path = words[1].text if len(words) > 1 else ""
        self.includes.append(Include(number, path, section))
        if words and not path:
            self.faults.append(Fault(number, "%include names no file"))
        return Kind.INCLUDE

    def _words(self, number: int, whole: str) -> tuple[Word, ...]:
        try:
            return split_words(whole)
        except ValueError as error:
            self.faults.append(Fault(number, f"{error}, and the installer stops here", "close or escape it"))
            return ()


def _odd_endings(lines: list[Line]) -> list[Fault]:
    """Return faults for line ends that newer installers see and RHEL 6 does not: they change what is a command."""
    faults: list[Fault] = []
    for line in lines:
        if line.ending in {"\n", "\r\n", ""}:
            continue
        following = lines[line.number] if line.number < len(lines) else line
        harmless = line.kind is Kind.BODY and following.kind is Kind.BODY
        if not harmless:
            faults.append(
                Fault(
                    line.number, f"ends with U+{ord(line.ending):04X}, which not every installer takes for a line end"
                )
            )
    return faults
