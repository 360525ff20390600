"""Sizes as people write and read them."""

from __future__ import annotations

import re
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB
TIB: Final = 1024 * GIB

_FACTORS: Final[dict[str, int]] = {
    "B": 1,
    "KiB": KIB,
    "MiB": MIB,
    "GiB": GIB,
    "TiB": TIB,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([A-Za-z]+)")


def parse_size(text: str) -> int:
    """Return the bytes that a text such as ``100GiB`` or ``1.5 TB`` means. Raises ValueError with the reason."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2] not in _FACTORS:
        units = ", ".join(_FACTORS)
        raise ValueError(f"{text!r} is not a size; write a number and a unit ({units}), such as 100GiB")
    size = round(float(match[1]) * _FACTORS[match[2]])
    if size <= 0:
        raise ValueError(f"{text!r} is not a size above zero")
    return size


def format_size(size: int) -> str:
    """Return a size as a person likes to read it, in binary units."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < KIB:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= KIB
    return f"{value:.1f} TiB"
