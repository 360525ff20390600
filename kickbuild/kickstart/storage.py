"""The storage commands: the lines that the guard writes into the include once it knows the one disk.

``@TARGET@`` stands for that disk, ``@OTHERS@`` for every disk that is neither it nor the rebuild drive; the guard
leaves out a line with ``@OTHERS@`` where there is no such disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.profile.storage import Filesystem, Layout, Part
from kickbuild.quoting import kickstart_quote
from kickbuild.releases.model import BootDriveOption
from kickbuild.units import GIB, MIB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kickbuild.profile.storage import Storage
    from kickbuild.releases.model import Capabilities

TARGET: Final = "@TARGET@"
OTHERS: Final = "@OTHERS@"
_GROUP: Final = "system"

#: Without a size of its own swap takes what the installer recommends for the box's memory.
_RECOMMENDED: Final = 0
_DEFAULT: Final = (
    Part.model_construct(mount="/boot", size=1 * GIB, grow=False, filesystem=None),
    Part.model_construct(mount="swap", size=_RECOMMENDED, grow=False, filesystem=None),
    Part.model_construct(mount="/", size=4 * GIB, grow=True, filesystem=None),
)


@dataclass(frozen=True, slots=True)
class StorageLine:
    """One storage command; ``firmware`` is ``bios`` or ``uefi`` where it is for boxes that boot so."""

    text: str
    firmware: str = ""


def storage_lines(
    storage: Storage, can: Capabilities, arch: str, arguments: Sequence[str] = ()
) -> tuple[StorageLine, ...]:
    """Return the commands that erase and divide the target, and no other disk; ``storage.lines`` come after them.

    ``arguments`` are kernel arguments of the new system.
    """
    lines = [
        *selection_lines(can),
        loader_line(can, arguments),
        StorageLine("zerombr"),
        StorageLine(f"clearpart --all --initlabel --drives={TARGET}"),
        *firmware_lines(can, arch),
    ]
    parts = _parts(storage)
    if storage.layout is Layout.LVM:
        lines += _lvm(parts, storage, can)
    else:
        lines += [_partition(part, storage, can) for part in parts]
    return tuple(lines)


def loader_line(can: Capabilities, arguments: Sequence[str]) -> StorageLine:
    """Return the command that puts the boot loader on the target; ``arguments`` are the new system's."""
    append = f" --append={kickstart_quote(' '.join(arguments))}" if arguments else ""
    return StorageLine(f"bootloader --location=mbr --{can.boot_drive_option}={TARGET}{append}")


def selection_lines(can: Capabilities) -> tuple[StorageLine, ...]:
    """Return the command that keeps the installer's hands off every other disk.

    Where ``ignoredisk --only-use`` would hide the source from the installer, the other disks are named instead: zerombr
    there writes a label on any visible disk whose content it does not recognise (blivet, rhel7-branch).
    """
    if can.ignoredisk_hides_source:
        return (StorageLine(f"ignoredisk --drives={OTHERS}"),)
    return (StorageLine(f"ignoredisk --only-use={TARGET}"),)


def firmware_lines(can: Capabilities, arch: str) -> tuple[StorageLine, ...]:
    """Return the partitions that the box's firmware boots from."""
    if can.reqpart:
        return (StorageLine("reqpart"),)
    if arch.startswith("ppc"):
        return (StorageLine(f"part prepboot --fstype=prepboot --size=8 --ondisk={TARGET}"),)
    efi = StorageLine(f"part /boot/efi --fstype=efi --size=200 --ondisk={TARGET}", firmware="uefi")
    if can.boot_drive_option is BootDriveOption.DRIVEORDER:
        return (efi,)  # RHEL 6 puts a DOS label on a disk that boots by BIOS: nothing to add
    return (efi, StorageLine(f"part biosboot --fstype=biosboot --size=1 --ondisk={TARGET}", firmware="bios"))


def least_target_size(storage: Storage) -> int:
    """Return the bytes that the layout needs at the least."""
    return sum(part.size for part in _parts(storage)) + 1 * GIB


def _parts(storage: Storage) -> tuple[Part, ...]:
    if storage.layout is Layout.CUSTOM:
        return storage.part
    own = {part.mount: part for part in storage.part}
    defaults = [own.pop(part.mount, part) for part in _DEFAULT]
    if any(part.grow for part in own.values()):
        # Only one partition takes the rest of the disk, and the user chose another than the root filesystem.
        defaults = [p if p.mount in {o.mount for o in storage.part} else _still(p) for p in defaults]
    return (*defaults, *own.values())


def _still(part: Part) -> Part:
    return part.model_copy(update={"grow": False, "size": max(part.size, 8 * GIB) if part.grow else part.size})


def _filesystem(part: Part, storage: Storage, can: Capabilities) -> str:
    if part.mount == "swap" or part.filesystem is Filesystem.SWAP:
        return "swap"
    if part.filesystem is not None:
        return part.filesystem
    chosen = storage.filesystem or Filesystem(can.default_filesystem)
    # GRUB legacy reads no xfs.
    if part.mount == "/boot" and can.boot_drive_option is BootDriveOption.DRIVEORDER and chosen is Filesystem.XFS:
        return Filesystem.EXT4
    return chosen


def _size(part: Part) -> str:
    if part.size == _RECOMMENDED:
        return "--recommended"
    grow = " --grow" if part.grow else ""
    return f"--size={-(-part.size // MIB)}{grow}"


def _partition(part: Part, storage: Storage, can: Capabilities) -> StorageLine:
    filesystem = _filesystem(part, storage, can)
    return StorageLine(f"part {part.mount} --fstype={filesystem} {_size(part)} --ondisk={TARGET}")


def _lvm(parts: tuple[Part, ...], storage: Storage, can: Capabilities) -> list[StorageLine]:
    boot = [part for part in parts if part.mount == "/boot"]
    volumes = [part for part in parts if part.mount != "/boot"]
    lines = [_partition(part, storage, can) for part in boot]
    # Room for the volumes, and for a swap whose size only the installer knows.
    least = -(-sum(part.size for part in volumes) // MIB) + 64
    lines.append(StorageLine(f"part pv.01 --fstype=lvmpv --size={least} --grow --ondisk={TARGET}"))
    lines.append(StorageLine(f"volgroup {_GROUP} pv.01"))
    for part in volumes:
        name = "root" if part.mount == "/" else part.mount.strip("/").replace("/", "_").replace("-", "_")
        filesystem = _filesystem(part, storage, can)
        lines.append(
            StorageLine(f"logvol {part.mount} --vgname={_GROUP} --name={name} --fstype={filesystem} {_size(part)}")
        )
    return lines
