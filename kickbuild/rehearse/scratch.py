"""Files that have no name: whatever ends this process, nothing of them is left.

Programs reach them through this process's descriptors in /proc, for as long as it lives.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.errors import LackingError, ToolError, system_error
from kickbuild.run import run
from kickbuild.units import MIB, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTOR: Final = 512
#: What one scenario writes beside the target's content: boot loader, logs, tables.
_LEAST_ROOM: Final = 256 * MIB
_CHUNK: Final = 1 * MIB


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes of a disk, from ``start`` on."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.start + self.length

    def overlaps(self, other: Range) -> bool:
        """Tell whether they have a byte in common."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Changes:
    """What was done to a disk: where anything was written, and where it now holds other bytes than before."""

    written: tuple[Range, ...] = ()
    changed: tuple[Range, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the sectors that are different."""
        return sum(part.length for part in self.changed)


class Workplace:
    """Makes nameless files in one directory, and closes them all at its end."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._open: list[int] = []

    def file(self, size: int = 0) -> Path:
        """Return the path of a new file of ``size`` bytes, all of them a hole. Raises ToolError."""
        try:
            descriptor = _nameless(self.directory)
            self._open.append(descriptor)
            os.ftruncate(descriptor, size)
        except OSError as error:
            raise system_error(error, self.directory) from error
        return Path(f"/proc/{os.getpid()}/fd/{descriptor}")

    def overlay(self, base: Path) -> Path:
        """Return a qcow2 over a raw file or block device, which is only read. Raises ToolError."""
        path = self.file()
        run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, path])
        return path

    def close(self) -> None:
        """Let go of every file."""
        while self._open:
            with contextlib.suppress(OSError):
                os.close(self._open.pop())


@contextlib.contextmanager
def workplace(directory: Path) -> Iterator[Workplace]:
    """Yield a workplace, and let go of its files at the end."""
    place = Workplace(directory)
    try:
        yield place
    finally:
        place.close()


def require_room(directory: Path, runs: int) -> None:
    """Raise LackingError where a directory has no room for the overlays of ``runs`` scenarios at once."""
    try:
        values = os.statvfs(directory)
    except OSError as error:
        raise system_error(error, directory) from error
    free, wanted = values.f_bavail * values.f_frsize, runs * _LEAST_ROOM
    if free < wanted:
        raise LackingError(
            f"{directory} has {format_size(free)} free; the overlays need {format_size(wanted)} at the least, and as "
            "much as the installer writes",
            hint="make room there, or name another directory with --work",
        )


def has_memory(wanted: int) -> bool:
    """Tell whether this machine has ``wanted`` MiB of memory altogether."""
    return wanted * MIB <= _memory()


def require_memory(wanted: int) -> None:
    """Raise LackingError where this machine has less than ``wanted`` MiB of memory altogether."""
    if not has_memory(wanted):
        raise LackingError(
            f"the rehearsed machines need {format_size(wanted * MIB)} of memory; this one has {format_size(_memory())}",
            hint="rehearse fewer scenarios at once with --jobs 1, or in smaller machines with --memory",
        )


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _nameless(directory: Path) -> int:
    try:
        return os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        # A filesystem without such files, or a directory that says better itself what is wrong with it.
        descriptor, name = tempfile.mkstemp(dir=directory)
        Path(name).unlink()
        return descriptor


def changes(overlay: Path, base: Path, *, but: int = -1) -> Changes:
    """Compare an overlay, which no machine uses any more, with its base, block by block. Raises ToolError.

    The sector that begins at byte ``but`` is left out: it was another from the start.
    """
    written: list[Range] = []
    changed: list[Range] = []
    try:
        with overlay.open("rb") as new, base.open("rb") as old:
            for row in _written_rows(overlay):
                _add(written, Range(row["start"], row["length"]))
                for part in _different(new.fileno(), old.fileno(), row):
                    if part.start != but:
                        _add(changed, part)
    except OSError as error:
        raise system_error(error, base) from error
    return Changes(tuple(written), tuple(changed))


def _written_rows(overlay: Path) -> list[dict[str, int]]:
    """Return what `qemu-img map` tells of the overlay's own bytes: start, length, and the offset of those with data."""
    said = run(["qemu-img", "map", "--output=json", "-f", "qcow2", overlay]).stdout
    try:
        return [row for row in json.loads(said) if row["depth"] == 0 and _is_written(row)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ToolError("qemu-img does not tell what was written to a disk", hint="is it QEMU's own?") from error


def _is_written(row: dict[str, int]) -> bool:
    has_place = row["start"] >= 0 and row["length"] >= 0 and (not row["data"] or row["offset"] >= 0)
    return has_place and bool(row["data"] or row.get("zero")) and bool(row.get("present", True))


def _different(new: int, old: int, row: dict[str, int]) -> Iterator[Range]:
    for at in range(0, row["length"], _CHUNK):
        size = min(_CHUNK, row["length"] - at)
        was = os.pread(old, size, row["start"] + at).ljust(size, b"\0")
        now = os.pread(new, size, row["offset"] + at).ljust(size, b"\0") if row["data"] else bytes(size)
        if was != now:
            for sector in range(0, size, SECTOR):
                if was[sector : sector + SECTOR] != now[sector : sector + SECTOR]:
                    yield Range(row["start"] + at + sector, SECTOR)


def _add(ranges: list[Range], more: Range) -> None:
    if ranges and ranges[-1].end == more.start:
        ranges[-1] = Range(ranges[-1].start, ranges[-1].length + more.length)
    else:
        ranges.append(more)


def read_changes(overlay: Path, where: tuple[Range, ...]) -> Iterator[tuple[int, bytes]]:
    """Yield the bytes that an overlay has in some ranges, a piece at a time, with their places. Raises ToolError.

    The ranges are in the order of their places, as those of `Changes` are.
    """
    first = 0
    with overlay.open("rb") as file:
        for row in _written_rows(overlay):
            have = Range(row["start"], row["length"])
            while first < len(where) and where[first].end <= have.start:
                first += 1
            for part in itertools.takewhile(have.overlaps, itertools.islice(where, first, None)):
                for start in range(max(part.start, have.start), min(part.end, have.end), _CHUNK):
                    size = min(_CHUNK, part.end - start, have.end - start)
                    at = row.get("offset", 0) + start - have.start
                    yield start, os.pread(file.fileno(), size, at) if row["data"] else bytes(size)
