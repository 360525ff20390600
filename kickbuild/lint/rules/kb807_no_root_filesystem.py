"""KB807 no-root-filesystem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.layout import VOLUMES, is_made_by_hand, is_whole, mount_points
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not is_whole(kickstart) or not is_made_by_hand(kickstart):
        return
    first = kickstart.first(*VOLUMES, "mount")
    if first is not None and "/" not in mount_points(kickstart):
        yield first.hit("there is no filesystem for /: the installer stops at the partitions")


RULE = Rule(
    code="KB807",
    name="no-root-filesystem",
    summary="Partitions are laid out, and none of them is /.",
    why="The installer refuses the layout and waits for somebody to mend it.",
    hint="add a part, logvol, raid or btrfs line for /",
    levels=levels("E"),
    bad=(
        Example(text="lang en_US\nrootpw --lock\n»part /boot --size=1024\npart /home --size=4096\n"),
        Example(
            text="lang en_US\nrootpw --lock\n»part pv.1 --size=9000\nvolgroup vg pv.1\n"
            "logvol /var --vgname=vg --name=var --size=4096\n"
        ),
    ),
    good=(
        Example(text="lang en_US\nrootpw --lock\npart /boot --size=1024\npart / --size=4096\n"),
        Example(text="lang en_US\nrootpw --lock\nreqpart\nautopart\n"),
        Example(text="lang en_US\nrootpw --lock\nmount /dev/sda2 /\nmount /dev/sda1 /boot\n"),
        Example(
            text="lang en_US\nrootpw --lock\npart btrfs.1 --size=9000\nbtrfs none --label=os btrfs.1\n"
            "btrfs / --subvol --name=root LABEL=os\n",
            release="fedora43",
        ),
        Example(text="lang en_US\nrootpw --lock\npart /boot --size=1024\n%include /tmp/rest.ks\n"),
        Example(
            text="lang en_US\nrootpw --lock\n%include /tmp/disks\n%pre\n"
            "echo 'part /boot --size=1024' > /tmp/disks\necho 'part / --size=9000' >> /tmp/disks\n%end\n"
        ),
        Example(text="lang en_US\nrootpw --lock\npart /boot --size=1024\npart $ROOT --size=9000\n"),
        Example(text="zerombr\nclearpart --none\npart /boot --size=1024\n"),
        Example(text="lang en_US\nrootpw --lock\npart /boot --size=1024\n%packages\n# a tool puts the rest here\n"),
    ),
    check=_check,
)
