"""Reading shell scripts into simple commands: see ``kickbuild.lint.shell_words`` for what that is good for.

One pass over the text, whatever it is: it never fails, and the time that it takes grows with the text's length alone.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kickbuild.lint.shell_words import (
    ASSIGNMENT,
    CLOSERS,
    OPENERS,
    HereDocument,
    Redirection,
    ShellCommand,
    ShellWord,
    assigned,
    branches,
    expanded,
    pipelines,
    program,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CLOSERS",
    "OPENERS",
    "HereDocument",
    "Redirection",
    "ShellCommand",
    "ShellWord",
    "assigned",
    "branches",
    "expanded",
    "pipelines",
    "program",
    "read_script",
]
_OPERATOR: Final = re.compile(r"&&|\|\||;;&?|;&|\|&|[;&|()]")
_REDIRECTION: Final = re.compile(r"[0-9]*(?:<<<|<<-?|<>|>>|>\||>&|<&|<|>)|&>>?")
_ARITHMETIC: Final = re.compile(r"\(\((?:[^()]|\([^()]*\))*\)\)")
_FUNCTION: Final = re.compile(r"\(\s*\)")
#: Words before a command that are not its name.
_LEADERS: Final = frozenset({"if", "then", "else", "elif", "while", "until", "do", "!", "time", "{", "exec"})
#: ``$(…)`` in ``$(…)`` that is read.
_DEEPEST: Final = 8
#: Characters that may be looked at in search of the ends of expansions, per character of a script: a script of nothing
#: but openers would be read once for each of them.
_LOOKS: Final = 10


def read_script(lines: Sequence[tuple[int, str]]) -> list[ShellCommand]:
    """Return the simple commands of a script; ``lines`` are its lines with their numbers, without line endings."""
    reader = _Reader(lines, looks=[_LOOKS * sum(len(text) + 1 for _, text in lines)])
    reader.read()
    return reader.commands


class _Reader:
    """Walks over the lines. ``number`` and ``line`` are where it is, ``at`` the offset in that line."""

    def __init__(self, lines: Sequence[tuple[int, str]], *, looks: list[int], depth: int = 0, at: int = 0) -> None:
        self._lines = lines
        self._index = 0
        self._at = at
        self._depth = depth
        self._looks = looks
        self._waiting: list[tuple[ShellCommand, str, bool, bool, int]] = []
        self.commands: list[ShellCommand] = []
        self._current: ShellCommand | None = None
        self._after = ""
        # For each ``case`` that is open, whether a pattern comes next.
        self._cases: list[bool] = []

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
        elif self._cases and self._cases[-1] and self._current is None:
            self._pattern()
        elif line[at] == "(" and not (self._current and self._current.words) and (sums := _ARITHMETIC.match(line, at)):
            self._command()
            self._at = sums.end()
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
        for command, mark, strips, expands, line in waiting:
            self._heredoc(command, mark, line, strips=strips, expands=expands)

    def _pattern(self) -> None:
        """Read over the patterns of a branch of ``case``, up to their closing parenthesis."""
        self._at += self._line[self._at] == "("
        goes_on = False
        while self._index < len(self._lines):
            if self._at >= len(self._line) and not goes_on:
                break
            char = self._line[self._at : self._at + 1]
            if not char:
                self._index, self._at = self._index + 1, 0
            elif char in " \t\r|":
                goes_on = goes_on or char == "|"
                self._at += 1
            elif char in ";&<>()":
                self._at += 1
                break
            else:
                goes_on = False
                if self._word().text == "esac":
                    self._cases.pop()
                    self._command().closes = "esac"
                    return
        self._cases[-1] = False
        if self._index < len(self._lines):
            self._command().leads.append(";;")

    def _array(self) -> None:
        """Read over ``(…)`` behind ``name=``."""
        while self._index < len(self._lines):
            if self._at >= len(self._line):
                self._index, self._at = self._index + 1, 0
            elif self._line[self._at] == ")":
                self._at += 1
                return
            elif self._line[self._at] == "#":
                self._at = len(self._line)
            elif self._line[self._at] in " \t\r;&|<>(":
                self._at += 1
            else:
                self._word()

    def _heredoc(self, command: ShellCommand, mark: str, line: int, *, strips: bool, expands: bool) -> None:
        body: list[tuple[int, str]] = []
        closed = False
        while self._index < len(self._lines) and not closed:
            text = self._line.rstrip("\r")
            text = text.lstrip("\t") if strips else text
            closed = text == mark
            if not closed:
                body.append((self._number, text))
            self._index += 1
        command.heredocs.append(HereDocument(tuple(body), expands, closed, mark, line))

    def _command(self) -> ShellCommand:
        if self._current is None:
            self._current = ShellCommand(self._number, depth=self._depth, after=self._after)
            self._after = ""
        return self._current

    def _finish(self, operator: str = "") -> None:
        command, self._current = self._current, None
        if operator:
            self._after = operator if operator in {"&&", "||", "|", "|&"} else ""
        if command is not None:
            command.pipes = operator in {"|", "|&"}
            command.test = command.test or operator in {"&&", "||"}
            self.commands.append(command)

    def _operator(self, operator: str) -> None:
        if operator == "(":
            self._parenthesis()
            return
        self._finish(operator)
        if operator == ")":
            self._command().closes = ")"
        elif self._cases and operator in {";;", ";&", ";;&"}:
            self._cases[-1] = True

    def _parenthesis(self) -> None:
        current = self._current
        if current is None or not (current.words or current.assignments):
            self._open("(")
        elif not current.words and self._line[: self._at - 1].endswith("="):
            self._array()
            current.assignments[-1] = replace(current.assignments[-1], literal=False)
        elif len(current.words) == 1 and (ends := _FUNCTION.match(self._line, self._at - 1)):
            current.defines, current.words = current.words[0].text, []
            self._at = ends.end()
            self._finish()

    def _open(self, opener: str) -> None:
        self._command().opens.append(opener)
        self._command().leads.append(opener)

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
            self._waiting.append((command, target.text, operator.endswith("-"), not quoted, target.line))
        else:
            command.redirections.append(Redirection(operator, target))

    def _take(self, word: ShellWord) -> None:
        if self._current is not None and self._current.closes == ")" and not self._current.words:
            self._finish()  # if (…) then
        command = self._command()
        if command.words:
            command.words.append(word)
            if word.text == "in" and len(command.words) == 3 and command.words[0].text == "case":
                self._cases.append(True)
                self._finish()
        elif command.closes:
            command.words.append(word)
        elif word.text in CLOSERS:
            command.closes = word.text
            if word.text == "esac" and self._cases:
                self._cases.pop()
        elif word.text in _LEADERS:
            command.test = command.test or word.text in {"if", "elif", "while", "until", "!"}
            if word.text in OPENERS:
                self._open(word.text)
            else:
                command.leads.append(word.text)
        elif ASSIGNMENT.match(word.text):
            command.assignments.append(word)
        else:
            if word.text in OPENERS:
                self._open(word.text)
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
        for index in range(self._index, len(self._lines) if self._looks[0] > 0 else 0):
            line = self._lines[index][1]
            self._looks[0] -= len(line) - at + 1
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
                        self._looks[0] += len(line) - at
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
            inside[-1] = (inside[-1][0], inside[-1][1][:end])
            reader = _Reader(inside, looks=self._looks, depth=self._depth + 1, at=start + 2)
            reader.read()
            self.commands += reader.commands
        return "\n".join(lines)
