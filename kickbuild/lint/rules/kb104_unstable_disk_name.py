"""KB104 unstable-disk-name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.disks import disk_of, is_unstable, named_disks, named_partitions
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.statements:
        for disk in (*named_disks(line), *named_partitions(line)):
            if is_unstable(disk_of(disk.name)):
                # Once: whoever writes sda writes it everywhere.
                yield line.hit(f"{disk_of(disk.name)} may be another disk at the next boot", disk.option)
                return


RULE = Rule(
    code="KB104",
    name="unstable-disk-name",
    summary="A disk is named by the kernel's name, which can change from boot to boot.",
    why=(
        "sda is whichever disk the kernel finds first. With a second controller, a USB stick or a slower disk it is "
        "another one than yesterday, and the installer erases that."
    ),
    hint="name it by what it is: /dev/disk/by-id/… (`kickbuild drives` shows the names)",
    levels=levels("I", "W", vm="-", strict="W"),
    bad=(
        Example(text="»clearpart --all --drives=sda\npart / --size=4096 --ondisk=sda\n"),
        Example(text="»part / --size=4096 --ondisk=/dev/nvme0n1\n"),
        Example(text="»part / --onpart=sda2\n"),
    ),
    good=(
        Example(text="clearpart --all --drives=/dev/disk/by-id/wwn-0x5000c500a1b2c3d4\n"),
        Example(text="clearpart --all --drives=vda\n"),
        Example(text="clearpart --all --drives=xvda\npart / --onpart=LABEL=sda1\n"),
    ),
    check=_check,
    since=6,
)
