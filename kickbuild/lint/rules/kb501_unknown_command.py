"""KB501 unknown-command."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kickbuild.kickstart.document import SECTIONS
from kickbuild.kickstart.parse import command_names
from kickbuild.lint.grammar import Kind, unknown_name
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


#: Sections that some installer knows: another rule's matter.
#: Marks of an unfinished merge: another rule's matter, too.
_OF_A_MERGE = frozenset(sign * 7 for sign in "<=>|")
_SECTIONS = SECTIONS | {"%ksappend"}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for problem in kickstart.grammar:
        if problem.kind is Kind.UNKNOWN_COMMAND:
            name = unknown_name(problem.message)
            if name in _OF_A_MERGE:
                continue
            yield problem.hit(f"{name} is no kickstart command of any release", hint=_hint(name, kickstart))
        elif problem.kind is Kind.UNKNOWN_SECTION and problem.name not in _SECTIONS:
            yield problem.hit(f"{problem.name} is no section of any release", hint=_close(problem.name, SECTIONS))


def _hint(name: str, kickstart: Kickstart) -> str:
    if name.startswith("--"):
        return "a command cannot go on in the next line: write it in one"
    if name in _OF_A_SHELL:
        return "it is a shell's command: put it into %post"
    return _close(name, command_names(kickstart.release.handler))


def _close(name: str, names: frozenset[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else ""


_OF_A_SHELL = frozenset({"cat", "chmod", "cp", "dnf", "echo", "firewall-cmd", "if", "mkdir", "sed", "systemctl", "yum"})

RULE = Rule(
    code="KB501",
    name="unknown-command",
    summary="A command, or a section, is known to no installer.",
    why="The installer stops at the line before it does anything, on a console that nobody looks at.",
    levels=levels("E"),
    bad=(
        Example(text="lang en_US.UTF-8\n»clearprat --all\n"),
        Example(text="part / --size=1 \\\n»--grow\n"),
        Example(text="»%psot\necho hello\n%end\n"),
    ),
    good=(
        Example(text="lang en_US.UTF-8\nclearpart --all\n"),
        Example(text="%pre-install\necho hello\n%end\n", release="rhel6"),
        Example(
            text="%include /tmp/p\n%pre\necho %packages > /tmp/p\necho grub2 >> /tmp/p\necho %end >> /tmp/p\n%end\n"
        ),
    ),
    check=_check,
)
