"""KB712 too-large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.grammar import MOST_COMMANDS, MOST_PACKAGES
from kickbuild.lint.hit import Hit
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.source import LONGEST_LINE, MOST_LINES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for source in kickstart.sources:
        if source.excess:
            yield Hit(source, 0, f"the file {source.excess}")
    if len(kickstart.statements) > MOST_COMMANDS:
        yield kickstart.hit(f"there are more than {MOST_COMMANDS} commands; the grammar was not asked about the rest")
    if sum(len(section.lines) for section in kickstart.sections_of("%packages")) > MOST_PACKAGES:
        yield kickstart.hit(
            f"there are more than {MOST_PACKAGES} lines of %packages; the grammar was not asked about the rest"
        )


RULE = Rule(
    code="KB712",
    name="too-large",
    summary="The file is too large to be looked at as a whole.",
    why="A kickstart of a hundred kilobytes is a large one. What was not looked at may be wrong.",
    hint="move what is large, such as an archive in a script, to a place from which %post fetches it",
    levels=levels("E"),
    bad=(
        Example(text="»\nlang en_US.UTF-8\n# " + "x" * LONGEST_LINE + "\n"),
        Example(text="»\nlang en_US.UTF-8\n" + "#\n" * MOST_LINES),
        Example(text="»\n" + "skipx\n" * (MOST_COMMANDS + 1)),
        Example(text="»\n%packages\n" + "vim\n" * (MOST_PACKAGES + 1) + "%end\n"),
    ),
    good=(Example(text="lang en_US.UTF-8\n# " + "x" * (LONGEST_LINE - 3) + "\n"),),
    check=_check,
    of_text=True,
)
