"""KB705 merge-conflict-marker."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kickbuild.lint.hit import Hit
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart


_MARKERS = re.compile(r"(?:<{7}|>{7}|\|{7}) \S|<{7}$|>{7}$")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for source in kickstart.sources:
        inside = False
        for line in source.document.lines:
            is_middle = inside and line.text.rstrip() == "======="
            if is_middle or _MARKERS.match(line.text):
                marker = line.text[:7]
                inside = marker[0] in "<|"
                yield Hit(source, line.number, f"{marker} is the mark of a merge that nobody has finished", 1, 8)


RULE = Rule(
    code="KB705",
    name="merge-conflict-marker",
    summary="The file has the marks of a version control system's unfinished merge.",
    why="The installer stops at the mark. Both versions of what was to be merged are in the file.",
    hint="choose one of the versions and remove the marks",
    levels=levels("E"),
    bad=(
        Example(text="»<<<<<<< HEAD\nlang en_US.UTF-8\n»=======\nlang de_DE.UTF-8\n»>>>>>>> theirs\n"),
        Example(text="%post\nls\n»>>>>>>> theirs\n%end\n"),
    ),
    good=(
        Example(text="# =======\nlang en_US.UTF-8\n%post\ncat > /etc/motd <<EOF\n=======\nHello\n=======\nEOF\n%end\n"),
        Example(text="%post\ncat <<EOF\n<<<<<<<<<<<<\n>>>>>>>>>>>>\nEOF\n%end\n"),
    ),
    check=_check,
    of_text=True,
)
