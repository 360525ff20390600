"""How an adopted kickstart shows what was changed in it, so that every change can be taken back to the byte.

A line that went is kept behind a mark, and a mark stands above lines that came. So a person sees in the file what
kickbuild did, and a kickstart that was adopted can be adopted again, for another drive or release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.kickstart.document import Kind, parse_document

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
_ADDED: Final = re.compile(r"# kickbuild added \(([0-9]{1,4}) lines?\): .*")
_KEPT: Final = (WAS, MOVED, REMOVED)


def added_mark(count: int, reason: str) -> str:
    """Return the mark above ``count`` lines that were not there."""
    return f"# kickbuild added ({count} line{'s' * (count != 1)}): {reason}"


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
        kept, position = _step(document, position)
        if kept is not None:
            lines.append((line.number, kept))
    return Restored("".join(kept for _, kept in lines), tuple(number for number, _ in lines))


def _step(document: Document, position: int) -> tuple[str | None, int]:
    """Return the line to keep, or None, and the position to go on from."""
    line = document.lines[position]
    if not is_mark(line):
        return line.text + line.ending, position + 1
    if line.text == GUARD_BEGIN:
        return _guard_end(document, position)
    if added := _ADDED.fullmatch(line.text):
        return None, position + 1 + int(added[1])
    mark = next((mark for mark in _KEPT if line.text.startswith(mark)), None)
    if mark is None:
        return line.text + line.ending, position + 1
    if mark == WAS and position + 1 < len(document.lines):
        # The line below is ours; its ending is the original's, which may have none at the end of the file.
        return line.text.removeprefix(mark) + document.lines[position + 1].ending, position + 2
    return line.text.removeprefix(mark) + line.ending, position + 1


def _guard_end(document: Document, position: int) -> tuple[str | None, int]:
    for following in document.lines[position + 1 :]:
        if following.kind is Kind.COMMENT and following.text == GUARD_END:
            after = following.number
            has_gap = after < len(document.lines) and document.lines[after].kind is Kind.BLANK
            return None, after + has_gap
    return document.lines[position].text + document.lines[position].ending, position + 1
