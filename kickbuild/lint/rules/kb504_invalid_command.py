"""KB504 invalid-command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.grammar import Kind
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for problem in kickstart.grammar:
        if problem.kind is Kind.INVALID:
            yield problem.hit(f"{kickstart.release.title} does not accept this: {problem.message.rstrip('.')}")


RULE = Rule(
    code="KB504",
    name="invalid-command",
    summary="A command is written in a way that this release's installer does not accept.",
    why="The installer stops at the line before it does anything, on a console that nobody looks at.",
    levels=levels("E"),
    bad=(
        Example(text="»part / --size=large\n"),
        Example(text="»lang\n"),
        Example(text="autopart\n»part / --size=4096\n"),
    ),
    good=(
        Example(text="lang en_US.UTF-8\npart / --size=4096\n"),
        Example(text="%certificate --filename=ca.pem --dir=/etc/pki\n-----BEGIN CERTIFICATE-----\n%end\n"),
    ),
    check=_check,
)
