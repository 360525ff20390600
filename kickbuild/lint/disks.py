"""The disks that commands name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Option, Statement

#: Command -> its options that name disks.
DISK_OPTIONS: Final = {
    "bootloader": ("--boot-drive", "--driveorder"),
    "clearpart": ("--drives",),
    "ignoredisk": ("--drives", "--only-use"),
    "part": ("--ondisk", "--ondrive"),
}
#: Command -> its options that name partitions.
PARTITION_OPTIONS: Final = {
    "clearpart": ("--list",),
    "part": ("--onpart", "--usepart", "--onprimary"),
}
#: Names that the kernel gives in the order in which it finds disks. Disks of virtual machines (vda, xvda) are left out.
_KERNEL_NAME: Final = re.compile(r"(?:[sh]d[a-z]{1,3}|nvme\d+n\d+|mmcblk\d+|cciss/c\d+d\d+)")
_VIRTUAL: Final = re.compile(r"x?vd[a-z]{1,3}")
_PARTITION: Final = re.compile(r"([shxv]v?d[a-z]{1,3})\d+|(nvme\d+n\d+|mmcblk\d+|cciss/c\d+d\d+|nbd\d+|md\d+)p\d+")


@dataclass(frozen=True, slots=True)
class DiskName:
    """A disk by the name that a command gives it: ``name`` without ``/dev/``."""

    name: str
    option: Option

    @property
    def is_variable(self) -> bool:
        """Whether only a shell or a template engine knows it."""
        return is_variable(self.name)

    @property
    def is_pattern(self) -> bool:
        """Whether it may match several disks."""
        return any(char in self.name for char in "*?[")


def plain(name: str) -> str:
    """Return a disk's name without ``/dev/``."""
    return name.removeprefix("/dev/")


def named_disks(statement: Statement, *options: str) -> Iterator[DiskName]:
    """Yield the disks that a command names, in all of its options that do or only in ``options``."""
    for option in statement.options:
        if option.name in (options or DISK_OPTIONS.get(statement.name, ())):
            for value in option.values:
                yield DiskName(plain(value), option)


def is_unstable(name: str) -> bool:
    """Return whether a name is the kernel's, which may be another disk's at the next boot.

    A virtual machine's disk (``vda``, ``xvda``) is not counted: it has one.
    """
    return bool(_KERNEL_NAME.fullmatch(plain(name)))


def is_virtual(name: str) -> bool:
    """Return whether a name is that of a virtual machine's disk: ``vda``, ``xvda``."""
    return bool(_VIRTUAL.fullmatch(plain(name)))


def is_kernel_name(name: str) -> bool:
    """Return whether a name is the kernel's, a virtual machine's disk among them: two such names are two disks."""
    return is_unstable(name) or is_virtual(name)


def disk_of(name: str) -> str:
    """Return the disk that a partition is on, by the kernel's names; another name comes back as it is."""
    name = plain(name)
    match = _PARTITION.fullmatch(name)
    if match:
        return match[1] or match[2]
    return re.sub(r"^(disk/by-(?:id|path)/.+)-part\d+$", r"\1", name)


def named_partitions(statement: Statement) -> Iterator[DiskName]:
    """Yield the partitions that a command names."""
    for option in statement.options:
        if option.name in PARTITION_OPTIONS.get(statement.name, ()):
            for value in option.values:
                yield DiskName(plain(value), option)


def only_used(kickstart: Kickstart) -> frozenset[str] | None:
    """Return the disks of ``ignoredisk --only-use``, of the last one, which counts; None where it is not given."""
    line = next((line for line in reversed(kickstart.statements) if _is_only_use(line)), None)
    return frozenset(disk.name for disk in named_disks(line, "--only-use")) if line else None


def _is_only_use(line: Statement) -> bool:
    return line.name == "ignoredisk" and line.has("--only-use")
