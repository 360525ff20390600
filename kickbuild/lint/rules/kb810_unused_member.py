"""KB810 unused-member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.layout import defined_members, has_unknown_names, used_members
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart

_USERS = {"pv": "volgroup", "raid": "raid", "btrfs": "btrfs"}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not kickstart.is_complete or has_unknown_names(kickstart):
        return
    used = {name.text for name in used_members(kickstart)}
    for name in defined_members(kickstart):
        if name.text not in used:
            user = _USERS[name.text.partition(".")[0]]
            yield name.statement.hit(f"no {user} line uses {name.text}: its room is lost", name.word)


RULE = Rule(
    code="KB810",
    name="unused-member",
    summary="A member for a volume group, array or btrfs volume is made and never used.",
    why="Its room on the disk is taken, and nothing can be stored there; often the line that should name it is wrong.",
    hint="name it in the volume that it is for, or remove the line",
    levels=levels("W"),
    bad=(
        Example(
            text="lang en_US\nrootpw --lock\npart pv.1 --size=9000\n»part pv.2 --size=9000\nvolgroup vg pv.1\n"
            "logvol / --vgname=vg --name=root --size=4096\n"
        ),
        Example(text="lang en_US\nrootpw --lock\n»part raid.1 --size=9000\npart / --size=4096\n"),
    ),
    good=(
        Example(text="lang en_US\nrootpw --lock\npart pv.1 --size=9000\nvolgroup vg pv.1\n"),
        Example(text="lang en_US\nrootpw --lock\npart pv.1 --size=9000\n%include /tmp/lvm.ks\n"),
        Example(
            text="lang en_US\nrootpw --lock\npart pv.1 --size=9\npart pv.2 --size=9\nvolgroup vg pv.1 pv.2\n"
            "logvol / --vgname=vg --name=root --size=4096 --cachepvs=pv.2 --cachesize=1000\n"
        ),
        Example(text="lang en_US\nrootpw --lock\npart pv.1 --size=9000\nvolgroup vg $PVS\n"),
    ),
    check=_check,
)
