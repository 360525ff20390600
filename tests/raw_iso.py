"""Writes ISO 9660 volumes byte by byte, so that they can lie. Field numbers are those of ECMA-119."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

SECTOR: Final = 2048
ROOT: Final = 20
"""The sector of the root directory."""


def both(number: int, size: str = "L") -> bytes:
    """Return a number in both byte orders."""
    return struct.pack(f"<{size}", number) + struct.pack(f">{size}", number)


def record(name: bytes, sector: int, length: int, *, directory: bool = False, system_use: bytes = b"") -> bytes:
    """Return a directory record."""
    body = both(sector) + both(length) + bytes(7) + bytes([2 if directory else 0, 0, 0]) + both(1, "H")
    body += bytes([len(name)]) + name
    body += bytes(len(body) % 2) + system_use
    body += bytes(len(body) % 2)
    return bytes([len(body) + 2, 0]) + body


def dots(here: int = ROOT, parent: int = ROOT) -> list[bytes]:
    """Return the two records that every directory begins with."""
    return [record(b"\0", here, SECTOR, directory=True), record(b"\1", parent, SECTOR, directory=True)]


def px() -> bytes:
    """Return the Rock Ridge entry of a plain file's mode."""
    return b"PX\x24\x01" + both(0o100644) + both(1) + both(0) + both(0)


def nm(name: bytes) -> bytes:
    """Return the Rock Ridge entry of a name."""
    return b"NM" + bytes([5 + len(name), 1, 0]) + name


def ce(sector: int, offset: int, length: int) -> bytes:
    """Return the Rock Ridge entry that says where more entries are."""
    return b"CE\x1c\x01" + both(sector) + both(offset) + both(length)


@dataclass
class RawIso:
    """A volume: its root directory's records, sectors to be put somewhere, and bytes to be overwritten at the end."""

    records: list[bytes]
    sectors: dict[int, bytes] = field(default_factory=dict)
    patches: dict[int, bytes] = field(default_factory=dict)
    volume_id: bytes = b"RAW"
    size: int | None = None
    """Sectors the volume says it has."""

    def data(self) -> bytes:
        """Return the bytes of the ISO."""
        root = _pack(self.records)
        end = max([ROOT + len(root) // SECTOR, *(at + -(-len(data) // SECTOR) for at, data in self.sectors.items())])
        image = bytearray(end * SECTOR)
        self._put(image, 16, self._primary(len(root), end if self.size is None else self.size))
        self._put(image, 17, b"\xffCD001\x01")
        self._put(image, 18, b"\1\0" + struct.pack("<LH", ROOT, 1) + b"\0\0")
        self._put(image, 19, b"\1\0" + struct.pack(">LH", ROOT, 1) + b"\0\0")
        self._put(image, ROOT, root)
        for at, data in self.sectors.items():
            self._put(image, at, data)
        for offset, data in self.patches.items():
            image[offset : offset + len(data)] = data
        return bytes(image)

    def _put(self, image: bytearray, sector: int, data: bytes) -> None:
        image[sector * SECTOR : sector * SECTOR + len(data)] = data

    def _primary(self, root: int, sectors: int) -> bytes:
        head = b"\x01CD001\x01\0" + b" " * 32 + self.volume_id.ljust(32) + bytes(8) + both(sectors) + bytes(32)
        head += both(1, "H") + both(1, "H") + both(SECTOR, "H") + both(10)
        head += struct.pack("<LL", 18, 0) + struct.pack(">LL", 19, 0)
        head += record(b"\0", ROOT, root, directory=True)
        return head + b" " * (813 - len(head)) + bytes(68) + b"\x01"


def _pack(records: list[bytes]) -> bytes:
    packed = bytearray()
    for entry in records:
        if len(packed) % SECTOR + len(entry) > SECTOR:
            packed.extend(bytes(-len(packed) % SECTOR))
        packed.extend(entry)
    packed.extend(bytes(-len(packed) % SECTOR))
    return bytes(packed)
