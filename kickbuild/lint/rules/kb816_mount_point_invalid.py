"""KB816 mount-point-invalid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import Severity
from kickbuild.lint.layout import NOT_MOUNTED, VOLUMES, is_member, place_of
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement

#: anaconda.conf must_be_on_root, the same since RHEL 6.
_ON_ROOT: Final = frozenset({"/bin", "/dev", "/sbin", "/etc", "/lib", "/root", "/mnt", "/lost+found", "/proc"})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all(*VOLUMES, "mount"):
        place = place_of(line)
        if place is None or is_variable(place.text) or place.text in NOT_MOUNTED or is_member(place.text):
            continue
        message, severity = _problem(line, place.text)
        if message:
            yield line.hit(message, place, severity=severity)


def _problem(line: Statement, point: str) -> tuple[str, Severity | None]:
    if not point.startswith("/"):
        # Kernel names that swap partitions are given in kickstarts of the first releases: swap.hda2.
        return ("" if point.startswith("swap") else f"the mount point {point} does not begin with /"), None
    if point in _ON_ROOT and line.name != "mount":
        return f"{point} must be on /, not on a filesystem of its own", None
    if point in {"/boot", "/boot/efi"} and line.name == "logvol":
        return f"{point} cannot be a logical volume: neither firmware nor boot loader reads one", None
    if point != "/" and (point.endswith("/") or "//" in point):
        plain = "/" + "/".join(piece for piece in point.split("/") if piece)
        return f"the mount point {point} is better written {plain}", Severity.WARNING
    return "", None


RULE = Rule(
    code="KB816",
    name="mount-point-invalid",
    summary="A mount point is one that the installer does not accept.",
    why=(
        "The installer stops at the line or refuses the layout: what is needed before other filesystems are mounted "
        "must be on /."
    ),
    levels=levels("E"),
    bad=(
        Example(text="part / --size=4096\n»part home --size=4096\n"),
        Example(text="part / --size=4096\n»logvol /etc --vgname=vg --name=etc --size=512\n"),
        Example(text="»logvol /boot --vgname=vg --name=boot --size=1024\n"),
        Example(text="»part /var/log/ --size=1024\n"),
    ),
    good=(
        Example(
            text="part swap --size=1\npart None --fstype=prepboot --size=8\npart biosboot --size=1\npart / --size=9\n"
        ),
        Example(text="part raid.1 --size=9\npart raid.2 --size=9\nraid pv.1 --level=1 --device=md0 raid.1 raid.2\n"),
        Example(
            text="logvol none --vgname=vg --name=pool --thinpool --size=9\nlogvol /usr --vgname=vg --name=u --size=9\n"
        ),
        Example(text="mount /dev/sda1 /boot\nmount /dev/sda3 swap\nmount /dev/sda4 none\n"),
        Example(text="part $MOUNT --size=9\npart {{ mount }} --size=9\n"),
        Example(text="btrfs none --label=os btrfs.1\nbtrfs /home --subvol --name=home os\n", release="fedora43"),
    ),
    check=_check,
)
