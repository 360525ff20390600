"""How an adopted kickstart shows what was changed in it, so that every change can be taken back to the byte.

A line that went is kept behind a mark, and a mark stands above lines that came. So a person sees in the file what
kickbuild did, and a kickstart that was adopted can be adopted again, for another drive or release.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.kickstart.after import AFTER_BEGIN, AFTER_END, JOINED
from kickbuild.kickstart.document import Kind, parse_document
from kickbuild.kickstart.guard import INCLUDE

if TYPE_CHECKING:
    from kickbuild.kickstart.document import Document, Line

WAS: Final = "# kickbuild was: "
"""The line that the next line replaces."""
MOVED: Final = "# kickbuild moved: "
"""The line that went into the storage include."""
REMOVED: Final = "# kickbuild removed: "
"""The line that nothing replaces."""
GUARD_BEGIN: Final = "# kickbuild guard begins: it finds the one disk that may be erased, or sends the box back"
GUARD_END: Final = "# kickbuild guard ends"
_ADDED: Final = re.compile(r"# kickbuild added \(([0-9]{1,4}) lines?, ([0-9a-f]{8})\): .*")


def added_mark(lines: list[str], reason: str) -> str:
    """Return the mark above lines that were not there; its checksum tells whether they are still the same."""
    return f"# kickbuild added ({len(lines)} line{'s' * (len(lines) != 1)}, {_checksum(lines)}): {reason}"


def _checksum(lines: list[str]) -> str:
    return f"{zlib.crc32(chr(10).join(lines).encode('utf-8', 'replace')):08x}"


def is_mark(line: Line) -> bool:
    """Tell whether a line is a mark of an earlier adoption."""
    return line.kind is Kind.COMMENT and line.text.startswith("# kickbuild ")


@dataclass(frozen=True, slots=True)
class Restored:
    """A kickstart before its adoption, and the number that each of its lines has in the text that was given."""

    text: str
    numbers: tuple[int, ...]


def restore(text: str) -> Restored:
    """Return a kickstart as it was before it was adopted; one that never was comes back as it is."""
    document = parse_document(text)
    lines: list[tuple[int, str]] = []
    position = 0
    while position < len(document.lines):
        line = document.lines[position]
        kept, after = _step(document, position)
        if kept is not None:
            lines.append((line.number, kept))
        elif line.text == AFTER_BEGIN + JOINED and after == len(document.lines) and lines:
            number, above = lines[-1]
            lines[-1] = (number, above.removesuffix("\n"))
        position = after
    return Restored("".join(kept for _, kept in lines), tuple(number for number, _ in lines))


def _step(document: Document, position: int) -> tuple[str | None, int]:
    """Return the line to keep, or None, and the position to go on from."""
    line = document.lines[position]
    if not is_mark(line):
        return line.text + line.ending, position + 1
    if line.text in {AFTER_BEGIN, AFTER_BEGIN + JOINED}:
        return _section_end(document, position, AFTER_END)
    if line.text == GUARD_BEGIN:
        return _section_end(document, position, GUARD_END, with_gap=True)
    following = document.lines[position + 1 :]
    if added := _ADDED.fullmatch(line.text):
        lines = [ours.text for ours in following[: int(added[1])]]
        if _checksum(lines) == added[2]:
            return None, position + 1 + len(lines)
    for mark in (MOVED, REMOVED):
        if line.text.startswith(mark):
            return line.text.removeprefix(mark) + line.ending, position + 1
    if line.text.startswith(WAS) and following and _is_replacement(following[0]):
        # The line below has the ending that the original had, which may be none at the end of the file.
        return line.text.removeprefix(WAS) + following[0].ending, position + 2
    return line.text + line.ending, position + 1


def _is_replacement(line: Line) -> bool:
    return line.text == f"%include {INCLUDE}" or line.text.lstrip().startswith("harddrive ")


def _section_end(document: Document, position: int, end: str, *, with_gap: bool = False) -> tuple[str | None, int]:
    """Leave out what stands up to an end mark; a begin mark without one is a line like others."""
    for following in document.lines[position + 1 :]:
        if following.kind is Kind.COMMENT and following.text == end:
            after = following.number
            has_gap = with_gap and after < len(document.lines) and document.lines[after].kind is Kind.BLANK
            return None, after + has_gap
    return document.lines[position].text + document.lines[position].ending, position + 1
