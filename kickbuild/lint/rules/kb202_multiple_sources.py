"""KB202 multiple-sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.payload import sources
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if kickstart.is_template:
        return
    # What a script writes may be one branch of several, and a file that includes another may mean to override it.
    lines = [line for line in sources(kickstart) if line.generated is None and line.source is kickstart.source]
    for line in lines[1:]:
        if line.name != lines[0].name:
            first = lines[0]
            yield line.hit(f"{line.name} and {first.name} in line {first.line} both name the installation source")


RULE = Rule(
    code="KB202",
    name="multiple-sources",
    summary="Two commands name different installation sources, and only one of them is used.",
    why="Which one it is differs from release to release; the packages may come from where nobody expects.",
    hint="keep one of them; further repositories are `repo` lines",
    levels=levels("W", "E"),
    bad=(
        Example(text="cdrom\nlang en_US.UTF-8\n»url --url=https://repo.lan/el9\n"),
        Example(text="harddrive --partition=LABEL=REBUILD --dir=/el9\n»nfs --server=nas --dir=/el9\n"),
    ),
    good=(
        Example(text="url --url=https://repo.lan/el9\nrepo --name=extra --baseurl=https://repo.lan/extra\n"),
        Example(text="{% if dvd %}\ncdrom\n{% else %}\nurl --url=https://repo.lan/el9\n{% endif %}\n"),
        Example(
            text=(
                "%include /tmp/source\n%pre\nif [ -b /dev/sr0 ]; then\n  echo cdrom > /tmp/source\nelse\n"
                "  echo url --url=https://repo.lan/el9 > /tmp/source\nfi\n%end\n"
            )
        ),
    ),
    check=_check,
)
