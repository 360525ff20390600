"""What a script does about its own errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell import ShellCommand

_SHORT: Final = re.compile(r"-[a-zA-Z]*e[a-zA-Z]*")
#: Commands after which nothing can be wrong: they tell, wait or choose a screen.
_HARMLESS_WORDS: Final = """
    : [ [[ awk cat chvt clear cut date dmesg done echo env esac export false fi for grep head if ip local ls
    printf pwd read return seq set sleep sort source tail tee test touch tr true type uname unset
"""
_HARMLESS: Final = frozenset(_HARMLESS_WORDS.split())


def stops_at_errors(section: Section) -> bool:
    """Return whether a shell script ends with an error where one of its commands has one, as far as it can be told."""
    if _SHORT.search(" ".join(section.interpreter.split()[1:])):
        return True
    return any(_sets_errexit(command) or _ends_badly(command) for command in section.commands)


def only_tells(section: Section) -> bool:
    """Return whether a shell script does nothing that somebody would miss."""
    return section.is_shell and all(
        (command.name in _HARMLESS or not command.name) and not any(r.writes for r in command.redirections)
        for command in section.commands
    )


def _sets_errexit(command: ShellCommand) -> bool:
    texts = command.texts()
    return command.name == "set" and any(_SHORT.fullmatch(text) or text == "errexit" for text in texts)


def _ends_badly(command: ShellCommand) -> bool:
    texts = command.texts()
    if command.name == "exit":
        return bool(texts) and texts[0] != "0"
    return command.name == "trap" and "ERR" in texts
