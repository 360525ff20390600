"""KB702 unbalanced-quote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kickbuild.lint.hit import Hit
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for source in kickstart.sources:
        for fault in source.document.faults:
            text = source.line_text(fault.line)
            match = re.match(r"a ([\"']) is never closed", fault.message)
            if match is None or text.rstrip().endswith("\\"):
                continue
            column = _open_quote(text) + 1
            yield Hit(source, fault.line, f"a {match[1]} is never closed", column, column + 1)


def _open_quote(text: str) -> int:
    """Return where the quote stands that is never closed."""
    quote, start, position = "", 0, 0
    while position < len(text):
        char = text[position]
        if char == "\\" and quote != "'":
            position += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote, start = char, position
        position += 1
    return start


RULE = Rule(
    code="KB702",
    name="unbalanced-quote",
    summary="A quote is never closed.",
    why="The installer stops at the line before it does anything, and does not say which line it is.",
    hint="close the quote, or write \\ before one that belongs to the value",
    levels=levels("E"),
    bad=(
        Example(text='»bootloader --append="quiet\nlang en_US.UTF-8\n'),
        Example(text="»user --name=o --gecos=O'Brien\n"),
        Example(text="»%post --log='/root/x\n%end\n"),
    ),
    good=(
        Example(text='bootloader --append="quiet \'x"\nuser --name=o --gecos="O\'Brien"\n# it\'s fine\n'),
        Example(text="%post\necho \"it's\n%end\n%packages\n# don't\n%end\n"),
    ),
    check=_check,
    of_text=True,
)
