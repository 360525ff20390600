"""Entries within foreign text: put between markers, replaced in place, taken out again to the byte.

Pure functions from bytes to bytes: grub.conf and custom.cfg may hold any encoding, and any line end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kickbuild.errors import InputError, Problem

#: Said on the first marker when the text before it did not end its last line, so that removing restores that.
_JOINED: Final = b" (the line above had no line end)"
_ID: Final = re.compile(r"kickbuild-[a-z0-9][a-z0-9-]*")
_MARKER: Final = re.compile(
    rb"^[ \t]*###[ \t]*(BEGIN|END)[ \t]+(kickbuild-[^ \t\r\n]+)[ \t]*###("
    + re.escape(_JOINED)
    + rb")?[ \t]*(\r?\n|\r?\Z)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """One entry of ours: the span of its lines, markers among them, and how its first line ends."""

    entry_id: str
    start: int
    end: int
    line_end: bytes
    joined: bool
    """The text before the block had no line end of its own."""


def append_entry(text: bytes, entry_id: str, stanza: bytes) -> bytes:
    """Return ``text`` with the entry at its end, or in the place of its older version.

    Appending last leaves the numbers of all other entries as they are. Raises InputError for damaged markers, and
    ValueError for an id that is not one of kickbuild's.
    """
    _check_id(entry_id)
    _check_stanza(stanza)
    old = _find(find_blocks(text), entry_id)
    if old is not None:
        return text[: old.start] + _block(entry_id, stanza, old.line_end, joined=old.joined) + text[old.end :]
    _check_last_line(text)
    line_end = b"\r\n" if re.search(rb"\r\n[^\n]*\Z", text) else b"\n"
    joined = bool(text) and not text.endswith(b"\n")
    return text + (line_end if joined else b"") + _block(entry_id, stanza, line_end, joined=joined)


def remove_entry(text: bytes, entry_id: str) -> bytes:
    """Return ``text`` without the entry: what it was before, to the byte. Raises as ``append_entry`` does."""
    _check_id(entry_id)
    block = _find(find_blocks(text), entry_id)
    if block is None:
        return text
    before, after = text[: block.start], text[block.end :]
    if not block.joined:
        return before + after
    if not after:
        return before.removesuffix(block.line_end)
    # Another entry of ours inherits the debt; foreign text that came later keeps the line end it stands on.
    heir = _MARKER.match(after)
    if heir and heir[1] == b"BEGIN" and heir[4] == block.line_end:
        return before + after[: heir.start(4)] + _JOINED + after[heir.start(4) :]
    return before + after


def find_blocks(text: bytes) -> tuple[Block, ...]:
    """Return every entry of ours. Raises InputError with the line of each marker that is damaged."""
    blocks: list[Block] = []
    problems: list[Problem] = []
    opened: re.Match[bytes] | None = None
    for marker in _MARKER.finditer(text):
        name = _name(marker)
        if marker[1] == b"BEGIN":
            if opened is not None:
                problems.append(_damage(text, opened, "has no END marker before the next BEGIN", marker))
            elif _find(tuple(blocks), name) is not None:
                problems.append(_damage(text, marker, "begins a second time"))
            opened = marker
        elif opened is None:
            problems.append(_damage(text, marker, "ends here, but begins nowhere"))
        else:
            if _name(opened) != name:
                problems.append(_damage(text, opened, "ends with the marker of another entry", marker))
            blocks.append(Block(_name(opened), opened.start(), marker.end(), opened[4], opened[3] is not None))
            opened = None
    if opened is not None:
        problems.append(_damage(text, opened, "has no END marker"))
    if problems:
        raise InputError(*problems)
    return tuple(blocks)


def _block(entry_id: str, stanza: bytes, line_end: bytes, *, joined: bool) -> bytes:
    lines = stanza.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    name = entry_id.encode("ascii")
    begin = b"### BEGIN " + name + b" ###" + (_JOINED if joined else b"")
    return line_end.join([begin, *lines, b"### END " + name + b" ###", b""])


def _find(blocks: tuple[Block, ...], entry_id: str) -> Block | None:
    return next((block for block in blocks if block.entry_id == entry_id), None)


def _name(marker: re.Match[bytes]) -> str:
    return marker[2].decode("utf-8", "backslashreplace")


def _line(text: bytes, marker: re.Match[bytes]) -> int:
    return text.count(b"\n", 0, marker.start()) + 1


def _damage(text: bytes, marker: re.Match[bytes], fact: str, other: re.Match[bytes] | None = None) -> Problem:
    also = f" (line {_line(text, other)}: {_name(other)})" if other is not None else ""
    return Problem(
        f"the entry {_name(marker)} {fact}{also}",
        where=f"line {_line(text, marker)}",
        hint="mend or delete the `### BEGIN kickbuild-… ###` and `### END kickbuild-… ###` lines by hand",
    )


def _check_id(entry_id: str) -> None:
    if not _ID.fullmatch(entry_id):
        raise ValueError(f"{entry_id!r} is not the id of an entry")


def _check_stanza(stanza: bytes) -> None:
    marker = _MARKER.search(stanza)
    if marker:
        raise InputError("the entry to append holds a marker line itself", where=f"line {_line(stanza, marker)}")
    if not stanza.strip():
        raise InputError("the entry to append is empty")
    if stanza.rstrip(b"\r\n").endswith(b"\\"):
        raise InputError("the last line of the entry to append ends in a backslash, which would swallow the END marker")


def _check_last_line(text: bytes) -> None:
    if re.search(rb"\\(\r?\n)?\Z", text):
        last = text.removesuffix(b"\n").count(b"\n") + 1
        raise InputError(
            "the last line ends in a backslash, which would swallow the first line of the entry",
            where=f"line {last}",
            hint="end that line properly first",
        )
