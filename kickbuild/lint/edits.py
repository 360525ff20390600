"""Edits that fixes are made of: everything else in the file stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.hit import Edit
from kickbuild.lint.source import BOM, ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kickbuild.lint.source import Source
    from kickbuild.lint.statement import Option, Statement

#: The edit that takes away the byte order mark, which is not in ``Source.text``.
WITHOUT_BOM: Final = Edit(-1, 0, "")


def line_offset(source: Source, number: int) -> int:
    """Return where a line begins in ``source.text``."""
    return sum(len(line.text) + len(line.ending) for line in source.document.lines[: number - 1])


def insert_before(source: Source, number: int, *texts: str) -> tuple[Edit, ...]:
    """Return the edit that puts lines before a line."""
    offset = line_offset(source, number)
    newline = source.document.newline
    return (Edit(offset, offset, "".join(text + newline for text in texts)),)


def append(source: Source, *texts: str) -> tuple[Edit, ...]:
    """Return the edit that puts lines at the end of the file."""
    newline = source.document.newline
    end = len(source.text)
    lead = "" if not source.text or source.text.endswith(("\n", "\r")) else newline
    return (Edit(end, end, lead + "".join(text + newline for text in texts)),)


def replace_in_line(source: Source, number: int, start: int, end: int, new: str) -> tuple[Edit, ...]:
    """Return the edit that replaces what stands between two offsets of a line."""
    offset = line_offset(source, number)
    return (Edit(offset + start, offset + end, new),)


def replace_option(statement: Statement, option: Option, new: str) -> tuple[Edit, ...]:
    """Return the edit that replaces an option, with its value."""
    return replace_in_line(statement.source, statement.line, option.start, option.end, new)


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with the edits made; of edits that overlap the first one is made, the others are left out."""
    pieces: list[str] = []
    position = 0
    for edit in sorted(set(edits), key=lambda edit: (edit.start, edit.end, edit.new)):
        if edit.start >= position and edit.end >= edit.start:
            pieces += [text[position : edit.start], edit.new]
            position = edit.end
    return "".join([*pieces, text[position:]])


def applied_bytes(source: Source, edits: Iterable[Edit]) -> bytes:
    """Return a file with the edits made, everything else to the byte as it was."""
    chosen = set(edits)
    bom = BOM if source.bom and WITHOUT_BOM not in chosen else b""
    return bom + applied(source.text, chosen - {WITHOUT_BOM}).encode("utf-8", ERRORS)
