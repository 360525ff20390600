"""KB110 target-outside-only-use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.disks import disk_of, is_kernel_name, named_disks, named_partitions, only_used
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


_OPTIONS: Final = ("--ondisk", "--ondrive", "--boot-drive", "--drives")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    only = only_used(kickstart)
    limit = kickstart.last("ignoredisk")
    if not only or limit is None or limit.generated is not None:
        return
    if not all(is_kernel_name(name) for name in only):
        return  # the link of a disk tells nothing of its name
    for line in kickstart.all("part", "bootloader", "clearpart"):
        if line.generated is not None:
            continue
        places = [(disk.name, disk.option) for disk in named_disks(line) if disk.option.name in _OPTIONS]
        places += [(disk_of(part.name), part.option) for part in named_partitions(line)]
        for name, option in places:
            if name not in only and is_kernel_name(name):
                shown = ", ".join(sorted(only))
                yield line.hit(f"{name} is not there: ignoredisk --only-use shows the installer {shown} alone", option)


RULE = Rule(
    code="KB110",
    name="target-outside-only-use",
    summary="A command names a disk that ignoredisk --only-use hides.",
    why=(
        'The installer does not see the disk and stops at the command: "Disk … does not exist". It is as often the '
        "sign that one of the two names is the wrong disk."
    ),
    hint="name the same disk in both, or list both in --only-use",
    levels=levels("E"),
    bad=(
        Example(text="ignoredisk --only-use=sda\n»clearpart --all --drives=sda,sdb\n»part / --size=1 --ondisk=sdb\n"),
        Example(text="»bootloader --boot-drive=nvme0n1\nignoredisk --only-use=nvme1n1\n"),
        Example(text="ignoredisk --only-use=/dev/sda\n»part /srv --onpart=/dev/sdb1\n"),
    ),
    good=(
        Example(
            text="ignoredisk --only-use=sda,sdb\nclearpart --all --drives=/dev/sda\npart / --size=1 --ondisk=sdb\n"
        ),
        Example(text="ignoredisk --only-use=disk/by-id/wwn-1\npart / --size=1 --ondisk=sda\n"),
        Example(text="ignoredisk --only-use=sda|nvme0n1\npart / --size=1 --ondisk=nvme0n1\n"),
        Example(text="ignoredisk --only-use={{ disk }}\npart / --size=1 --ondisk=sda\n"),
        Example(text="ignoredisk --drives=sdb\npart / --size=1 --ondisk=sda\npart /x --size=1 --onpart=LABEL=X\n"),
        Example(text="ignoredisk --only-use=sda\nbootloader --driveorder=sda,sdb\n"),
    ),
    check=_check,
)
