"""KB815 filesystem-unsupported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import Severity
from kickbuild.lint.layout import NOT_MOUNTED, is_member, mount_point, place_of, reuses
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.release import LintRelease
    from kickbuild.lint.statement import Statement

#: What blivet's formats, and those of the installers before it, are called; in lower case.
_KNOWN: Final = frozenset(
    {
        "ext2", "ext3", "ext4", "xfs", "btrfs", "vfat", "fat", "msdos", "efi", "efi system partition", "swap",
        "lvmpv", "physical volume (lvm)", "mdmember", "software raid", "biosboot", "bios boot", "prepboot",
        "ppc prep boot", "appleboot", "apple bootstrap", "hfs", "hfs+", "macefi", "linux hfs+ esp", "reiserfs", "jfs",
        "gfs2", "f2fs", "ntfs", "tmpfs", "luks", "iso9660", "udf", "nfs", "stratis", "ocfs2", "gfs",
    }
)  # fmt: skip
#: Left out of the kernels of RHEL 7 and later.
_GONE: Final = frozenset({"reiserfs", "jfs", "gfs", "ocfs2"})
_FAT: Final = frozenset({"vfat", "fat", "msdos", "efi", "efi system partition", "macefi", "hfs+", "linux hfs+ esp"})
#: anaconda.conf must_be_on_linuxfs, and /boot.
_LINUX_ONLY: Final = frozenset({"/", "/boot", "/var", "/tmp", "/usr", "/home", "/usr/share", "/usr/lib"})  # noqa: S108


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("part", "logvol", "raid"):
        fstype = (line.get("--fstype") or "").lower()
        place = place_of(line)
        if not fstype or is_variable(fstype) or place is None or line.has("--thinpool"):
            continue
        if is_member(place.text) or place.text in NOT_MOUNTED - {"none", "None"}:
            continue  # what it is decides, and --fstype is not looked at
        message, severity = _problem(line, fstype, kickstart.release)
        if message:
            yield line.hit(message, "--fstype", severity=severity)


def _problem(line: Statement, fstype: str, release: LintRelease) -> tuple[str, Severity | None]:
    point = mount_point(line)
    if fstype not in _KNOWN:
        return f"there is no filesystem {fstype}", None
    if fstype in _GONE and release.level >= 7 and not release.is_fedora:
        return f"{release.title} has no {fstype}", None
    if point == "/boot/efi" and fstype not in _FAT:
        # For a partition the installer looks at no --fstype here: it is always made an EFI system partition.
        return f"/boot/efi is an efi filesystem, not {fstype}", Severity.WARNING if line.name == "part" else None
    foreign = fstype in _FAT | {"ntfs", "swap"} and (point != "/boot" or fstype != "vfat")
    if point in _LINUX_ONLY and foreign:
        # Boards whose firmware reads the kernel have /boot on vfat.
        return f"{point} cannot be {fstype}: it must be a Linux filesystem", None
    return "" if reuses(line) else _old(point, fstype, release), None


def _old(point: str, fstype: str, release: LintRelease) -> str:
    """Return what RHEL 5 and 6 mind: storage/__init__.py sanityCheck and platform.py bootFSTypes of rhel6-branch."""
    if release.is_fedora or release.level > 6:
        return ""
    if fstype == "btrfs" or (fstype == "xfs" and point == "/"):
        return f"{release.title} cannot have {point or 'this'} on {fstype}"
    if point == "/boot" and fstype not in {"ext2", "ext3", "ext4"}:
        return f"{release.title} cannot boot from {fstype}"
    return ""


RULE = Rule(
    code="KB815",
    name="filesystem-unsupported",
    summary="A filesystem is asked for that does not exist, or that cannot be mounted there.",
    why="The installer stops at the line or refuses the layout, and nothing is installed.",
    levels=levels("E"),
    bad=(
        Example(text="»part / --fstype=ext5 --size=4096\n"),
        Example(text="»part /boot/efi --fstype=ext4 --size=600\n"),
        Example(text="»part /boot --fstype=efi --size=1024\n"),
        Example(text="»part /home --fstype=vfat --size=1024\n"),
        Example(text="»part / --fstype=xfs --size=4096\n", release="rhel6"),
        Example(text="»part /srv --fstype=reiserfs --size=4096\n"),
    ),
    good=(
        Example(text="part /boot/efi --fstype=efi --size=600\npart /boot --fstype=xfs --size=1024\n"),
        Example(text='part /boot/efi --fstype="EFI System Partition" --size=600\n'),
        Example(text="part /boot/efi --fstype=vfat --size=600\npart /data --fstype=vfat --size=9\n"),
        Example(text='part None --fstype="PPC PReP Boot" --size=8\npart biosboot --fstype=biosboot --size=1\n'),
        Example(text="part raid.1 --fstype=raid --size=9\npart swap --fstype=linux-swap --size=9\n"),
        Example(text="logvol none --fstype=None --thinpool --vgname=vg --name=pool --size=9\n"),
        Example(text="part /boot --fstype=vfat --size=300\n"),
        Example(text="part / --fstype=$FS --size=4096\npart pv.1 --fstype=lvmpv --size=9\n"),
        Example(text="part / --fstype=btrfs --size=4096\n", release="fedora43"),
    ),
    check=_check,
)
