"""The one module that uses pykickstart: what the field's own grammar of a release says of a kickstart.

It is a parser, not the installer: it knows no disks, and where it is known to differ from a release's real installer
the table here corrects it. It reads no include, writes nothing, prints nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
import types
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from kickbuild.errors import LackingError
from kickbuild.kickstart.corrections import (
    COMMANDS,
    DATA,
    LINES,
    OPTIONAL,
    OPTIONS,
    forgives_missing_end,
    sections_unknown_to,
)
from kickbuild.kickstart.document import Document, parse_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def _without_requests() -> Iterator[None]:
    """Keep ``requests`` out: pykickstart imports it to fetch includes, which is not done here, and it takes half of
    the time that a kickstart takes.
    """
    if "requests" in sys.modules:
        yield
        return
    stand_in, exceptions = types.ModuleType("requests"), types.ModuleType("requests.exceptions")
    for name in ("RequestException", "SSLError"):
        setattr(exceptions, name, type(name, (OSError,), {}))
    sys.modules |= {"requests": stand_in, "requests.exceptions": exceptions}
    try:
        yield
    finally:
        del sys.modules["requests"], sys.modules["requests.exceptions"]


with _without_requests():
    from pykickstart.errors import KickstartError as GrammarError
    from pykickstart.parser import STATE_COMMANDS, KickstartParser
    from pykickstart.version import F7


@dataclass(frozen=True, slots=True)
class ParseProblem:
    """One thing that the grammar says; ``line`` counts from 1, None where it is the whole file."""

    line: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the grammar made of a kickstart."""

    problems: tuple[ParseProblem, ...]
    """What stops the installer, all of it, in the order of lines."""
    warnings: tuple[ParseProblem, ...]
    """Deprecations and the like, and problems that the real installer is known to accept."""
    commands: frozenset[str]
    """The names of the commands that stand in the file."""
    sections: frozenset[str]
    disks: frozenset[str]
    """Every disk that clearpart, ignoredisk --only-use, part and bootloader name."""
    ignored: frozenset[str]
    """The disks that ``ignoredisk --drives`` names."""
    reused: frozenset[str]
    """The partitions that are used as they are (``part --onpart``, ``clearpart --list``)."""
    strangers: tuple[ParseProblem, ...]
    """The lines that build on what no line makes: a device or a volume group that is there already."""


def parse(text: str, handler: str) -> Parsed:
    """Return what pykickstart's grammar ``handler`` (``RHEL9``, ``F43``) says of a kickstart.

    Raises LackingError where the installed pykickstart does not know that grammar.
    """
    document = parse_document(text)
    parser = _Parser(_lazy_class(handler)())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parser.caught = caught
        parser.run("".join(_readable(document)))
    found = [ParseProblem(fault.line, fault.message) for fault in document.faults]
    found += _section_problems(document, handler, set(parser.known))
    stopping, lenient = _sift(document, handler, [*found, *parser.problems])
    unended = [
        ParseProblem(section.line, f"section {section.name} does not end with %end")
        for section in document.sections
        if not section.closed
    ]
    if forgives_missing_end(handler):
        lenient += unended
    else:
        stopping += unended
    return Parsed(
        problems=_ordered(stopping),
        warnings=_ordered([*lenient, *parser.warnings]),
        commands=frozenset(command.name for command in document.commands),
        sections=frozenset(section.name for section in document.sections),
        strangers=_ordered([*_strange_members(parser.handler), *_strange_groups(parser.handler)]),
        **_disks(parser.handler),
    )


@cache
def _handler_class(name: str) -> type[Any]:
    # pykickstart.version.returnClassForVersion adds to sys.path on every call and hides why an import failed.
    try:
        module = importlib.import_module(f"pykickstart.handlers.{name.lower()}")
    except ModuleNotFoundError as error:
        raise LackingError(
            f"the installed pykickstart does not know the kickstart grammar {name}", hint="install a newer pykickstart"
        ) from error
    found: type[Any] = getattr(module, f"{name}Handler")
    return found


@cache
def command_names(handler: str) -> frozenset[str]:
    """Return the commands that a grammar knows. Raises LackingError for an unknown grammar."""
    return frozenset(_handler_class(handler).commandMap) | frozenset(COMMANDS.get(handler, {}))


@cache
def option_names(handler: str, command: str) -> frozenset[str]:
    """Return the options that a grammar knows of a command; none where it does not know the command."""
    commands = _lazy_class(handler)().commands
    if command not in commands:
        return frozenset()
    # A command without options has no parser of them.
    actions = getattr(getattr(commands[command], "op", None), "_actions", ())
    return frozenset(name for action in actions for name in action.option_strings)


@cache
def known_commands() -> frozenset[str]:
    """Return the commands that some release knows or knew."""
    from pykickstart.handlers.control import commandMap

    return frozenset(name for commands in commandMap.values() for name in commands)


#: Ends of the names of commands whose argument parsers call them back, for the number of the line: each must have its
#: own. A test holds that the parsers of all others ask no command.
KNOWN_TO_THEIR_PARSERS: Final = ("_AutoPart", "_BTRFS", "_Raid", "_Snapshot")


class _Commands(dict[str, Any]):
    """The commands of a handler, each made when somebody asks for it.

    A command builds a whole argument parser; a kickstart uses a quarter of them.
    """

    def __init__(self, handler: Any, known: dict[str, Any]) -> None:
        super().__init__()
        self._handler, self._known = handler, known

    def __contains__(self, name: object) -> bool:
        if not super().__contains__(name):
            if name not in self._known:
                return False
            self._handler.registerCommand(name, self._known[name])
        return True


def _with_one_parser(made: type[Any], command: str, handler: str) -> type[Any]:
    """Return a command's class that makes its argument parser once in a process, which is most of its time.

    The parser is brought to what the release's own installer takes.
    """

    class Command(made):  # type: ignore[misc]  # pykickstart has no types
        def _getParser(self) -> Any:  # noqa: N802 - pykickstart's name
            owner = self if made.__name__.endswith(KNOWN_TO_THEIR_PARSERS) else Command
            if "kept_parser" not in vars(owner):
                owner.kept_parser = _corrected(super()._getParser(), command, handler)
            return vars(owner)["kept_parser"]

    # The name says to the handler which command it is.
    Command.__name__ = made.__name__
    return Command


def _corrected(parser: Any, command: str, handler: str) -> Any:
    from pykickstart.version import stringToVersion

    for more in OPTIONS.get(handler, ()):
        for option in more.options if command in more.commands else ():
            action = "store" if more.valued else "store_true"
            parser.add_argument(option, action=action, version=stringToVersion(handler), help="")
    for optional, option in OPTIONAL.get(handler, ()):
        if optional == command:
            for action in parser._actions:
                action.required = action.required and option not in action.option_strings
    return parser


@cache
def _lazy_class(name: str) -> type[Any]:
    """Return a handler's class that makes its commands when they are asked for, and imports no other handler."""
    known = _handler_class(name)
    classes = known.commandMap | _classes(COMMANDS.get(name, {}))
    data_classes = known.dataMap | _classes(DATA.get(name, {}))
    commands = {command: _with_one_parser(made, command, name) for command, made in classes.items()}
    # The attribute that other commands look for is the class's name without its version: F29_AutoPart is autopart.
    attributes = {made.__name__.split("_", 1)[-1].lower(): command for command, made in classes.items()}

    class Lazy(known):  # type: ignore[misc,valid-type]  # pykickstart has no types
        def _registerCommands(self, *_: object) -> None:  # noqa: N802 - pykickstart's name
            self.commands = _Commands(self, commands)
            for data, made in data_classes.items():
                self.registerData(data, made)

        def __getattr__(self, attribute: str) -> Any:
            if attribute not in attributes or attributes[attribute] not in self.commands:
                raise AttributeError(attribute)
            return self.__dict__[attribute]

    return Lazy


def _classes(wanted: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {
        key: getattr(importlib.import_module(f"pykickstart.commands.{module}"), name)
        for key, (module, name) in wanted.items()
    }


class _Parser(KickstartParser):  # type: ignore[misc]  # pykickstart has no types
    """Collects every problem of every command, instead of stopping at or printing the first."""

    def __init__(self, handler: object) -> None:
        super().__init__(handler, followIncludes=False, missingIncludeIsFatal=False, unknownSectionIsFatal=False)
        self.known: frozenset[str] = frozenset(self._sections)
        self.problems: list[ParseProblem] = []
        self.warnings: list[ParseProblem] = []
        self.caught: list[warnings.WarningMessage] = []
        # A missing %end is found by the document, with the line of the section that lacks it; here it must not stop
        # the reading of what follows, and this is the grammar's last version that did not mind.
        self.version = F7
        self._at: int | None = None

    def run(self, text: str) -> None:
        """Read the whole text."""
        try:
            self.readKickstartFromString(text)
        except Exception as error:  # noqa: BLE001 - a foreign parser on foreign text: any failure is a finding
            self._record(error)

    def handleCommand(self, lineno: int, args: list[str]) -> object:  # noqa: N802 - pykickstart's name
        """Remember the line, for errors that come without one."""
        self._at = lineno
        return super().handleCommand(lineno, args)

    def _tryFunc(self, fn: Callable[[], object]) -> None:  # noqa: N802 - pykickstart's name
        self._at = None
        before = len(self.caught)
        try:
            fn()
        except Exception as error:  # noqa: BLE001 - commands raise whatever their argument parsing raises
            self._record(error)
        self.warnings += [_warning(str(warning.message), self._at) for warning in self.caught[before:]]

    def _finalize(self, obj: object) -> None:
        try:
            super()._finalize(obj)
        except GrammarError as error:
            self._record(error)
            self._state = STATE_COMMANDS

    def _record(self, error: Exception) -> None:
        line = self._at
        message = str(error)
        if isinstance(error, GrammarError):
            line = error.lineno if error.lineno is not None else line
            message = str(error.message)
        message = _one_line(message) or f"cannot be read ({type(error).__name__})"
        self.problems.append(ParseProblem(line, message))


def _warning(message: str, line: int | None) -> ParseProblem:
    found = re.search(r"[0-9]+", message)
    return ParseProblem(line or (int(found[0]) if found else None), _one_line(message))


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _readable(document: Document) -> Iterator[str]:
    """Yield the lines with those taken out at which pykickstart would stop reading; the count of lines stays."""
    faulty = {fault.line for fault in document.faults}
    headers = {section.line: section.name for section in document.sections}
    ends = {section.body.stop: "%end" for section in document.sections if section.closed}
    stand_ins = headers | ends
    for line in document.lines:
        stand_in = stand_ins.get(line.number, "#") + "\n"
        yield stand_in if line.number in faulty else line.text + line.ending


def _section_problems(document: Document, handler: str, known: set[str]) -> list[ParseProblem]:
    unknown = sections_unknown_to(handler)
    return [
        ParseProblem(section.line, f"unknown section {section.name}")
        for section in document.sections
        if section.name not in known or section.name in unknown
    ]


def _sift(
    document: Document, handler: str, problems: list[ParseProblem]
) -> tuple[list[ParseProblem], list[ParseProblem]]:
    """Return the problems that stop the real installer, and those that it is known to accept."""
    patterns = LINES.get(handler, ())
    stopping: list[ParseProblem] = []
    lenient: list[ParseProblem] = []
    for problem in problems:
        text = document.line(problem.line).text.lstrip() if problem.line and problem.line <= len(document.lines) else ""
        (lenient if any(pattern.match(text + " ") for pattern in patterns) else stopping).append(problem)
    return stopping, lenient


def _ordered(problems: list[ParseProblem]) -> tuple[ParseProblem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.line or 0))


def _objects(handler: Any, command: str) -> list[Any]:
    # Not by getattr, which would make the command: one that no line asked for has made nothing.
    data = getattr(vars(handler).get(command), "dataList", None)
    return list(data() or []) if data is not None else []


def _strange_members(handler: Any) -> Iterator[ParseProblem]:
    makers = ("partition", "raid", "logvol", "btrfs")
    made = {str(made.mountpoint) for command in makers for made in _objects(handler, command)}
    for command, attribute in (
        ("volgroup", "physvols"),
        ("raid", "members"),
        ("btrfs", "devices"),
        ("logvol", "cache_pvs"),
    ):
        for built in _objects(handler, command):
            # A subvolume names the volume that it is in, by label or mount point.
            names = [] if getattr(built, "subvol", False) else getattr(built, attribute, None) or []
            for name in names:
                if name not in made:
                    yield ParseProblem(built.lineno, f"{command} uses {name}, which no line of the kickstart makes")


def _strange_groups(handler: Any) -> Iterator[ParseProblem]:
    groups = {str(group.vgname) for group in _objects(handler, "volgroup")}
    for volume in _objects(handler, "logvol"):
        if volume.vgname not in groups:
            message = f"logvol is in the volume group {volume.vgname}, which no line of the kickstart makes"
            yield ParseProblem(volume.lineno, message)


def _disks(handler: Any) -> dict[str, frozenset[str]]:
    def values(command: str, attribute: str) -> list[str]:
        value = getattr(vars(handler).get(command), attribute, None) or []
        return [value] if isinstance(value, str) else list(value)

    parts = list(getattr(vars(handler).get("partition"), "partitions", []))
    disks = [
        *values("clearpart", "drives"),
        *values("ignoredisk", "onlyuse"),
        *values("bootloader", "driveorder"),
        *values("bootloader", "bootDrive"),
        *(part.disk for part in parts),
    ]
    reused = [*values("clearpart", "devices"), *(part.onPart for part in parts)]
    return {
        "disks": frozenset(disk for disk in disks if disk),
        "ignored": frozenset(values("ignoredisk", "ignoredisk")),
        "reused": frozenset(name for name in reused if name),
    }
