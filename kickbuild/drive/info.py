"""Disks, partitions and mounts as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDevice:
    """A block device: a whole disk, a partition, or something built on others (dm, md)."""

    name: str
    """The kernel's name, ``sda1``."""
    number: str
    """Major and minor number, ``8:1``."""
    size: int
    """Bytes."""
    parent: str = ""
    """The whole disk of a partition."""
    members: tuple[str, ...] = ()
    """What a device-mapper or md device is built on."""
    fs_type: str = ""
    fs_uuid: str = ""
    fs_label: str = ""
    serial: str = ""
    """The serial number to write into a profile."""
    serials: tuple[str, ...] = ()
    """Every text that some tool shows as its serial number."""
    wwn: str = ""
    model: str = ""
    by_id: tuple[str, ...] = ()
    by_path: tuple[str, ...] = ()
    removable: bool = False
    read_only: bool = False

    @property
    def path(self) -> str:
        """The device node."""
        return f"/dev/{self.name}"

    @property
    def is_disk(self) -> bool:
        """Whether it is a whole disk that could be a target."""
        virtual = ("loop", "ram", "zram", "sr", "fd", "dm-", "md", "nbd")
        return not self.parent and not self.members and self.size > 0 and not self.name.startswith(virtual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One line of /proc/self/mountinfo."""

    point: str
    root: str
    """The directory of the filesystem that is mounted: ``/`` unless it is a bind mount or a subvolume."""
    number: str
    fs_type: str
    source: str
    options: frozenset[str] = field(default_factory=frozenset)
    id: int = 0

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written there."""
        return "ro" in self.options
