"""KB502 unknown-option."""

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
        if problem.kind is Kind.UNKNOWN_OPTION:
            what = problem.message.partition(": ")[2] or problem.message
            yield problem.hit(f"{kickstart.release.title} does not know {what} here")


RULE = Rule(
    code="KB502",
    name="unknown-option",
    summary="A command has an option that this release's installer does not know.",
    why="The installer stops at the line before it does anything, on a console that nobody looks at.",
    levels=levels("E"),
    bad=(
        Example(text="»clearpart --all --drivers=sda\n"),
        Example(text="»bootloader --location=mbr --boot-drive=sda\n", release="rhel6"),
    ),
    good=(Example(text="bootloader --location=mbr --boot-drive=sda\n"),),
    check=_check,
)
