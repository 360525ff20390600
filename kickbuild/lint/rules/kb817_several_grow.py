"""KB817 several-grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.layout import branching_sources, disk_given, is_member, may_both_be, place_of
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    first: dict[tuple[str, str], Statement] = {}
    branching = branching_sources(kickstart)
    for line in kickstart.all("part", "logvol"):
        place = place_of(line)
        if place is None or not line.has("--grow") or line.has("--maxsize") or line.has_variables:
            continue
        if id(line.source) in branching or (line.name == "part" and is_member(place.text) and not disk_given(line)):
            continue  # members without a disk are spread over disks
        where = disk_given(line) if line.name == "part" else line.get("--vgname") or ""
        other = first.setdefault((line.name, where), line)
        if other is not line and may_both_be(line, other):
            yield line.hit(
                f"{place.text} grows, and so does line {other.line}: they share the room that is left", "--grow"
            )


RULE = Rule(
    code="KB817",
    name="several-grow",
    summary="Two filesystems on one disk or in one volume group grow without a limit.",
    why="They share what is left, by their sizes: on a larger disk both come out otherwise than on a smaller one.",
    hint="give all but one of them --maxsize, or a size without --grow",
    levels=levels("I", vm="-", strict="I"),
    bad=(
        Example(text="part / --size=4096 --grow\n»part /home --size=4096 --grow\n"),
        Example(
            text="logvol / --vgname=vg --name=root --size=9 --grow\n"
            "»logvol /srv --vgname=vg --name=srv --size=9 --grow\n"
        ),
    ),
    good=(
        Example(text="part / --size=4096 --grow --ondisk=sda\npart /home --size=4096 --grow --ondisk=sdb\n"),
        Example(text="part / --size=4096 --grow --maxsize=9000\npart /home --size=4096 --grow\n"),
        Example(text="part raid.1 --size=9 --grow\npart raid.2 --size=9 --grow\n"),
        Example(text="part / --size=9 --grow --ondisk=$A\npart /srv --size=9 --grow --ondisk=$B\n"),
    ),
    check=_check,
)
