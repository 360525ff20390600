"""The disk that a profile's target asks for, as far as QEMU can make one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.errors import LackingError, Problem
from kickbuild.rehearse.machine import Bus, Identity
from kickbuild.rehearse.scenario import Kind
from kickbuild.units import GIB, MIB, parse_size

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Characters of a serial number that each bus carries; virtio and ATA cut off the rest (virtio_blk.h, ATA8-ACS).
_LONGEST_SERIAL: Final = {Bus.VIRTIO: 20, Bus.IDE: 20, Bus.SATA: 20, Bus.SCSI: 36, Bus.NVME: 20, Bus.USB: 126}
_LONGEST_MODEL: Final = {Bus.IDE: 40, Bus.SATA: 40, Bus.SCSI: 16}
_BY_ID: Final = (
    ("wwn", re.compile(r"(?:wwn-|scsi-3|ata-wwn-)(?:0x)?(?P<wwn>[0-9a-f]{16})")),
    ("virtio", re.compile(r"virtio-(?P<serial>.{1,20})")),
    ("sata", re.compile(r"ata-(?P<model>.+)_(?P<serial>[^_]+)")),
    ("scsi", re.compile(r"scsi-0QEMU_QEMU_HARDDISK_(?P<serial>.+)")),
    ("nvme", re.compile(r"nvme-QEMU_NVMe_Ctrl_(?P<serial>[^_]+)(?:_1)?")),
    ("usb", re.compile(r"usb-QEMU_QEMU_HARDDISK_(?P<serial>.+)-0:0")),
)
#: Of a target whose profile gives no size: above what the example layouts need, and a hole until it is written.
_DISK_SIZE: Final = 64 * GIB
#: So that a size given in rounded words is surely reached.
_ROUNDING: Final = 64 * MIB


@dataclass(frozen=True, slots=True)
class Target:
    """The disk that the drive's profile erases."""

    identity: Identity
    size: int
    kind: Kind


def target_of(keys: Mapping[str, str], bus: Bus) -> Target:
    """Return the disk that the keys of a manifest's target name, on that bus. Raises LackingError with every reason."""
    problems: list[Problem] = []
    serial, wwn, model = keys.get("serial", "").strip(" \t"), keys.get("wwn", ""), keys.get("model", "").strip(" \t")
    if "by_path" in keys:
        problems.append(
            Problem(
                f"no disk of QEMU's has the path {keys['by_path']}",
                hint="name the target by serial or wwn too and take by_path out for the rehearsal",
            )
        )
    if "by_id" in keys:
        found = _by_id(keys["by_id"].removeprefix("/dev/disk/by-id/"), bus)
        if found is None:
            problems.append(
                Problem(f"no disk of QEMU's on {bus} has the name {keys['by_id']}", hint="try another --bus")
            )
        else:
            serial, wwn, model = serial or found.serial, wwn or found.wwn, model or found.model
    problems += _limits(bus, serial, wwn, model)
    if problems:
        raise LackingError(*problems)
    size = _size(keys)
    kind = Kind.BY_IDENTITY if serial or wwn else Kind.BY_MODEL
    if keys.get("only_other_disk") == "true":
        kind = Kind.ONLY_OTHER
    return Target(Identity(serial or "REHEARSALTARGET", _hexadecimal(wwn), model), size, kind)


def _by_id(name: str, bus: Bus) -> Identity | None:
    for kind, pattern in _BY_ID:
        match = pattern.fullmatch(name)
        if match and kind in {"wwn", "sata" if bus is Bus.IDE else bus.value}:
            words = match.groupdict()
            return Identity(words.get("serial") or "", words.get("wwn") or "", words.get("model") or "")
    return None


def _limits(bus: Bus, serial: str, wwn: str, model: str) -> list[Problem]:
    problems = []
    if len(serial) > _LONGEST_SERIAL[bus]:
        problems.append(
            Problem(
                f"a disk on {bus} carries {_LONGEST_SERIAL[bus]} characters of a serial number; {serial!r} has more",
                hint="try --bus scsi or --bus usb",
            )
        )
    if wwn and (bus not in {Bus.IDE, Bus.SATA, Bus.SCSI} or not re.fullmatch(r"(0x|naa\.|eui\.)?[0-9a-fA-F]{16}", wwn)):
        problems.append(Problem(f"QEMU makes no disk on {bus} with the wwn {wwn}", hint="try --bus sata or --bus scsi"))
    if model and len(model) > _LONGEST_MODEL.get(bus, 0):
        problems.append(Problem(f"QEMU makes no disk on {bus} of the model {model!r}", hint="try --bus sata"))
    problems += [
        Problem(f"QEMU's command line cannot carry {text!r}") for text in (serial, model) if not text.isprintable()
    ]
    return problems


def _hexadecimal(wwn: str) -> str:
    return f"0x{wwn[-16:].lower()}" if wwn else ""


def _size(keys: Mapping[str, str]) -> int:
    try:
        least = parse_size(keys["min_size"]) + _ROUNDING if "min_size" in keys else 0
        most = parse_size(keys["max_size"]) - _ROUNDING if "max_size" in keys else 0
    except ValueError as error:
        raise LackingError(f"the manifest's target has no size: {error}") from error
    size = max(least, _DISK_SIZE)
    if most:
        size = max(min(size, most), MIB)
    return size // MIB * MIB
