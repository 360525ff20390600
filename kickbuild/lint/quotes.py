"""Which characters of a kickstart's line stand outside of quotes and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def unquoted(line: str) -> Iterator[int]:
    """Yield the offsets of the characters that are in no quotes and in no comment, as shlex tells them apart."""
    quote = ""
    position = 0
    while position < len(line):
        char = line[position]
        if char == "\\" and quote != "'":
            position += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "#":
            return
        else:
            yield position
        position += 1
