"""KB814 partition-too-small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import Severity
from kickbuild.lint.layout import mount_point, reuses
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.release import LintRelease
    from kickbuild.lint.statement import Statement

#: MiB below which the installer warns: anaconda.conf min_partition_sizes, before RHEL 8 in its storage checks.
_LEAST: Final = {"/": 250, "/usr": 250, "/tmp": 50, "/var": 384, "/home": 100}  # noqa: S108 - mount points
#: A /boot of so much, which was the default for years, holds what RHEL 8 and later put there.
_ENOUGH: Final = 400
#: blivet's EFIFS._min_size: below that the installer stops.
_LEAST_EFI: Final = 50
#: mkfs.xfs from 5.19 on refuses less; RHEL 10 and Fedora 40 have that.
_LEAST_XFS: Final = 300


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("part", "logvol"):
        point = mount_point(line)
        size = _size(line)
        if not point or size is None or reuses(line):
            continue
        least = _least(point, kickstart.release)
        if point == "/boot/efi" and size < _LEAST_EFI:
            message = f"/boot/efi of {size} MiB is less than the {_LEAST_EFI} MiB that the installer accepts"
            yield line.hit(message, "--size", severity=Severity.ERROR)
        elif line.get("--fstype") == "xfs" and size < _LEAST_XFS and kickstart.release.level >= 10:
            message = f"{point} of {size} MiB cannot be xfs: mkfs.xfs refuses less than {_LEAST_XFS} MiB"
            yield line.hit(message, "--size", severity=Severity.ERROR)
        elif size < least:
            message = f"{point} of {size} MiB is less than the {least} MiB that the installer recommends"
            yield line.hit(message, "--size", severity=Severity.INFO if size >= _ENOUGH else None)


def _size(line: Statement) -> int | None:
    """Return the most that it can become; None where that cannot be told."""
    if line.has_variables:
        return None
    return line.number("--maxsize") if line.has("--grow") else line.number("--size")


def _least(point: str, release: LintRelease) -> int:
    if point == "/boot":
        return 75 if release.level < 7 else 200 if release.level == 7 else 512
    return _LEAST.get(point, 0)


RULE = Rule(
    code="KB814",
    name="partition-too-small",
    summary="A filesystem is smaller than the installer recommends for what is to be in it.",
    why=(
        "The installation or the first update runs out of room: a /boot that holds two kernels has none for the third."
    ),
    levels=levels("W"),
    bad=(
        Example(text="»part /boot --size=200\npart / --size=4096\n"),
        Example(text="»part /boot --size=50\npart / --size=4096\n", release="rhel6"),
        Example(text="»part /boot/efi --size=20\npart / --size=4096\n"),
        Example(text="»logvol /var --vgname=vg --name=var --size=256\n"),
        Example(text="»part / --size=100 --grow --maxsize=200\n"),
        Example(text="»part /srv --fstype=xfs --size=200\n", release="rhel10"),
    ),
    good=(
        Example(text="part /boot --size=200\npart / --size=4096\n", release="centos7"),
        Example(text="part /boot --size=1024\npart / --size=1 --grow\n"),
        Example(
            text="logvol /var --vgname=vg --name=var --percent=10\nlogvol swap --vgname=vg --name=swap --size=64\n"
        ),
        Example(text="part /boot --size=$BOOT\npart / --onpart=sda1 --size=1\n"),
    ),
    check=_check,
)
