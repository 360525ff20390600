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
_ELSE: Final = re.compile(r"\belse\b|^\s*\*\)", re.MULTILINE)
_TESTS: Final = frozenset({"[", "[[", "test"})
_BRANCHES: Final = frozenset({"if", "for", "while", "until", "case"})
_BRANCH_ENDS: Final = frozenset({"fi", "done", "esac"})
_DECLARING: Final = frozenset({"export", "local", "readonly", "declare", "typeset"})


def variables_in(text: str) -> list[str]:
    """Return the names of the variables that a text uses, without ``$1`` and its like."""
    return [name for name in dict.fromkeys(_NAME.findall(text)) if not name[0].isdigit() and name != "#"]


def may_be_empty(section: Section, name: str, line: int) -> bool:
    """Return whether a variable may be empty in that line of a shell script, and nothing in the script looks.

    Lenient: a test of the variable, or of one that it comes from, counts wherever it stands and whatever follows.
    """
    if _falls_back(section.text, name):
        return False
    script = _Script(section)
    if script.is_looped_over(name, line):
        return False
    values = script.values(name)
    if values and all(word.literal and word.text.partition("=")[2] for word, _ in values):
        # Never set to anything but a text: is it set in every case?
        is_always = any(depth == 0 for _, depth in values) or bool(_ELSE.search(section.text))
        return not is_always
    sources = {name, *(source for word, _ in values for source in _NAME.findall(word.text.partition("=")[2]))}
    return not script.is_tested(sources, line)


def _falls_back(text: str, name: str) -> bool:
    """Return whether ``${name:?…}``, ``${name:-…}`` or ``${name:=…}`` stands somewhere."""
    return bool(re.search(rf"\$\{{{re.escape(name)}:?(?:\?|[-=][^}}])", text))


class _Script:
    def __init__(self, section: Section) -> None:
        self._commands = section.commands

    def values(self, name: str) -> list[tuple[ShellWord, int]]:
        """Return the assignments of a variable, each with how many branches and loops it stands in."""
        found: list[tuple[ShellWord, int]] = []
        depth = 0
        for command in self._commands:
            depth += sum(opener in _BRANCHES for opener in command.opens)
            words = list(command.assignments)
            if command.name in _DECLARING:
                words += command.arguments
            found += [(word, depth) for word in words if word.text.partition("=")[0].rstrip("+") == name]
            if command.name in {"read", "mapfile", "getopts", "select", "printf", "eval"}:
                found += [(word, depth + 1) for word in command.arguments if word.text == name]
            depth -= command.closes in _BRANCH_ENDS
        return found

    def is_looped_over(self, name: str, line: int) -> bool:
        """Return whether a line stands in a loop over that variable, or behind one over literal words."""
        open_loops: list[tuple[ShellCommand, bool]] = []
        for command in self._commands:
            if command.name == "for":
                open_loops.append((command, command.words[1:2] != [] and command.words[1].text == name))
            elif {"while", "until"} & set(command.opens):
                reads = command.name == "read" and any(word.text == name for word in command.arguments)
                open_loops.append((command, reads))
            elif command.closes == "done" and open_loops:
                loop, is_over = open_loops.pop()
                items = list(loop.words[3:])
                if is_over and (loop.line < line <= command.line or (items and all(item.literal for item in items))):
                    return True
        return False

    def is_tested(self, names: set[str], line: int) -> bool:
        """Return whether a test before a line looks whether one of the variables is there."""
        loops: list[_Loop] = []
        tests: list[tuple[int, tuple[_Loop, ...]]] = []
        for command in self._commands:
            if command.name == "for" or {"while", "until"} & set(command.opens):
                chooses = command.name in {"for", "read"}
                over = command.words[1].text if command.name == "for" and len(command.words) > 1 else ""
                loops.append(_Loop(over, chooses))
            if _looks_at(command) & (names - {loop.over for loop in loops}):
                tests.append((command.line, tuple(loops)))
            if command.closes == "done" and loops:
                loops.pop().end = command.line
        # A test in a loop that chooses among disks says nothing behind the loop: there may have been no turn.
        return any(at <= line and all(not i.chooses or line <= i.end for i in inside) for at, inside in tests)


@dataclass(slots=True)
class _Loop:
    over: str
    chooses: bool
    """It goes over a list, which may be empty."""
    end: int = sys.maxsize


def _looks_at(command: ShellCommand) -> set[str]:
    """Return the variables of which a command finds out that they are empty."""
    words = command.words[1:2] if command.name == "case" else command.words[1:]
    texts = [word.text for word in words]
    if command.name not in _TESTS and command.name != "case":
        return set()
    if {"=", "==", "!="} & set(texts) and not ("" in texts or any(re.match(r"[A-Za-z_]\$", text) for text in texts)):
        return set()  # compared with a name: that is no question whether it is there
    return {name for text in texts for name in _NAME.findall(text)}
