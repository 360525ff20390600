"""A section of a kickstart as rules look at it: a script with its interpreter, or a list of packages."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from kickbuild.lint.hit import Hit
from kickbuild.lint.shell import OPENERS, ShellCommand, ShellWord, assigned, expanded, read_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.kickstart.document import Line
    from kickbuild.lint.finding import Severity
    from kickbuild.lint.source import Source
    from kickbuild.lint.statement import Option, Statement

SCRIPTS: Final = frozenset({"%pre", "%pre-install", "%post", "%onerror", "%traceback"})
SHELLS: Final = frozenset({"sh", "bash", "dash", "ksh", "ash"})


def language_of(interpreter: str) -> str:
    """Return what an interpreter, with its options or behind ``env``, reads: ``sh``, ``python``, …"""
    words = interpreter.split()
    name = posixpath.basename(words[-1] if words and words[0].endswith("/env") else (words or ["sh"])[0])
    if name == "platform-python":
        return "python"
    return re.sub(r"[0-9.]+$", "", name) or name


@dataclass(frozen=True)
class Section:
    """One section. ``header`` is its first line as a statement whose name is the section's (``%pre``)."""

    header: Statement
    lines: tuple[Line, ...]
    closed: bool

    @property
    def name(self) -> str:
        """``%pre``, ``%packages``, …"""
        return self.header.name

    @property
    def source(self) -> Source:
        """The file it stands in."""
        return self.header.source

    @property
    def line(self) -> int:
        """The number of the header's line."""
        return self.header.line

    @property
    def is_script(self) -> bool:
        """Whether its body is run."""
        return self.name in SCRIPTS

    @property
    def in_chroot(self) -> bool:
        """Whether the script runs in the new system."""
        return self.name == "%post" and not self.header.has("--nochroot")

    @property
    def interpreter(self) -> str:
        """The program that runs it: the installer looks at no ``#!`` line."""
        return self.header.get("--interpreter") or "/bin/sh"

    @property
    def language(self) -> str:
        """``sh``, ``bash``, ``python``, ``perl``, or whatever the interpreter is called."""
        return language_of(self.interpreter)

    @property
    def is_shell(self) -> bool:
        """Whether a shell runs it."""
        return self.language in SHELLS

    @cached_property
    def text(self) -> str:
        """The body."""
        return "".join(line.text + (line.ending and "\n") for line in self.lines)

    @property
    def is_empty(self) -> bool:
        """Whether nothing in the body does anything."""
        return not any(line.text.strip() and not line.text.lstrip().startswith("#") for line in self.lines)

    @cached_property
    def commands(self) -> tuple[ShellCommand, ...]:
        """The simple commands of a shell script; empty for other languages."""
        if not (self.is_script and self.is_shell):
            return ()
        # An include is put in its place before any shell sees the script.
        lines = [(line.number, line.text) for line in self.lines if not line.text.lstrip().startswith("%include")]
        return tuple(read_script(lines))

    @cached_property
    def variables(self) -> dict[str, str]:
        """The variables of a shell script that have one known value."""
        return assigned(self.commands)

    @cached_property
    def written(self) -> tuple[WrittenFile, ...]:
        """The files that a shell script writes."""
        return tuple(_written(self))

    def hit(
        self,
        line: int,
        message: str,
        at: ShellWord | str | None = None,
        *,
        hint: str = "",
        severity: Severity | None = None,
    ) -> Hit:
        """Return a hit on a line of the body; ``at`` is the word, or the text on that line, that is marked."""
        column = end = 0
        if isinstance(at, str):
            start = self.source.line_text(line).find(at)
            column, end = (start + 1, start + 1 + len(at)) if start >= 0 else (0, 0)
        elif at is not None:
            line, column, end = at.line, at.start + 1, at.end + 1
        return Hit(self.source, line, message, column=column, end=end, hint=hint, severity=severity)

    def header_hit(
        self, message: str, at: Option | str | None = None, *, hint: str = "", severity: Severity | None = None
    ) -> Hit:
        """Return a hit on the header."""
        return self.header.hit(message, at, hint=hint, severity=severity)


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """What one command of a script writes into a file.

    ``lines`` are the lines that can be told, with the numbers of the kickstart's lines they stand on. ``whole`` says
    that nothing else is written by that command; ``appends`` that what was there stays.
    """

    path: str
    lines: tuple[tuple[int, str], ...]
    appends: bool
    whole: bool
    line: int


def _written(section: Section) -> Iterator[WrittenFile]:
    commands = section.commands
    for index, command in enumerate(commands):
        for redirection in command.redirections:
            if not redirection.writes:
                continue
            path = _path(redirection.target, section.variables)
            if not path or path.startswith(("/dev/", "&")):
                continue
            inside = _group(commands, index) if command.closes else [command]
            lines, whole = _output(inside, section.variables)
            if command.closes and not _is_written_to_by(inside):
                lines, whole = (), False
            yield WrittenFile(path, lines, redirection.appends, whole, command.line)
        if command.name == "tee" and index and commands[index - 1].pipes:
            lines, whole = _output([commands[index - 1]], section.variables)
            appends = any(word.text in {"-a", "--append"} for word in command.arguments)
            for word in command.arguments:
                path = _path(word, section.variables)
                if path and not path.startswith(("-", "/dev/")):
                    yield WrittenFile(path, lines, appends, whole, command.line)


def _is_written_to_by(commands: list[ShellCommand]) -> bool:
    return any(command.name in {"echo", "printf", "cat"} for command in commands)


def _path(word: ShellWord, variables: dict[str, str]) -> str:
    text = expanded(word.text, variables)
    return posixpath.normpath(text) if text.startswith("/") else text


#: Commands of a group that are looked at for what the group writes.
_LONGEST_GROUP: Final = 500


def _group(commands: tuple[ShellCommand, ...], closer: int) -> list[ShellCommand]:
    """Return the commands of the group that ends at ``closer``."""
    depth = 0
    for index in range(closer, max(closer - _LONGEST_GROUP, -1), -1):
        command = commands[index]
        depth += bool(command.closes) if index == closer or command.closes else 0
        depth -= sum(opener in OPENERS for opener in command.opens)
        if depth <= 0:
            return [inner for inner in commands[index:closer] if not any(r.writes for r in inner.redirections)]
    return []


def _output(commands: list[ShellCommand], variables: dict[str, str]) -> tuple[tuple[tuple[int, str], ...], bool]:
    """Return the lines that commands print as far as that can be told, and whether that is all of it."""
    lines: list[tuple[int, str]] = []
    whole = True
    for command in commands:
        if command.depth or command.pipes:
            continue
        if command.name == "cat" and command.heredocs:
            for heredoc in command.heredocs:
                whole = whole and heredoc.closed
                lines += [(n, expanded(t, variables) if heredoc.expands else t) for n, t in heredoc.lines]
        elif command.name in {"echo", "printf"}:
            printed = _printed(command, variables)
            lines += printed
        elif command.name not in _SILENT and (command.words or not command.closes):
            whole = whole and not command.words
    return tuple(lines), whole


_SILENT: Final = frozenset(
    {"", "[", "[[", "test", "for", "if", "case", "while", ":", "true", "false", "set", "rm", "mkdir", "touch", "let",
     "read", "local", "export", "exit", "return", "continue", "break", "sleep", "in", "wipefs", "udevadm"}
)  # fmt: skip


def _printed(command: ShellCommand, variables: dict[str, str]) -> list[tuple[int, str]]:
    words = list(command.arguments)
    while words and command.name == "echo" and re.fullmatch(r"-[neE]+", words[0].text):
        words = words[1:]
    if not words:
        return [(command.line, "")] if command.name == "echo" else []
    if command.name == "printf":
        form, arguments = words[0].text, [expanded(word.text, variables) for word in words[1:]]
        for argument in arguments:
            before, place, after = re.split(r"(%[sdq]|$)", form, maxsplit=1)
            form = before + argument * bool(place) + after
        text = form.replace("\\n", "\n").replace("\\t", "\t").removesuffix("\n")
    else:
        text = " ".join(expanded(word.text, variables) for word in words).replace("\\n", "\n")
    first = words[0].line
    return [(min(first + offset, words[-1].line), line) for offset, line in enumerate(text.split("\n"))]
