"""KB501 unknown-command."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kickbuild.kickstart.parse import command_names
from kickbuild.lint.grammar import Kind
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for problem in kickstart.grammar:
        if problem.kind is Kind.UNKNOWN_COMMAND:
            name = problem.message.rpartition(":")[2].strip()
            close = difflib.get_close_matches(name, command_names(kickstart.release.handler), n=1)
            hint = f"did you mean {close[0]}?" if close else ""
            yield problem.hit(f"{name} is no kickstart command of any release", hint=hint)


RULE = Rule(
    code="KB501",
    name="unknown-command",
    summary="A command is known to no installer.",
    why="The installer stops at the line before it does anything, on a console that nobody looks at.",
    levels=levels("E"),
    bad=(Example(text="lang en_US.UTF-8\n»clearprat --all\n"),),
    good=(Example(text="lang en_US.UTF-8\nclearpart --all\n"),),
    check=_check,
)
