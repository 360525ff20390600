"""Where the bytes of a file lie on the device of its filesystem, as the kernel tells (linux/fiemap.h)."""

from __future__ import annotations

import fcntl
import os
import struct
from typing import TYPE_CHECKING, Final

from kickbuild.errors import ToolError, system_error

if TYPE_CHECKING:
    from pathlib import Path

_FIEMAP: Final = 0xC020660B
_HEADER: Final = struct.Struct("=QQLLLL")
_EXTENT: Final = struct.Struct("=QQQQQLLLL")
_AT_ONCE: Final = 256
_IS_LAST: Final = 0x1
#: Not written yet, or in a form that a device's bytes do not show: unknown, delayed, encoded, inline, in a shared tail.
_ELSEWHERE: Final = 0x2 | 0x4 | 0x8 | 0x80 | 0x200 | 0x400


def device_extents(path: Path) -> tuple[tuple[int, int], ...]:
    """Return start and length of each piece of a file, in its order, on the device of its filesystem; holes are none.

    Raises ToolError.
    """
    found: list[tuple[int, int]] = []
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            for logical, physical, length, flags in _pieces(file.fileno()):
                if flags & _ELSEWHERE:
                    raise ToolError(f"{path}: its filesystem does not tell where its bytes are")
                if logical < size:
                    found.append((physical, min(length, size - logical)))
    except OSError as error:
        raise system_error(error, path) from error
    return tuple(found)


def _pieces(descriptor: int) -> list[tuple[int, int, int, int]]:
    pieces: list[tuple[int, int, int, int]] = []
    at = 0
    while True:
        answer = bytearray(_HEADER.pack(at, (1 << 64) - 1 - at, 0, 0, _AT_ONCE, 0) + bytes(_EXTENT.size * _AT_ONCE))
        fcntl.ioctl(descriptor, _FIEMAP, answer)
        count = _HEADER.unpack_from(answer)[3]
        for number in range(count):
            logical, physical, length, _, _, flags, *_ = _EXTENT.unpack_from(
                answer, _HEADER.size + number * _EXTENT.size
            )
            pieces.append((logical, physical, length, flags))
            at = logical + length
            if flags & _IS_LAST:
                return pieces
        if not count:
            return pieces
