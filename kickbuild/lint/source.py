"""A kickstart file as the validator reads it: whatever its bytes are, there are lines to talk about."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.errors import UsageError
from kickbuild.kickstart.document import Document, parse_document

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.lint.finding import Place

#: Bytes of a file that are read; a kickstart of 100 KiB is a large one.
LIMIT: Final = 2 * 1024 * 1024
#: Lines of a file, and characters of one line, that are looked at.
MOST_LINES: Final = 50_000
LONGEST_LINE: Final = 64 * 1024
#: How bytes that are not UTF-8 are kept in text: as lone surrogates, so that the bytes can be had back.
ERRORS: Final = "surrogateescape"
BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One file: its name as the user knows it, its text, and how it came in.

    ``text`` lacks a byte order mark (``bom`` says that there was one); a byte that is not UTF-8 is a lone surrogate in
    it. ``excess`` says what of the file was too large to be looked at. Two are the same only where they are one: what
    refers to a source is looked up often, and its text is long.
    """

    name: str
    text: str
    document: Document
    chain: tuple[Place, ...] = ()
    bom: bool = False
    excess: str = ""
    map: tuple[int, ...] = ()
    """For each line of ``text``, the line of the file that it was rendered from; empty where nothing was rendered."""

    @property
    def bytes(self) -> bytes:
        """The file, to the byte; only where nothing was cut or rendered."""
        return BOM * self.bom + self.text.encode("utf-8", ERRORS)

    def line_text(self, number: int) -> str:
        """Return a line by its number from 1; empty for 0."""
        return self.document.line(number).text if 0 < number <= len(self.document.lines) else ""


def read_bytes(path: Path, *, name: str = "", most: int = LIMIT) -> bytes:
    """Return a file's first bytes, one more than ``most`` at most. Raises UsageError where it cannot be read."""
    shown = name or str(path)
    try:
        # Opening a FIFO waits for a writer that may never come.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"{shown} is no regular file", hint="for standard input, write -")
            return file.read(most + 1)
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"{shown!r} cannot be read: {error}") from error


def make_source(name: str, data: bytes, chain: tuple[Place, ...] = ()) -> Source:
    """Return the source that ``data`` is; what is beyond the limits is left out, and ``excess`` says so."""
    excess = ""
    if len(data) > LIMIT:
        data = data[:LIMIT].rpartition(b"\n")[0]
        excess = f"is larger than {LIMIT // 1024**2} MiB; nothing behind the first {LIMIT // 1024**2} MiB was checked"
    bom = data.startswith(BOM)
    text = data.removeprefix(BOM).decode("utf-8", ERRORS)
    lines = text.splitlines(keepends=True)
    if len(lines) > MOST_LINES:
        lines = lines[:MOST_LINES]
        excess = excess or f"has more than {MOST_LINES} lines; nothing behind them was checked"
    longest = next((number for number, line in enumerate(lines, 1) if len(line) > LONGEST_LINE), 0)
    if longest:
        lines = [line if len(line) <= LONGEST_LINE else "\n" for line in lines]
        excess = excess or f"has a line of more than {LONGEST_LINE // 1024} KiB, line {longest}, which was not checked"
    text = "".join(lines) if excess else text
    return Source(name, text, parse_document(text), chain, bom, excess)
