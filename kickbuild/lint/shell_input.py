"""What a command of a shell script reads: a pipe, a file, or whoever sits at the console."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kickbuild.lint.shell import Redirection, ShellCommand

_INPUT: Final = re.compile(r"0?(?:<|<<<|<&|<>)")
_TERMINAL: Final = re.compile(r"/dev/(?:tty|console|pts/|stdin)")
_CLOSED_BY: Final = {"for": "done", "while": "done", "until": "done", "if": "fi", "case": "esac", "{": "}", "(": ")"}


@dataclass(slots=True)
class _Group:
    """A loop or group that is open: where it began, and whether it is given input by a pipe."""

    opener: str
    start: int
    fed: bool


def fed(commands: Sequence[ShellCommand]) -> frozenset[int]:
    """Return the numbers of the commands, from 0, whose standard input is a pipe, a file or a here-document.

    What a loop or group is given, all commands in it are given. A function's callers are not looked at.
    """
    spans = _Spans(len(commands))
    open_groups: dict[int, list[_Group]] = {}
    piping: dict[int, bool] = {}
    for index, command in enumerate(commands):
        groups = open_groups.setdefault(command.depth, [])
        piped = piping.get(command.depth, False)
        if command.closes:
            _close(groups, command, index, spans)
        groups += [_Group(opener, index, piped) for opener in command.opens if opener in _CLOSED_BY]
        if _reads_a_file(command):
            # `exec < file` is for all that follows.
            is_exec = not (command.words or command.closes or command.opens)
            spans.add(index, len(commands) if is_exec else index + 1)
        elif piped:
            spans.add(index, index + 1)
        piping[command.depth] = command.pipes
    for groups in open_groups.values():
        for group in groups:
            if group.fed:
                spans.add(group.start, len(commands))
    return spans.covered()


def asks_terminal(command: ShellCommand) -> bool:
    """Return whether a command is told to read from a terminal."""
    return any(_is_input(r) and _TERMINAL.match(r.target.text) for r in command.redirections)


class _Spans:
    """Stretches of numbers; however many there are, they are counted in one walk."""

    def __init__(self, length: int) -> None:
        self._changes = [0] * (length + 1)

    def add(self, start: int, end: int) -> None:
        """Add the numbers from ``start`` up to ``end``."""
        self._changes[start] += 1
        self._changes[end] -= 1

    def covered(self) -> frozenset[int]:
        """Return the numbers that are in one of them at least."""
        return frozenset(index for index, count in enumerate(accumulate(self._changes)) if count)


def _close(groups: list[_Group], command: ShellCommand, index: int, spans: _Spans) -> None:
    """Close the innermost group that ``command`` ends, and what is left open in it."""
    if command.closes == ")" and not (groups and groups[-1].opener == "("):
        return  # of a pattern of `case`, or of a function's head
    while groups:
        group = groups.pop()
        ends = _CLOSED_BY[group.opener] == command.closes
        if group.fed or (ends and _reads_a_file(command)):
            spans.add(group.start, index)
        if ends:
            return


def _is_input(redirection: Redirection) -> bool:
    return bool(_INPUT.fullmatch(redirection.operator))


def _reads_a_file(command: ShellCommand) -> bool:
    return bool(command.heredocs) or any(
        _is_input(r) and not _TERMINAL.match(r.target.text) for r in command.redirections
    )
