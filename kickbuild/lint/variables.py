"""Whether a variable of a shell script can be empty where it is used."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell import ShellCommand, ShellWord

_NAME: Final = re.compile(r"\$\{?(?:[#!])?([A-Za-z_]\w*|[0-9]+|#)")
#: ``${name:?…}``, ``${name:-…}``, ``${name:=…}``
_FALLS_BACK: Final = re.compile(r"\$\{([A-Za-z_]\w*):?(?:\?|[-=][^}])")
_ELSE: Final = re.compile(r"\belse\b|^\s*\*\)", re.MULTILINE)
_TESTS: Final = frozenset({"[", "[[", "test"})
_BRANCHES: Final = frozenset({"if", "for", "while", "until", "case"})
_BRANCH_ENDS: Final = frozenset({"fi", "done", "esac"})
_DECLARING: Final = frozenset({"export", "local", "readonly", "declare", "typeset"})
_SETTING: Final = frozenset({"read", "mapfile", "getopts", "select", "printf", "eval"})


def variables_in(text: str) -> list[str]:
    """Return the names of the variables that a text uses, without ``$1`` and its like."""
    return [name for name in dict.fromkeys(_NAME.findall(text)) if not name[0].isdigit() and name != "#"]


@dataclass(slots=True)
class _Loop:
    over: str
    """The variable, where it is a loop over words or over lines that are read."""
    is_literal: bool
    """It goes over words that stand there."""
    start: int
    end: int = sys.maxsize

    def holds(self, line: int) -> bool:
        return self.start < line <= self.end


@dataclass(frozen=True, slots=True)
class _Assignment:
    value: str
    is_literal: bool
    depth: int
    """In how many branches and loops it stands."""


@dataclass(frozen=True, slots=True)
class _Test:
    line: int
    loops: tuple[_Loop, ...]


class Variables:
    """The variables of one shell script: read once, then asked for many uses."""

    def __init__(self, section: Section) -> None:
        self._assignments: dict[str, list[_Assignment]] = {}
        self._tests: dict[str, list[_Test]] = {}
        self._loops: dict[str, list[_Loop]] = {}
        self._falling_back = set(_FALLS_BACK.findall(section.text))
        self._has_else = bool(_ELSE.search(section.text))
        self._read(section.commands)

    def may_be_empty(self, name: str, line: int) -> bool:
        """Return whether a variable may be empty in that line, and nothing before it looks.

        Lenient: a test of the variable, or of one that it comes from, counts whatever follows from it.
        """
        if name in self._falling_back or any(i.holds(line) or i.is_literal for i in self._loops.get(name, ())):
            return False
        assignments = self._assignments.get(name, [])
        if assignments and all(one.is_literal and one.value for one in assignments):
            # Never set to anything but a text: is it set in every case?
            return not self._has_else and all(one.depth for one in assignments)
        sources = {name, *(source for one in assignments for source in _NAME.findall(one.value))}
        # A test in a loop that chooses among disks says nothing behind the loop: there may have been no turn.
        return not any(
            test.line <= line and all(not loop.over or loop.holds(line) for loop in test.loops)
            for source in sources
            for test in self._tests.get(source, ())
        )

    def _read(self, commands: tuple[ShellCommand, ...]) -> None:
        depth = 0
        loops: list[_Loop] = []
        for command in commands:
            depth += sum(opener in _BRANCHES for opener in command.opens)
            loop = _loop(command)
            if loop is not None:
                loops.append(loop)
                self._loops.setdefault(loop.over, []).append(loop)
            self._assign(command, depth)
            for name in _looks_at(command) - {loop.over for loop in loops[-_DEEPEST:]}:
                self._tests.setdefault(name, []).append(_Test(command.line, tuple(loops[-_DEEPEST:])))
            if command.closes == "done" and loops:
                loops.pop().end = command.line
            depth -= command.closes in _BRANCH_ENDS

    def _assign(self, command: ShellCommand, depth: int) -> None:
        words: list[ShellWord] = list(command.assignments)
        if command.name in _DECLARING:
            words += command.arguments
        for word in words:
            name, _, value = word.text.partition("=")
            self._assignments.setdefault(name.rstrip("+"), []).append(_Assignment(value, word.literal, depth))
        if command.name in _SETTING:
            for word in command.arguments:
                self._assignments.setdefault(word.text, []).append(_Assignment("", is_literal=False, depth=depth))


#: Loops around a command that are looked at.
_DEEPEST: Final = 16


def _loop(command: ShellCommand) -> _Loop | None:
    """Return the loop that a command begins; ``over`` is empty where it chooses among nothing."""
    if command.name == "for":
        items = command.words[3:]
        name = command.words[1].text if len(command.words) > 1 else ""
        return _Loop(name, bool(items) and all(item.literal for item in items), command.line)
    if not {"while", "until"} & set(command.opens):
        return None
    reads = command.arguments[-1].text if command.name == "read" and command.arguments else ""
    return _Loop(reads, is_literal=False, start=command.line)


def _looks_at(command: ShellCommand) -> set[str]:
    """Return the variables of which a command finds out whether they are empty."""
    if command.name not in _TESTS and command.name != "case":
        return set()
    words = command.words[1:2] if command.name == "case" else command.words[1:]
    texts = [word.text for word in words]
    if {"=", "==", "!="} & set(texts) and not ("" in texts or any(re.match(r"[A-Za-z_]\$", text) for text in texts)):
        return set()  # compared with a name: that is no question whether it is there
    return {name for text in texts for name in _NAME.findall(text)}
