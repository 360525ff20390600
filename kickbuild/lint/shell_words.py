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
    from collections.abc import Iterator, Mapping, Sequence

ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")
#: Blocks in blocks that are told apart.
_DEEPEST: Final = 8
OPENERS: Final = frozenset({"{", "(", "for", "while", "until", "if", "case"})
CLOSERS: Final = frozenset({"}", ")", "done", "fi", "esac"})
#: Commands that run the command behind them -> how many words of their own stand between.
_WRAPPERS: Final = {
    "builtin": 0,
    "command": 0,
    "env": 0,
    "exec": 0,
    "ionice": 0,
    "nice": 0,
    "nohup": 0,
    "setsid": 0,
    "stdbuf": 0,
    "sudo": 0,
    "time": 0,
    "timeout": 1,
}
#: The same for what runs it in another system.
_INTO_SYSTEMS: Final = {"chroot": 1}


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
    mark: str = ""
    line: int = 0
    """Where ``<<`` stands."""


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
    leads: list[str] = field(default_factory=list)
    """The shell's own words before it, openers and ``else``, in order; ``;;`` where a pattern of ``case`` is."""
    after: str = ""
    """``&&`` or ``||`` where it is run only if the command before it went that way; ``|`` where it reads from it."""
    defines: str = ""
    """The function whose definition begins here; it has no words then."""

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


def program(command: ShellCommand) -> tuple[str, Sequence[ShellWord]]:
    """Return the name of the program that a command runs, and its arguments: ``sudo -n reboot`` runs ``reboot``.

    A command that only asks for a program (``command -v``) runs none.
    """
    words = _behind(command.words, _WRAPPERS)
    return (words[0].text.rpartition("/")[2], words[1:]) if words else ("", ())


def behind_wrappers(command: ShellCommand) -> list[ShellWord]:
    """Return the words of a command without ``chroot DIR``, ``sudo`` and the like before it."""
    return _behind(command.words, _WRAPPERS | _INTO_SYSTEMS)


def _behind(words: list[ShellWord], wrappers: Mapping[str, int]) -> list[ShellWord]:
    while words and (name := words[0].text.rpartition("/")[2]) in wrappers:
        rest = words[1:]
        if name == "command" and rest and rest[0].text in {"-v", "-V"}:
            return []
        while rest and (rest[0].text.startswith("-") or (name in {"env", "sudo"} and ASSIGNMENT.match(rest[0].text))):
            rest = rest[1:]
        words = rest[wrappers[name] :]
    return words


def branches(commands: Sequence[ShellCommand]) -> list[tuple[tuple[str, int, int], ...]]:
    """Return for each command the blocks that it stands in, outermost first.

    A block is its opener, a number of its own, and which of its branches it is: of two commands, the second is always
    run after the first where its blocks are the first ones of the other's.
    """
    found: list[tuple[tuple[str, int, int], ...]] = []
    stack: list[tuple[str, int, int]] = []
    for number, command in enumerate(commands):
        if command.closes and stack:
            stack.pop()
        for lead in command.leads:
            if lead in OPENERS:
                stack.append((lead, number, 0))
            elif lead in {"else", "elif", ";;"} and stack:
                opener, own, branch = stack[-1]
                stack[-1] = (opener, own, branch + 1)
        found.append(tuple(stack[-_DEEPEST:]))
    return found


def assigned(commands: Sequence[ShellCommand]) -> dict[str, str]:
    """Return the variables that are given one literal value, once."""
    found: dict[str, list[str]] = {}
    for command in commands:
        words = list(command.assignments)
        if command.name in {"export", "local", "readonly", "declare", "typeset"}:
            words += [word for word in command.arguments if ASSIGNMENT.match(word.text)]
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
