"""A light reading of shell scripts: simple commands with their words, redirections and here-documents.

Enough to tell ``echo "dd of=/dev/sda"`` from ``dd of=/dev/sda``, and to know what a script writes into a file. It is no
shell: it expands nothing and follows no branch. It never fails; a script that cannot be read to its end yields what was
read so far.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OPERATOR: Final = re.compile(r"&&|\|\||;;&?|;&|\|&|[;&|()]")
_REDIRECTION: Final = re.compile(r"[0-9]*(?:<<<|<<-?|<>|>>|>\||>&|<&|<|>)|&>>?")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")
#: Words before a command that are not its name.
_LEADERS: Final = frozenset({"if", "then", "else", "elif", "while", "until", "do", "!", "time", "{", "exec"})
OPENERS: Final = frozenset({"{", "(", "for", "while", "until", "if", "case"})
CLOSERS: Final = frozenset({"}", ")", "done", "fi", "esac"})
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class ShellWord:
    """One word: ``text`` without its quotes, expansions kept as they are written; offsets from 0 within the line."""

    text: str
    line: int
    start: int
    end: int
    literal: bool
    """Nothing in it is expanded: no variable, no command, no glob."""


@dataclass(frozen=True, slots=True)
class Redirection:
    """``2>>file``: the operator with its number, and the word behind it."""

    operator: str
    target: ShellWord

    @property
    def writes(self) -> bool:
        """Whether standard output goes into the target."""
        return self.operator in {">", "1>", ">|", "1>|", ">>", "1>>", "&>", "&>>"}

    @property
    def appends(self) -> bool:
        """Whether what the file holds is kept."""
        return self.operator.endswith(">>")


@dataclass(frozen=True, slots=True)
class HereDocument:
    """The lines of a here-document: their numbers and texts; ``expands`` where its mark is unquoted."""

    lines: tuple[tuple[int, str], ...]
    expands: bool
    closed: bool


@dataclass(slots=True)
class ShellCommand:
    """One simple command. ``words[0]`` is its name; assignments before it are not in ``words``.

    ``opens`` are the openers (``{``, ``if``, …) that stand before it, ``closes`` the closer that it is, with the
    redirections of the whole group. ``pipes`` says that its output is the next command's input.
    """

    line: int
    words: list[ShellWord] = field(default_factory=list)
    assignments: list[ShellWord] = field(default_factory=list)
    redirections: list[Redirection] = field(default_factory=list)
    heredocs: list[HereDocument] = field(default_factory=list)
    opens: list[str] = field(default_factory=list)
    closes: str = ""
    pipes: bool = False
    depth: int = 0
    """How deep in ``$(…)`` it stands."""
    test: bool = False
    """It follows ``if``, ``while``, ``until`` or ``!``, or is followed by ``&&`` or ``||``."""

    @property
    def name(self) -> str:
        """The command's name without its directory; empty where there are only assignments."""
        return self.words[0].text.rpartition("/")[2] if self.words else ""

    @property
    def arguments(self) -> Sequence[ShellWord]:
        """The words behind the name."""
        return self.words[1:]

    def texts(self) -> list[str]:
        """Return the arguments as texts."""
        return [word.text for word in self.words[1:]]


def read_script(lines: Sequence[tuple[int, str]]) -> list[ShellCommand]:
    """Return the simple commands of a script; ``lines`` are its lines with their numbers, without line endings."""
    reader = _Reader(lines)
    reader.read()
    return reader.commands


class _Reader:
    """Walks over the lines. ``number`` and ``line`` are where it is, ``at`` the offset in that line."""

    def __init__(self, lines: Sequence[tuple[int, str]], depth: int = 0) -> None:
        self._lines = lines
        self._index = 0
        self._at = 0
        self._depth = depth
        self._waiting: list[tuple[ShellCommand, str, bool, bool]] = []
        self.commands: list[ShellCommand] = []
        self._current: ShellCommand | None = None
        self._leading = False

    @property
    def _line(self) -> str:
        return self._lines[self._index][1]

    @property
    def _number(self) -> int:
        return self._lines[self._index][0]

    def read(self) -> None:
        while self._index < len(self._lines):
            if self._at >= len(self._line):
                self._next_line()
            else:
                self._step()
        self._finish()

    def _step(self) -> None:
        line, at = self._line, self._at
        if line[at] in " \t\r":
            self._at += 1
        elif line[at] == "#":
            self._at = len(line)
        elif line[at] == "\\" and at == len(line) - 1:
            self._index, self._at = self._index + 1, 0
        elif redirection := _REDIRECTION.match(line, at):
            self._redirect(redirection[0], redirection.end())
        elif operator := _OPERATOR.match(line, at):
            self._at = operator.end()
            self._operator(operator[0])
        else:
            self._take(self._word())

    def _next_line(self) -> None:
        self._finish()
        self._index, self._at = self._index + 1, 0
        waiting, self._waiting = self._waiting, []
        for command, mark, strips, expands in waiting:
            self._heredoc(command, mark, strips=strips, expands=expands)

    def _heredoc(self, command: ShellCommand, mark: str, *, strips: bool, expands: bool) -> None:
        body: list[tuple[int, str]] = []
        closed = False
        while self._index < len(self._lines) and not closed:
            text = self._line.rstrip("\r")
            text = text.lstrip("\t") if strips else text
            closed = text == mark
            if not closed:
                body.append((self._number, text))
            self._index += 1
        command.heredocs.append(HereDocument(tuple(body), expands, closed))

    def _command(self) -> ShellCommand:
        if self._current is None:
            self._current = ShellCommand(self._number, depth=self._depth)
        return self._current

    def _finish(self, operator: str = "") -> None:
        command, self._current = self._current, None
        if command is not None:
            command.pipes = operator in {"|", "|&"}
            command.test = command.test or operator in {"&&", "||"}
            self.commands.append(command)

    def _operator(self, operator: str) -> None:
        if operator == "(":
            if self._current is not None and self._current.words:
                self._at = len(self._line) if self._line[self._at :].strip() == "" else self._at
                return  # a function's name
            self._command().opens.append("(")
            return
        self._finish(operator)
        if operator == ")":
            self._command().closes = ")"

    def _redirect(self, operator: str, at: int) -> None:
        while at < len(self._line) and self._line[at] in " \t":
            at += 1
        self._at = at
        if at >= len(self._line):
            return
        raw_from = at
        target = self._word()
        command = self._command()
        if operator.lstrip("0123456789") in {"<<", "<<-"}:
            raw = self._lines[self._index][1][raw_from : self._at] if self._index < len(self._lines) else ""
            quoted = any(char in raw for char in "\"'\\")
            self._waiting.append((command, target.text, operator.endswith("-"), not quoted))
        else:
            command.redirections.append(Redirection(operator, target))

    def _take(self, word: ShellWord) -> None:
        command = self._command()
        if command.words or command.closes:
            command.words.append(word)
        elif word.text in CLOSERS:
            command.closes = word.text
        elif word.text in _LEADERS:
            command.test = command.test or word.text in {"if", "elif", "while", "until", "!"}
            if word.text in OPENERS:
                command.opens.append(word.text)
        elif _ASSIGNMENT.match(word.text):
            command.assignments.append(word)
        else:
            if word.text in OPENERS:
                command.opens.append(word.text)
            command.line = word.line
            command.words.append(word)

    def _word(self) -> ShellWord:
        number, start = self._number, self._at
        text: list[str] = []
        literal = True
        quote = ""
        while self._index < len(self._lines):
            line = self._line
            if self._at >= len(line):
                if not quote or self._index + 1 >= len(self._lines):
                    break
                text.append("\n")
                self._index, self._at = self._index + 1, 0
                continue
            char = line[self._at]
            if quote == "'":
                self._at += 1
                quote = "" if char == "'" else quote
                text.append(char * bool(quote))
            elif char == "\\":
                text.append(line[self._at + 1 : self._at + 2])
                self._at += 2
            elif char == "$" and line[self._at : self._at + 2] in {"$(", "${"}:
                text.append(self._expansion(line[self._at + 1]))
                literal = False
            elif char == "`":
                text.append(self._backticks())
                literal = False
            elif char in "\"'" and (not quote or char == quote):
                quote = "" if quote else char
                self._at += 1
            elif not quote and (char in " \t\r;&|()<>"):
                break
            else:
                literal = literal and char != "$" and (bool(quote) or char not in "*?[")
                text.append(char)
                self._at += 1
        same_line = self._index < len(self._lines) and self._number == number
        return ShellWord("".join(text), number, start, self._at if same_line else start + 1, literal)

    def _expansion(self, opener: str) -> str:
        """Read ``$(…)`` or ``${…}``; what stands in the former is read as commands."""
        start, first = self._at, self._index
        closer = {"(": ")", "{": "}"}[opener]
        depth, quote, at = 0, "", self._at + 1
        for index in range(self._index, len(self._lines)):
            line = self._lines[index][1]
            while at < len(line):
                char = line[at]
                if char == "\\":
                    at += 1
                elif quote:
                    quote = "" if char == quote else quote
                elif char in "\"'":
                    quote = char
                elif char in (opener, closer):
                    depth += 1 if char == opener else -1
                    if not depth:
                        self._index, self._at = index, at + 1
                        return self._taken(first, start, index, at, opener)
                at += 1
            at = 0
        self._at += 2
        return "$" + opener

    def _backticks(self) -> str:
        start = self._at
        end = self._line.find("`", start + 1)
        if end < 0:
            self._at += 1
            return "`"
        self._at = end + 1
        return self._taken(self._index, start - 1, self._index, end, "`")

    def _taken(self, first: int, start: int, last: int, end: int, opener: str) -> str:
        lines = [self._lines[index][1] for index in range(first, last + 1)]
        lines[-1] = lines[-1][: end + 1]
        inside = [(self._lines[first + offset][0], line) for offset, line in enumerate(lines)]
        lines[0] = lines[0][start + (1 if opener == "`" else 0) :]
        arithmetic = lines[0].startswith("$((")
        if opener != "{" and not arithmetic and self._depth < _DEEPEST:
            # Blanks in place of what stands before keep the offsets.
            number, text = inside[0]
            skipped = start + 2
            inside[0] = (number, " " * skipped + text[skipped:])
            inside[-1] = (inside[-1][0], inside[-1][1][:end])
            reader = _Reader(inside, self._depth + 1)
            reader.read()
            self.commands += reader.commands
        return "\n".join(lines)


def assigned(commands: Sequence[ShellCommand]) -> dict[str, str]:
    """Return the variables that are given one literal value, once."""
    found: dict[str, list[str]] = {}
    for command in commands:
        words = list(command.assignments)
        if command.name in {"export", "local", "readonly", "declare", "typeset"}:
            words += [word for word in command.arguments if _ASSIGNMENT.match(word.text)]
        for word in words:
            name, _, value = word.text.partition("=")
            found.setdefault(name, []).append(value if word.literal else "$")
        if command.name in {"read", "for", "select", "mapfile", "getopts"}:
            for word in command.arguments:
                found.setdefault(word.text, []).append("$")
    return {name: values[0] for name, values in found.items() if len(values) == 1 and values[0] != "$"}


def expanded(text: str, variables: dict[str, str]) -> str:
    """Return a text with the variables that are known filled in."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1] or match[2], match[0])

    return re.sub(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", value, text)


#: Commands that run the command behind them -> how many words of their own stand between.
_WRAPPERS: Final = {"chroot": 1, "command": 0, "env": 0, "nohup": 0, "sudo": 0}


def behind_wrappers(command: ShellCommand) -> list[ShellWord]:
    """Return the words of a command without ``chroot DIR``, ``sudo`` and the like before it."""
    words = command.words
    while words and (name := words[0].text.rpartition("/")[2]) in _WRAPPERS:
        rest = words[1:]
        while rest and (rest[0].text.startswith("-") or (name == "env" and _ASSIGNMENT.match(rest[0].text))):
            rest = rest[1:]
        words = rest[_WRAPPERS[name] :]
    return words


def pipelines(commands: Sequence[ShellCommand]) -> Iterator[list[ShellCommand]]:
    """Yield the commands in groups that are joined by pipes; most groups have one."""
    group: list[ShellCommand] = []
    for command in commands:
        group.append(command)
        if not command.pipes:
            yield group
            group = []
    if group:
        yield group
