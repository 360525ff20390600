"""Looking at an ISO 9660 volume before anything is believed of it.

An ISO is data from outside, and the library that reads it trusts what it finds: a descriptor that lies about its path
table, a directory that claims 4 GiB or one with its names in reverse order cost it minutes and gigabytes. So the
descriptors and every directory are first checked here against the size of the file, within fixed bounds. The numbers
of fields are those of ECMA-119.
"""

from __future__ import annotations

import bisect
import itertools
import os
import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final

from kickbuild.errors import IsoError
from kickbuild.units import KIB, MIB, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTOR: Final = 2048
_FIRST_DESCRIPTOR: Final = 16
_MOST_DESCRIPTORS: Final = 64
_MOST_PATH_TABLE: Final = 256 * KIB
_MOST_DIRECTORY_BYTES: Final = 16 * MIB
#: A DVD of this field has about 10,000 names, twice with Joliet.
_MOST_RECORDS: Final = 30_000
#: Steps that the library takes to put names into order; a DVD that was mastered in order takes a few thousand.
_MOST_SORTING: Final = 3_000_000
#: Entries of Rock Ridge that pile up in the library's memory -> how many all names together may have.
_MOST_ENTRIES: Final = {b"CE": 256, b"ES": 1_000, b"PD": 1_000, b"SL": 2_000, b"NM": 2 * _MOST_RECORDS}
_MOST_ENTRIES_OF_ONE: Final = 12
_ENTRY: Final = re.compile(rb"(CE|ES|PD|SL|NM).\x01", re.DOTALL)
#: Nearly all the names on a DVD are those of packages, and nothing is looked up among them.
_UNREAD_DIRECTORY: Final = "packages"
#: What may stand in bytes 1 to 5 of a descriptor.
SEQUENCE_MARKS: Final = frozenset((b"CD001", b"CDW02", b"BEA01", b"NSR02", b"NSR03", b"TEA01", b"BOOT2"))
_JOLIET_ESCAPES: Final = (b"%/@", b"%/C", b"%/E")
_EL_TORITO: Final = b"EL TORITO SPECIFICATION"
_DAMAGED: Final = "the ISO is damaged: download or copy it again and compare its checksum"
STRANGE: Final = "the ISO is damaged, or mastered in a way that kickbuild cannot read: compare its checksum"

#: First bytes of what people take for an ISO -> what it is.
_MAGIC: Final = (
    (b"\x1f\x8b", "a gzip file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"PK\x03\x04", "a zip file"),
    (b"QFI\xfb", "a qcow2 disk image"),
    (b"<!doctype html", "a web page: the download went wrong"),
    (b"<html", "a web page: the download went wrong"),
)


@dataclass(slots=True)
class Volume:
    """What the check saw."""

    volume_id: str
    size: int
    """Bytes that the volume says it has."""
    end: int
    """Offset behind the descriptor that ends the descriptors."""
    boot_records: set[int] = field(default_factory=set)
    """Offsets of El Torito descriptors."""
    joliet_descriptors: dict[int, bytes] = field(default_factory=dict)
    """Offset -> descriptor."""
    extents: set[tuple[int, int]] = field(default_factory=set)
    """(offset, length) of every path table and directory."""
    unread: dict[tuple[int, int], bytes] = field(default_factory=dict)
    """(offset, length) of a directory whose names are left out -> its first two entries, which name no file."""
    records: int = 0
    entries: Counter[bytes] = field(default_factory=Counter)
    """How many entries of Rock Ridge there are of each kind that is counted."""
    joliet: bool = False
    """Whether there are names of Joliet, and they were checked."""
    udf: bool = False

    @property
    def rock_ridge(self) -> bool:
        """Whether names of Rock Ridge were seen."""
        return self.entries[b"NM"] > 0


def check_volume(file: BinaryIO) -> Volume:
    """Check the volume in ``file`` and return what it is. Raises IsoError.

    Where there are names of Rock Ridge, those of Joliet are not looked at: they say the same again.
    """
    size = file.seek(0, os.SEEK_END)
    primary: bytes = b""
    boot_records: set[int] = set()
    joliet: dict[int, bytes] = {}
    end = 0
    for offset, data in _descriptors(file, size):
        end = offset + 2 * SECTOR
        if data[0] == 0 and data[7:39].startswith(_EL_TORITO):
            boot_records.add(offset)
        elif data[0] == 1 and not primary:
            primary = data
        elif data[0] == 2 and data[88:91] in _JOLIET_ESCAPES:
            joliet[offset] = data
    if not primary:
        raise IsoError("the ISO has no primary volume descriptor", hint=_DAMAGED)
    volume = Volume(_volume_id(primary), _check_size(primary, size), end, boot_records, joliet)
    volume.udf = _has_udf(file, end)
    _check_tree(file, volume, primary, joliet=False)
    if not volume.rock_ridge:
        check_joliet(file, volume)
    return volume


def check_joliet(file: BinaryIO, volume: Volume) -> None:
    """Check the Joliet names too, so that they can be read. Raises IsoError."""
    for descriptor in volume.joliet_descriptors.values():
        _check_tree(file, volume, descriptor, joliet=True)
        volume.joliet = True


def _check_tree(file: BinaryIO, volume: Volume, descriptor: bytes, *, joliet: bool) -> None:
    size = file.seek(0, os.SEEK_END)
    volume.extents |= _path_tables(descriptor, size)
    _Walk(file, size, volume, joliet=joliet).run(descriptor[156:190])


def _descriptors(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    for number in range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + _MOST_DESCRIPTORS):
        offset = number * SECTOR
        data = _read(file, offset, SECTOR)
        if number == _FIRST_DESCRIPTOR and data[1:6] != b"CD001":
            raise IsoError(
                f"not an ISO: {_seems(file, size, data)}", hint="name the .iso file of an installation medium"
            )
        if len(data) < SECTOR:
            raise IsoError(f"the ISO is truncated within its volume descriptors, at byte {size}", hint=_DAMAGED)
        if data[1:6] != b"CD001":
            raise IsoError(f"the volume descriptors of the ISO break off at byte {offset}", hint=_DAMAGED)
        if data[0] == 255:
            return
        yield offset, data
    raise IsoError(f"the ISO has more than {_MOST_DESCRIPTORS} volume descriptors", hint=_DAMAGED)


def _seems(file: BinaryIO, size: int, descriptor: bytes) -> str:
    if size == 0:
        return "the file is empty"
    start = _read(file, 0, 512)
    for magic, name in _MAGIC:
        if start.lstrip()[: len(magic)].lower() == magic.lower():
            return f"it is {name}"
    if descriptor[1:6] in {b"BEA01", b"NSR02", b"NSR03"}:
        return "it is a UDF volume without an ISO 9660 part"
    if size < (_FIRST_DESCRIPTOR + 1) * SECTOR:
        return f"it has only {size} bytes"
    if start[510:512] == b"\x55\xaa":
        return "it seems to be a disk image"
    return "it has no ISO 9660 volume"


def _volume_id(descriptor: bytes) -> str:
    text = descriptor[40:72].decode("ascii", "replace").rstrip(" \0")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _check_size(primary: bytes, size: int) -> int:
    block: int = struct.unpack_from("<H", primary, 128)[0]
    if block != SECTOR:
        raise IsoError(f"the ISO has blocks of {block} bytes, and kickbuild reads those of {SECTOR}", hint=_DAMAGED)
    says: int = struct.unpack_from("<L", primary, 80)[0] * SECTOR
    if says > size:
        raise IsoError(
            f"the ISO is truncated: {says - size} of its {says} bytes are missing ({format_size(size)} are there)",
            hint="download or copy it again",
        )
    return says


def _path_tables(descriptor: bytes, size: int) -> set[tuple[int, int]]:
    length: int = struct.unpack_from("<L", descriptor, 132)[0]
    places = (struct.unpack_from("<L", descriptor, 140)[0], struct.unpack_from(">L", descriptor, 148)[0])
    if not 0 < length <= _MOST_PATH_TABLE:
        raise IsoError(f"the ISO claims a path table of {length} bytes", hint=_DAMAGED)
    if any(place * SECTOR + length > size for place in places):
        raise IsoError("the path table of the ISO lies outside the file", hint=_DAMAGED)
    return {(place * SECTOR, length) for place in places}


def _has_udf(file: BinaryIO, end: int) -> bool:
    # The UDF recognition sequence follows the terminator of the descriptors.
    marks = (_read(file, end + number * SECTOR + 1, 5) for number in range(_MOST_DESCRIPTORS))
    return any(mark in {b"NSR02", b"NSR03"} for mark in itertools.takewhile(SEQUENCE_MARKS.__contains__, marks))


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


class _Walk:
    """Goes through every directory of one tree, once."""

    def __init__(self, file: BinaryIO, size: int, volume: Volume, *, joliet: bool) -> None:
        self._file = file
        self._size = size
        self._volume = volume
        self._joliet = joliet
        self._bytes = 0
        self._sorting = 0

    def run(self, root: bytes) -> None:
        waiting = [("", *self._extent("the root directory", root))]
        seen = {waiting[0][1]}
        while waiting:
            name, place, length = waiting.pop()
            self._volume.extents.add((place, length))
            for child, below, below_length in self._subdirectories(name, place, length):
                if below in seen:
                    raise IsoError(f"the directories of the ISO form a loop at {child}", hint=_DAMAGED)
                seen.add(below)
                waiting.append((child, below, below_length))

    def _extent(self, name: str, record: bytes) -> tuple[int, int]:
        place: int = struct.unpack_from("<L", record, 2)[0] * SECTOR
        length: int = struct.unpack_from("<L", record, 10)[0]
        if length and place + length > self._size:
            raise IsoError(
                f"{name} should take {length} bytes from byte {place} on, outside the ISO's {self._size} bytes",
                hint=_DAMAGED,
            )
        return place, length

    def _subdirectories(self, name: str, place: int, length: int) -> Iterator[tuple[str, int, int]]:
        order: list[bytes] = []
        for record in self._records(name or "the root directory", self._directory(name, place, length)):
            identifier = record[33 : 33 + record[32]]
            self._sort(order, identifier)
            if identifier in {b"\0", b"\1"}:
                continue
            child = f"{name}/{self._name(name, identifier)}"
            extent = self._extent(child, record)
            if record[25] & 2:
                yield child, *extent

    def _directory(self, name: str, place: int, length: int) -> bytes:
        self._bytes += length
        if self._bytes > _MOST_DIRECTORY_BYTES:
            raise IsoError(
                f"the directories of the ISO take more than {format_size(_MOST_DIRECTORY_BYTES)}", hint=STRANGE
            )
        data = _read(self._file, place, length)
        if name.rpartition("/")[2].partition(";")[0].casefold() == _UNREAD_DIRECTORY:
            first = data[0] if data else 0
            data = self._volume.unread[place, length] = data[: first + (data[first] if first < len(data) else 0)]
        return data

    def _records(self, name: str, data: bytes) -> Iterator[bytes]:
        offset = 0
        while offset < len(data):
            length = data[offset]
            if length == 0:
                offset += SECTOR - offset % SECTOR
                continue
            record = data[offset : offset + length]
            if length < 34 or len(record) < length or 33 + record[32] > length or record[32] == 0:
                raise IsoError(f"{name} of the ISO has a broken entry", hint=_DAMAGED)
            self._volume.records += 1
            if self._volume.records > _MOST_RECORDS:
                raise IsoError(f"the ISO holds more than {_MOST_RECORDS} names", hint=STRANGE)
            self._count_entries(name, record)
            yield record
            offset += length

    def _count_entries(self, name: str, record: bytes) -> None:
        kinds = _ENTRY.findall(record, 33 + record[32])
        self._volume.entries.update(kinds)
        if len(kinds) > _MOST_ENTRIES_OF_ONE or any(self._volume.entries[k] > n for k, n in _MOST_ENTRIES.items()):
            raise IsoError(f"{name} of the ISO has too many Rock Ridge entries", hint=STRANGE)

    def _sort(self, order: list[bytes], identifier: bytes) -> None:
        index = bisect.bisect_left(order, identifier)
        self._sorting += len(order) - index
        if self._sorting > _MOST_SORTING:
            raise IsoError("the directories of the ISO are not in order", hint=STRANGE)
        order.insert(index, identifier)

    def _name(self, directory: str, identifier: bytes) -> str:
        return check_name(identifier.decode("utf-16-be" if self._joliet else "latin-1", "replace"), directory)


def check_name(name: str, directory: str) -> str:
    """Return a name that is safe to print and to look up. Raises IsoError for one that is not."""
    if name in {".", ".."} or "/" in name or any(ord(char) < 32 or 127 <= ord(char) < 160 for char in name):
        raise IsoError(
            f"the ISO holds a name that no installation medium has, {name!r} in {directory or '/'}", hint=_DAMAGED
        )
    return name
