"""One byte of the drive's files that is another: which, where it lies, and how a scenario's disk gets it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.errors import ToolError, system_error
from kickbuild.rehearse.drive import place_of, read_file
from kickbuild.rehearse.scenario import Role, Wrong
from kickbuild.rehearse.scratch import SECTOR
from kickbuild.run import run

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.rehearse.drive import Drive
    from kickbuild.rehearse.scratch import Workplace

_DIGEST: Final = b"KB_DIGEST="


@dataclass(frozen=True, slots=True)
class Corruption:
    """A sector with one byte changed: on which disk, where it begins (-1 where that is not known), and what it is."""

    role: Role
    start: int = -1
    sector: bytes = b""


def corruptions(drive: Drive, kickstart: str, initrd: str, old: tuple[Path, int | None]) -> dict[Wrong, Corruption]:
    """Return what can be wrong. ``old`` is the old system's disk, and where in it the middle of its own copy of the
    initrd lies; None where it boots the drive's. Raises ToolError.
    """
    found = {Wrong.KICKSTART: _changed(Role.DRIVE, drive.base, _digest(drive, kickstart), ord("x"))}
    disk, middle = old
    if middle is not None:
        return found | {Wrong.INITRD: _changed(Role.TARGET, disk, middle)}
    # In the middle of what is compressed, so that what follows cannot be unpacked: in front there may be an archive of
    # microcode, and padding at the end.
    middle = place_of(drive, initrd, drive.nodes.get(initrd, 0) // 2)
    return found | {Wrong.INITRD: _changed(Role.DRIVE, drive.base, middle)}


def corrupt(corruption: Corruption, wrong: Wrong, overlay: Path, place: Workplace) -> None:
    """Give an overlay of the disk the changed byte. Raises ToolError."""
    if not corruption.sector:
        raise ToolError(f"it is not known where the drive's {wrong} lies, so no byte of it can be changed")
    source = place.file()
    source.write_bytes(corruption.sector)
    run(["qemu-io", "-f", "qcow2", "-c", f"write -q -s {source} {corruption.start} {SECTOR}", overlay])


def _digest(drive: Drive, kickstart: str) -> int | None:
    """Return where the digest lies by which guard and manifest know each other."""
    at = read_file(drive, kickstart).find(_DIGEST)
    # One further than the sign: there may be a quote.
    return None if at < 0 else place_of(drive, kickstart, at + len(_DIGEST) + 1)


def _changed(role: Role, disk: Path, at: int | None, byte: int | None = None) -> Corruption:
    """Return the sector of a byte that is another one: ``byte``, or every bit of it inverted."""
    if at is None:
        return Corruption(role)
    start = at // SECTOR * SECTOR
    try:
        with disk.open("rb") as file:
            sector = bytearray(os.pread(file.fileno(), SECTOR, start))
    except OSError as error:
        raise system_error(error, disk) from error
    sector[at - start] = sector[at - start] ^ 0xFF if byte is None else byte
    return Corruption(role, start, bytes(sector))
