"""The reasons not to make a drive where the user wants it: pure, and all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.drive.ref import RESERVED_LABELS, SAFE_LABEL, RefKind
from kickbuild.errors import Problem
from kickbuild.units import GIB, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kickbuild.drive.info import BlockDevice, Mount
    from kickbuild.drive.tree import Filesystem
    from kickbuild.profile.model import Target
    from kickbuild.releases.model import Capabilities

SUPPORTED: Final = ("ext4", "ext3", "ext2", "xfs", "vfat")
_LABEL_LIMITS: Final = {"ext4": 16, "ext3": 16, "ext2": 16, "xfs": 12, "vfat": 11}
_VFAT_LARGEST: Final = 4 * GIB - 1
_NETWORK: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "glusterfs", "fuse.sshfs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one profile needs of the drive: its name, the release, the disk that is wiped, its largest file in bytes."""

    name: str
    find_by: RefKind
    label: str
    can: Capabilities
    target: Target
    largest: int


def filesystem_refusals(filesystem: Filesystem, needs: Sequence[Need], where: str) -> list[Problem]:
    """Return what speaks against the filesystem itself."""
    found: list[Problem] = []
    if filesystem.type not in SUPPORTED:
        hint = f"use a filesystem that every installer reads: {', '.join(SUPPORTED)}"
        found.append(Problem(f"{where} has the filesystem {filesystem.type or '(none)'}", hint=hint))
    found += [
        Problem(
            f"{where} has {filesystem.type}, which {need.can.family} cannot install from (profile {need.name})",
            hint=f"it reads {', '.join(need.can.filesystems)}",
        )
        for need in needs
        if filesystem.type in SUPPORTED and _like(filesystem.type) not in need.can.filesystems
    ]
    found += _label_refusals(filesystem, needs, where)
    if filesystem.type == "vfat":
        found += [
            Problem(
                f"the profile {need.name} needs a file of {format_size(need.largest)}, and vfat holds none above 4 GiB",
                hint="use ext4 or xfs for the drive, or a smaller ISO",
            )
            for need in needs
            if need.largest > _VFAT_LARGEST
        ]
    return found


def new_label_refusals(filesystem: Filesystem, needs: Sequence[Need], where: str) -> list[Problem]:
    """Return what speaks against the label that a new image is to get; what a profile says of it is checked there."""
    label, limit = filesystem.label, _LABEL_LIMITS[filesystem.type]
    if not label:
        return []
    found: list[Problem] = []
    by_label = any(need.find_by is RefKind.LABEL for need in needs)
    if (not SAFE_LABEL.fullmatch(label) and not by_label) or (filesystem.type == "vfat" and "." in label):
        letters = "letters, digits, '_' and '-'" + ("" if filesystem.type == "vfat" else " and '.'")
        found.append(Problem(f"{where} cannot have the label {label!r}", hint=f"use {letters} only"))
    if len(label.encode()) > limit and label not in {need.label for need in needs}:
        message = f"the label {label} has more than the {limit} bytes that {filesystem.type} holds"
        found.append(Problem(message, hint="give a shorter --label"))
    return found


def space_refusal(wanted: int, free: int, where: str) -> list[Problem]:
    """Return the refusal for too little room."""
    if wanted <= free:
        return []
    message = f"{where} has {format_size(free)} free, and {format_size(wanted)} are to be written"
    return [Problem(message, hint="make room, take a larger drive, or `kickbuild remove` a profile that is not needed")]


def mount_refusals(mount: Mount, where: str) -> list[Problem]:
    """Return what speaks against where the directory is mounted."""
    found: list[Problem] = []
    if mount.fs_type in _NETWORK:
        message = f"{where} is on the network ({mount.fs_type}): a machine that reimages itself reads its own disk"
        found.append(Problem(message, hint="mount the disk itself, on the machine that it is plugged into"))
    elif not mount.source.startswith("/dev/"):
        message = f"{where} is on {mount.fs_type}, which is no disk that could be plugged into a machine"
        found.append(Problem(message, hint="mount the drive's filesystem and give its mount point, or use --image"))
    if mount.root != "/":
        message = f"{where} is not the top of its filesystem, but {mount.root} in it"
        found.append(Problem(message, hint="the installer sees the filesystem from its top: mount it whole"))
    if mount.read_only:
        found.append(Problem(f"{where} is mounted read-only", hint=f"mount -o remount,rw {mount.point}"))
    return found


def device_refusals(
    device: BlockDevice, devices: Sequence[BlockDevice], needs: Sequence[Need], where: str
) -> list[Problem]:
    """Return what speaks against the block device under the directory."""
    found: list[Problem] = []
    built_on = _chain(device, devices)
    if any(d.members for d in built_on) or device.name.startswith(("dm-", "md")):
        found.append(
            Problem(
                f"{where} is on {device.path}, which is LVM, RAID or LUKS: the installer's first stage cannot see it",
                hint="use a plain partition or a whole disk",
            )
        )
    disks = [d for d in built_on if not d.parent and not d.members]
    for disk in disks:
        if disk.fs_type == "iso9660" and disk is not device:
            found.append(
                Problem(
                    f"{where} is on a partition of {disk.path}, which carries an ISO: installers skip such a disk",
                    hint=f"wipefs {disk.path} and partition it anew",
                )
            )
        found += [
            Problem(
                f"the disk that the profile {need.name} wipes is the drive's own disk, {disk.path} "
                f"({disk.model or 'unknown model'}, serial {disk.serial or 'unknown'})",
                hint="correct [target], or plug in another drive",
            )
            for need in needs
            if same_disk(need.target, disk)
        ]
    return found + _doubles(device, devices, needs, where)


def same_disk(target: Target, disk: BlockDevice) -> bool:
    """Return whether every identity that the target gives is this disk's."""
    if not (target.serial or target.wwn or target.by_id or target.by_path):
        return False
    serial, wwn = target.serial or "", target.wwn or ""
    by_id = (target.by_id or "").removeprefix("/dev/disk/by-id/")
    by_path = (target.by_path or "").removeprefix("/dev/disk/by-path/")
    return (
        (not serial or serial.strip() in {disk.serial, *disk.serials})
        and (not wwn or plain_wwn(wwn) == plain_wwn(disk.wwn))
        and (not by_id or by_id in disk.by_id)
        and (not by_path or by_path in disk.by_path)
    )


def plain_wwn(text: str) -> str:
    """Return a World Wide Name without the prefixes that different places put before it."""
    lowered = text.strip().lower()
    for prefix in ("wwn-", "naa.", "eui.", "nvme.", "0x"):
        lowered = lowered.removeprefix(prefix)
    return lowered


def _like(fs_type: str) -> str:
    return "ext3" if fs_type == "ext2" else fs_type


def _label_refusals(filesystem: Filesystem, needs: Sequence[Need], where: str) -> list[Problem]:
    label = filesystem.label
    found: list[Problem] = []
    if label.upper() in RESERVED_LABELS:
        message = f"{where} has the label {label}, to which the installer gives a meaning of its own"
        hint = "any later installation would run a kickstart from it" if label.upper() == "OEMDRV" else ""
        found.append(Problem(message, hint=f"give it another label, such as REBUILD{'; ' + hint if hint else ''}"))
    limit = _LABEL_LIMITS.get(filesystem.type, 0)
    for need in needs:
        if need.label and limit and len(need.label.encode()) > limit:
            message = f"the label {need.label} has more than the {limit} bytes that {filesystem.type} holds"
            found.append(Problem(message, where=f"profile {need.name}: drive.label"))
        elif need.label and need.label != label:
            message = f"{where} has the label {label or '(none)'}, but the profile {need.name} says {need.label}"
            tool = {"xfs": "xfs_admin -L", "vfat": "fatlabel"}.get(filesystem.type, "e2label")
            found.append(Problem(message, hint=f"set it with {tool}, or correct drive.label"))
        elif need.find_by is RefKind.LABEL and not SAFE_LABEL.fullmatch(label):
            message = f"{where} has the label {label!r}, which the installer's two stages read differently"
            found.append(Problem(message, hint="use letters, digits, '_', '-' and '.' only, or find_by = \"uuid\""))
        elif need.find_by is RefKind.UUID and not filesystem.uuid:
            found.append(Problem(f"{where} has no UUID", hint='make the filesystem anew, or use find_by = "label"'))
    return found


def _chain(device: BlockDevice, devices: Sequence[BlockDevice]) -> list[BlockDevice]:
    """Return the device and everything that it is part of or built on."""
    by_name = {d.name: d for d in devices}
    found: list[BlockDevice] = []
    waiting = [device]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.append(current)
        waiting += [by_name[name] for name in (current.parent, *current.members) if name in by_name]
    return found


def _doubles(device: BlockDevice, devices: Iterable[BlockDevice], needs: Sequence[Need], where: str) -> list[Problem]:
    """Refuse a UUID or label that another attached filesystem carries too."""
    others = [d for d in devices if d.number != device.number and d.fs_type and not _is_member(d)]
    same_uuid = [d.path for d in others if device.fs_uuid and d.fs_uuid == device.fs_uuid]
    same_label = [d.path for d in others if device.fs_label and d.fs_label == device.fs_label]
    if not any(need.find_by is RefKind.LABEL for need in needs):
        same_label = []
    hint = "the installer would take either of them: unplug the other, or change its UUID or label"
    return [
        Problem(f"{name} is carried by {device.path} ({where}) and by {', '.join(same)}", hint=hint)
        for name, same in ((f"UUID={device.fs_uuid}", same_uuid), (f"LABEL={device.fs_label}", same_label))
        if same
    ]


def _is_member(device: BlockDevice) -> bool:
    return device.fs_type.endswith("_member") or device.fs_type == "crypto_LUKS"
