"""Screens as PNG: QEMU writes PPM in every version, and PNG is what a page shows."""

from __future__ import annotations

import operator
import re
import struct
import zlib
from typing import Final

#: Bytes of a character of a text screen, 9 by 16 pixels: a cursor blinks.
_CELL: Final = 9 * 16 * 3
_HEADER: Final = re.compile(rb"P6\s+(?:#[^\n]*\n\s*)*(\d{1,5})\s+(\d{1,5})\s+255\s")


def look_alike(one: bytes, other: bytes) -> bool:
    """Tell whether two pictures of one screen, as PPM, show the same but for a cursor."""
    return one == other or (len(one) == len(other) and sum(map(operator.ne, one, other)) <= _CELL)


def png_of_ppm(ppm: bytes) -> bytes:
    """Return a binary PPM (P6) as PNG. Raises ValueError for anything else."""
    match = _HEADER.match(ppm)
    if match is None:
        raise ValueError("not a binary PPM")
    width, height = int(match[1]), int(match[2])
    pixels = ppm[match.end() :]
    if not width or not height or len(pixels) < 3 * width * height:
        raise ValueError("a PPM with too few bytes")
    # PNG specification, section 9: each line begins with its filter, here none.
    lines = b"".join(b"\0" + pixels[row : row + 3 * width] for row in range(0, 3 * width * height, 3 * width))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(lines, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
