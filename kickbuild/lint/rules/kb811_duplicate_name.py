"""KB811 duplicate-name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.layout import VOLUMES, Name, branching_sources, defined_members, may_both_be, mount_point, place_of
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    seen: dict[tuple[str, str], Name] = {}
    branching = branching_sources(kickstart)
    for kind, name in _names(kickstart):
        if is_variable(name.text) or id(name.statement.source) in branching:
            continue
        first = seen.setdefault((kind, name.text), name)
        if first is not name and may_both_be(first.statement, name.statement):
            shown = name.text.partition("\0")[0]
            yield name.statement.hit(f"{kind} {shown} is in line {first.statement.line} already", name.word)


def _names(kickstart: Kickstart) -> Iterator[tuple[str, Name]]:
    for line in kickstart.all(*VOLUMES, "mount"):
        point, place = mount_point(line), place_of(line)
        if point and place:
            yield "the mount point", Name(point, line, place)
    for name in defined_members(kickstart):
        yield "the member", name
    for line in kickstart.all("volgroup"):
        if line.arguments:
            yield "the volume group", Name(line.arguments[0].text, line, line.arguments[0])
    for line in kickstart.all("logvol"):
        volume, group = line.get("--name"), line.get("--vgname")
        if volume and group and not is_variable(group):
            yield "the logical volume", Name(f"{volume}\0{group}", line, line.words[0])
    for line in kickstart.all("raid"):
        device = line.get("--device")
        if device:
            yield "the array", Name(device.removeprefix("/dev/"), line, line.words[0])


RULE = Rule(
    code="KB811",
    name="duplicate-name",
    summary="Two lines make a filesystem for the same mount point, or something of the same name.",
    why=(
        "Two members, arrays or volumes of one name stop the installer. Of two filesystems for one mount point it "
        "makes the second and destroys the first."
    ),
    hint="remove one of them, or rename it",
    levels=levels("E"),
    bad=(
        Example(text="part / --size=4096\npart /boot --size=1024\n»part /boot --size=512\n"),
        Example(text="part pv.1 --size=4096\n»part pv.1 --size=4096\nvolgroup vg pv.1\n"),
        Example(
            text="part pv.1 --size=9000\nvolgroup vg pv.1\nlogvol / --vgname=vg --name=root --size=4096\n"
            "»logvol /var --vgname=vg --name=root --size=4096\n"
        ),
        Example(
            text="part raid.1 --size=9\npart raid.2 --size=9\npart raid.3 --size=9\npart raid.4 --size=9\n"
            "raid / --level=1 --device=md0 raid.1 raid.2\n»raid /srv --level=1 --device=md0 raid.3 raid.4\n"
        ),
    ),
    good=(
        Example(text="part swap --size=1024\npart swap --size=1024\npart / --size=4096\n"),
        Example(text="part None --fstype=prepboot --size=8\npart None --fstype=biosboot --size=1\n"),
        Example(
            text="part pv.1 --size=9000\npart pv.2 --size=9000\nvolgroup one pv.1\nvolgroup two pv.2\n"
            "logvol / --vgname=one --name=data --size=4096\nlogvol /srv --vgname=two --name=data --size=4096\n"
        ),
        Example(
            text="%include /tmp/disks\n%pre\nif [ -b /dev/sdb ]; then\necho 'part / --size=9' > /tmp/disks\n"
            "else\necho 'part / --size=8' > /tmp/disks\nfi\n%end\n"
        ),
        Example(text="{% if big %}\npart / --size=9000\n{% else %}\npart / --size=4000\n{% endif %}\n"),
        Example(text="%include base.ks\npart / --size=9000\n", files={"base.ks": "part / --size=4000\n"}),
    ),
    check=_check,
)
