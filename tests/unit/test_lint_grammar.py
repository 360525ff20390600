"""What the validator takes from pykickstart's own tables, and the shortcuts through pykickstart: held against it."""

from __future__ import annotations

import dis
import importlib
import types
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pykickstart.base import KickstartCommand

from kickbuild.kickstart.parse import KNOWN_TO_THEIR_PARSERS, command_names, parse
from kickbuild.lint.release import REMOVED
from kickbuild.lint.source import make_source
from kickbuild.lint.statement import FLAGS, VALUED, make_statement

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

RHEL = [f"RHEL{number}" for number in range(5, 11)]
HANDLERS = [*RHEL, *(f"F{number}" for number in range(38, 44))]
GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "kickstart").glob("*.cfg"))


#: Flags of %packages, %pre and %post, and firewall --no-ssh, which RHEL 5's own installer has.
OF_SECTIONS = {
    "--default", "--erroronfail", "--exclude-weakdeps", "--excludeWeakdeps", "--excludedocs", "--ignorebroken",
    "--ignoredeps", "--ignoremissing", "--multilib", "--no-ssh", "--nobase", "--nochroot", "--nocore", "--nodefaults",
    "--optional", "--resolvedeps",
}  # fmt: skip


@cache
def commands(handler: str) -> dict[str, Any]:
    module = importlib.import_module(f"pykickstart.handlers.{handler.lower()}")
    return {name: made() for name, made in getattr(module, f"{handler}Handler").commandMap.items()}


def actions(handler: str) -> Iterator[tuple[str, argparse.Action]]:
    for name, command in commands(handler).items():
        for action in getattr(getattr(command, "op", None), "_actions", ()):
            yield name, action


def bound(function: Callable[..., object] | object, seen: set[int]) -> Iterator[object]:
    """Yield everything that a function uses and carries with it: what it is bound to, and what its closure holds."""
    if id(function) in seen:
        return
    seen.add(id(function))
    if isinstance(function, types.MethodType):
        if any(instruction.argval == "self" for instruction in dis.get_instructions(function)):
            yield function.__self__
        function = function.__func__
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue
        yield from bound(cell.cell_contents, seen)


@pytest.mark.parametrize("handler", HANDLERS)
def test_no_argument_parser_that_is_kept_knows_the_command_it_was_made_for(handler: str) -> None:
    for name, action in actions(handler):
        if type(commands(handler)[name]).__name__.endswith(KNOWN_TO_THEIR_PARSERS):
            continue
        for part in (action.type, action.default, action.choices, type(action), *vars(type(action)).values()):
            for value in bound(part, set()):
                assert not isinstance(value, KickstartCommand), (name, action.dest)


@pytest.mark.parametrize("handler", ["RHEL6", "RHEL9", "F43"])
def test_what_was_read_before_changes_nothing(handler: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in GOLDEN]
    texts += ["autopart\npart / --size=1\n", "part / --size=1\npart /a --size=x --grow\n", "url\n", "bogus --x\n"]
    texts += ["\n" * count + "raid / --level=9 --device=a\nautopart --type=x\nsnapshot --when=x\n" for count in (0, 3)]
    first = [parse(text, handler) for text in texts]
    assert [parse(text, handler) for text in reversed(texts)] == first[::-1]


def test_commands_that_speak_of_each_other_still_do() -> None:
    for text, says in (
        ("autopart\npart / --size=1\n", "autopart"),
        ("part / --size=1\nautopart\n", "autopart"),
        ("ignoredisk --drives=a --only-use=b\n", "ignoredisk"),
        ("partition / --size=1\npart / --size=1\n", "already"),
    ):
        parsed = parse(text, "RHEL9")
        assert any(says in problem.message for problem in parsed.problems + parsed.warnings), text
    assert parse("partition /x --size=1 --ondisk=sdb\n", "RHEL9").disks == {"sdb"}


@pytest.mark.parametrize("command", sorted(REMOVED))
def test_the_last_release_that_knows_a_command(command: str) -> None:
    known = [number for number in range(5, 11) if command in command_names(f"RHEL{number}")]
    working = [number for number in known if not is_removed(command, number)]
    assert working, command
    assert working[-1] == REMOVED[command]


def is_removed(command: str, number: int) -> bool:
    return any(cls.__name__ == "RemovedCommand" for cls in type(commands(f"RHEL{number}")[command]).__mro__)


@pytest.mark.parametrize("handler", HANDLERS)
def test_flags_are_those_of_the_grammar(handler: str) -> None:
    wrong = set()
    for command, action in actions(handler):
        for option in action.option_strings:
            if not option.startswith("--"):
                continue
            source = make_source("x.ks", f"{command} {option} word\n".encode())
            statement = make_statement(source, 1, source.document.commands[0].words)
            taken = statement.options[0].value
            # RHEL 6 had dropped the option, and forgotten on the way that it takes nothing.
            if (command, option) != ("firewall", "--telnet") and taken != (None if action.nargs == 0 else "word"):
                wrong.add((command, option, taken))
    assert not wrong


def test_every_flag_is_one_somewhere() -> None:
    flags = {
        option for h in HANDLERS for _, action in actions(h) if action.nargs == 0 for option in action.option_strings
    }
    assert not {option for _, option in VALUED} - FLAGS
    assert FLAGS - flags == OF_SECTIONS
