"""Whether a variable of a shell script can be empty where it is used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    return not script.is_tested(sources)


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

    def is_tested(self, names: set[str]) -> bool:
        """Return whether one of the variables is looked at by a test, outside of loops over it."""
        loops: list[str] = []
        for command in self._commands:
            if command.name == "for" and len(command.words) > 1:
                loops.append(command.words[1].text)
            elif {"while", "until"} & set(command.opens):
                loops.append("")
            elif command.closes == "done" and loops:
                loops.pop()
            if command.name in _TESTS or command.name == "case":
                mentioned = {name for word in self._looked_at(command) for name in _NAME.findall(word.text)}
                if mentioned & names - set(loops):
                    return True
        return False

    @staticmethod
    def _looked_at(command: ShellCommand) -> Iterator[ShellWord]:
        yield from command.words[1:2] if command.name == "case" else command.words[1:]
