"""KB203 harddrive-unstable-name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.disks import disk_of, is_unstable, plain
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("harddrive"):
        name = plain(line.get("--partition") or "")
        if is_unstable(disk_of(name)):
            yield line.hit(f"{name} may be a partition of another disk at the next boot", "--partition")
        elif name.startswith("mapper/live-"):
            yield line.hit(f"{name} exists only where the installer runs from a live image", "--partition")
    for line in kickstart.all("repo"):
        kind, _, rest = (line.get("--baseurl") or "").partition(":")
        name = plain(rest.partition(":")[0])
        if kind == "hd" and is_unstable(disk_of(name)):
            yield line.hit(f"{name} may be a partition of another disk at the next boot", "--baseurl")


RULE = Rule(
    code="KB203",
    name="harddrive-unstable-name",
    summary="The partition with the installation source is named by the kernel's name, which can change.",
    why=(
        "sdb1 is on whichever disk the kernel finds second. At another boot the installer finds no source there and "
        "waits, or finds an older one."
    ),
    hint="name the filesystem: --partition=LABEL=… or --partition=UUID=…",
    levels=levels("W", "E"),
    bad=(
        Example(text="»harddrive --partition=sdb1 --dir=/el9\n"),
        Example(text="»harddrive --partition=/dev/nvme0n1p3 --dir=/el9/dvd.iso\n"),
        Example(text="»harddrive --partition=/dev/mapper/live-base --dir=/\n"),
        Example(text="»repo --name=extra --baseurl=hd:sdb1:/extra\n"),
    ),
    good=(
        Example(text="harddrive --partition=LABEL=REBUILD --dir=/el9/dvd.iso\n"),
        Example(text="harddrive --partition=/dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part1 --dir=/el9/dvd.iso\n"),
        Example(text="harddrive --partition=vdb1 --dir=/el9\n"),
        Example(text="harddrive --partition={{ partition }} --dir=/el9\n"),
        Example(text="harddrive --partition=sdb1 --dir=/el5\n", release="rhel5"),
    ),
    check=_check,
    since=6,
)
