"""KB701 hash-truncates-value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in (*kickstart.statements, *(section.header for section in kickstart.sections)):
        if line.generated is not None or not line.words:
            continue
        last = line.words[-1]
        text = line.source.line_text(line.line)
        rest = text[last.end :]
        # A # with a blank behind it is a comment that lacks the blank before it; nothing is lost.
        if len(rest) > 1 and rest[0] == "#" and not rest[1].isspace() and rest[1] != "#":
            lost = len(rest.split(None, 1)[0])
            end = last.end + lost
            hit = line.hit("the # begins a comment for the installer: the rest of the value is lost")
            yield replace(hit, column=last.end + 1, end=end + 1)


RULE = Rule(
    code="KB701",
    name="hash-truncates-value",
    summary="A # within a value, outside of quotes, begins a comment.",
    why="The value is cut off there without a word: the password is another one than everybody believes.",
    hint="put the value in double quotes",
    levels=levels("E"),
    bad=(
        Example(text="»rootpw --plaintext P@ss#word\n"),
        Example(text="»user --name=ops --password=Tr0ub#4dor\n"),
        Example(text="»network --bootproto=dhcp --hostname=web#1.example.org\n"),
    ),
    good=(
        Example(text='rootpw --plaintext "P@ss#word"\n'),
        Example(text="rootpw --plaintext P@ss # word\nreboot #now\n"),
        Example(text="autopart# all of it\nzerombr## so it is\n"),
        Example(text="rootpw --iscrypted #CRYPT:passwd:key=system:password#\n"),
    ),
    check=_check,
)
