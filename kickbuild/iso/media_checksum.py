"""The checksum that implantisomd5 puts into an ISO: found, and compared with the bytes.

Format: 512 bytes of the primary volume descriptor's application use, from its byte 883 on, hold ``ISO MD5SUM = …;
SKIPSECTORS = …;``. The MD5 is that of the volume without its last SKIPSECTORS sectors, those 512 bytes read as spaces
(isomd5sum, libcheckisomd5.c).
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.copying import Ranges
from kickbuild.errors import IsoError
from kickbuild.iso.facts import MediaChecksum
from kickbuild.units import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kickbuild.progress import Progress

_SECTOR: Final = 2048
_FIRST_DESCRIPTOR: Final = 16
_MOST_DESCRIPTORS: Final = 64
_PLACE: Final = 883
_LENGTH: Final = 512
_SUM: Final = re.compile(rb"ISO MD5SUM = ([0-9a-f]{32});")
_SKIP: Final = re.compile(rb"SKIPSECTORS = ([0-9]{1,9});")


@dataclass(frozen=True, slots=True)
class _Implanted:
    md5: str
    place: int
    """Offset in the ISO of the bytes that count as spaces."""
    size: int
    """How many bytes of the ISO count."""


def find_media_checksum(path: Path) -> MediaChecksum:
    """Return whether the ISO at ``path`` holds a checksum: ABSENT or PRESENT. Raises IsoError."""
    try:
        whole = Ranges(path, ((0, path.stat().st_size),))
    except OSError as error:
        raise _unreadable(path, error) from error
    return MediaChecksum.ABSENT if _find(whole) is None else MediaChecksum.PRESENT


def verify_media_checksum(ranges: Ranges, progress: Progress) -> MediaChecksum:
    """Compare an ISO's bytes with the checksum in it and return ABSENT, VALID or INVALID.

    The ISO's bytes lie in ``ranges``, in order. Bytes are counted by ``progress``, whose task is the caller's.
    Raises IsoError where they cannot be read.
    """
    implanted = _find(ranges)
    if implanted is None:
        return MediaChecksum.ABSENT
    if implanted.size > ranges.size:
        return MediaChecksum.INVALID
    # Not for security: what was implanted decides the algorithm.
    digest = hashlib.md5(usedforsecurity=False)
    done = 0
    for chunk in _read(ranges, 0, implanted.size):
        digest.update(_blanked(chunk, implanted.place - done))
        done += len(chunk)
        progress.advance(len(chunk))
    return MediaChecksum.VALID if digest.hexdigest() == implanted.md5 else MediaChecksum.INVALID


def _find(ranges: Ranges) -> _Implanted | None:
    for number in range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + _MOST_DESCRIPTORS):
        place = number * _SECTOR
        if place + _SECTOR > ranges.size:
            return None
        data = b"".join(_read(ranges, place, _SECTOR))
        if data[1:6] != b"CD001" or data[0] == 255:
            return None
        if data[0] == 1:
            return _parse(data, place)
    return None


def _parse(descriptor: bytes, place: int) -> _Implanted | None:
    text = descriptor[_PLACE : _PLACE + _LENGTH]
    md5, skip = _SUM.search(text), _SKIP.search(text)
    if md5 is None or skip is None:
        return None
    sectors: int = struct.unpack_from(">L", descriptor, 84)[0]
    return _Implanted(md5[1].decode("ascii"), place + _PLACE, max(0, sectors - int(skip[1])) * _SECTOR)


def _blanked(chunk: bytes, place: int) -> bytes:
    """Return ``chunk`` with spaces for that part of the 512 bytes at ``place`` which lies in it."""
    first, last = max(place, 0), min(place + _LENGTH, len(chunk))
    return chunk if first >= last else chunk[:first] + b" " * (last - first) + chunk[last:]


def _read(ranges: Ranges, start: int, length: int) -> Iterator[bytes]:
    """Yield ``length`` bytes of what the ranges hold together, from its byte ``start`` on."""
    try:
        descriptor = os.open(ranges.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(ranges.path, error) from error
    try:
        for offset, size in _part(ranges, start, length):
            yield from _read_extent(descriptor, ranges.path, offset, size)
    except OSError as error:
        raise _unreadable(ranges.path, error) from error
    finally:
        os.close(descriptor)


def _part(ranges: Ranges, start: int, length: int) -> Iterator[tuple[int, int]]:
    for offset, size in ranges.extents:
        taken = min(size - start, length)
        if taken > 0:
            yield offset + start, taken
            length -= taken
        start = max(0, start - size)


def _read_extent(descriptor: int, path: Path, offset: int, size: int) -> Iterator[bytes]:
    while size:
        chunk = os.pread(descriptor, min(size, MIB), offset)
        if not chunk:
            raise IsoError(
                "the file ended while it was being read", where=str(path), hint="it is truncated, or changed"
            )
        yield chunk
        offset, size = offset + len(chunk), size - len(chunk)


def _unreadable(path: Path, error: OSError) -> IsoError:
    return IsoError(f"the ISO cannot be read: {error.strerror or error}", where=str(path))
