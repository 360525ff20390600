"""KB809 undefined-member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.layout import defined_members, has_unknown_names, reuses, used_members, volume_groups
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not kickstart.is_complete or has_unknown_names(kickstart):
        return
    members = {name.text for name in defined_members(kickstart)}
    for name in used_members(kickstart):
        if name.text not in members:
            yield name.statement.hit(f"no part or raid line makes {name.text}", name.word)
    groups = {name.text for name in volume_groups(kickstart)}
    for line in kickstart.all("logvol"):
        group = line.get("--vgname")
        if group and group not in groups and not reuses(line):
            yield line.hit(
                f"no volgroup line makes {group}",
                "--vgname",
                hint=f"add `volgroup {group} pv.…`; for one that is on the disk, `volgroup {group} --useexisting`",
            )


RULE = Rule(
    code="KB809",
    name="undefined-member",
    summary="A volume is made of something that no line makes.",
    why="The installer stops at the line: the partition, array or volume group that it names does not exist.",
    hint="the names must be the same to the letter: pv.1 is not pv.01",
    levels=levels("E"),
    bad=(
        Example(text="lang en_US\nrootpw --lock\npart pv.1 --size=9000\n»volgroup vg pv.01\n"),
        Example(
            text="lang en_US\nrootpw --lock\npart pv.1 --size=9000\nvolgroup vg pv.1\n"
            "»logvol / --vgname=vg0 --name=root --size=4096\n"
        ),
        Example(text="lang en_US\nrootpw --lock\npart raid.1 --size=9\n»raid / --level=1 --device=md0 raid.1 raid.2\n"),
        Example(
            text="lang en_US\nrootpw --lock\npart btrfs.1 --size=9000\n»btrfs / --label=os btrfs.1 btrfs.2\n",
            release="fedora43",
        ),
    ),
    good=(
        Example(
            text="lang en_US\nrootpw --lock\npart raid.1 --size=9000\npart raid.2 --size=9000\n"
            "raid pv.1 --level=1 --device=md0 raid.1 raid.2\nvolgroup vg pv.1\n"
            "logvol / --vgname=vg --name=root --size=4096\n"
        ),
        Example(
            text="lang en_US\nrootpw --lock\nlogvol / --vgname=old --name=root --useexisting\n"
            "volgroup data --useexisting\nlogvol /srv --vgname=data --name=srv --size=9\n"
        ),
        Example(text="lang en_US\nrootpw --lock\n%include /tmp/disks\nvolgroup vg pv.1\n"),
        Example(text="lang en_US\nrootpw --lock\npart pv.$DISK --size=9000\nvolgroup vg pv.1\n"),
    ),
    check=_check,
)
