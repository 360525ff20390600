"""KB703 line-continuation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.kickstart.document import Kind, split_words
from kickbuild.lint.hit import Hit
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart


_COMMANDS = frozenset({Kind.COMMAND, Kind.INCLUDE, Kind.HEADER, Kind.END})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for source in kickstart.sources:
        for line in source.document.lines:
            stripped = line.text.rstrip()
            if (
                line.kind in _COMMANDS
                and (len(stripped) - len(stripped.rstrip("\\"))) % 2
                and not _is_comment(line.text)
            ):
                message = "a backslash at the end does not join lines in a kickstart"
                yield Hit(source, line.number, message, len(stripped), len(stripped) + 1)


def _is_comment(text: str) -> bool:
    """Return whether the end of a line is one."""
    try:
        words = split_words(text.rstrip().rstrip("\\"))
    except ValueError:
        return False
    return "#" in text[words[-1].end if words else 0 :]


RULE = Rule(
    code="KB703",
    name="line-continuation",
    summary="A command is continued on the next line with a backslash.",
    why="The installer knows no such thing: it takes the backslash for an argument and the next line for a command.",
    hint="write the command on one line",
    levels=levels("E"),
    bad=(
        Example(text="»network --bootproto=static --ip=192.0.2.1 \\\n --netmask=255.255.255.0\n"),
        Example(text='»bootloader --append="quiet \\\nrhgb"\n'),
        Example(text="»%packages \\\n--nobase\n%end\n"),
    ),
    good=(
        Example(text="# part / \\\nreboot # and so \\\n"),
        Example(text="%post\nls \\\n /root\n%end\n"),
        Example(text='user --name=a --gecos="a\\\\"\n'),
    ),
    check=_check,
    of_text=True,
)
