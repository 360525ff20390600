"""Moving bytes as fast as the disk can, hashing them in the same pass, and durable when it returns.

The calling thread reads, one thread hashes and one writes, over a few aligned buffers and past the page cache where
the filesystem allows it: copying 9 GB so takes half of what ``cp`` and ``sync`` take, because nothing waits for the
cache to be written back. Where direct I/O is refused (tmpfs, some FUSE and network filesystems, unaligned offsets) the
same pipeline runs buffered.
"""

from __future__ import annotations

import _thread
import contextlib
import errno
import fcntl
import hashlib
import mmap
import os
import queue
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from kickbuild.errors import ToolError, system_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from kickbuild.progress import Progress

Extents = tuple[tuple[int, int], ...]

CHUNK: Final = 2 * 1024 * 1024
BUFFERS: Final = 5
#: What every disk accepts for direct I/O; memory is aligned by mmap.
_BLOCK: Final = 4096
#: Files of an ISO begin at any 2048th byte, which a disk with 512-byte sectors reads directly.
_SECTOR: Final = 512
#: What filesystems answer that take no direct I/O, or not at this place.
_NOT_DIRECTLY: Final = frozenset({errno.EINVAL, errno.EOPNOTSUPP})
# linux/fs.h: _IOW(0x94, 9, int)
_FICLONE: Final = 0x40049409


@dataclass(frozen=True, slots=True)
class Ranges:
    """Bytes of a file: (offset, length) pairs, in order. A whole file is one pair."""

    path: Path
    extents: Extents

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return sum(length for _, length in self.extents)


def whole_file(path: Path) -> Ranges:
    """Return all of a file. Raises ToolError."""
    try:
        return Ranges(path, ((0, path.stat().st_size),))
    except OSError as error:
        raise system_error(error, path) from error


def written_ranges(path: Path) -> Ranges:
    """Return the parts of a file that are not holes; all of a block device, which does not tell. Raises ToolError."""
    extents: list[tuple[int, int]] = []
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            if stat.S_ISBLK(os.fstat(file.fileno()).st_mode):
                return Ranges(path, ((0, end),))
            offset = 0
            while offset < end:
                start = _next_data(file.fileno(), offset)
                if start is None:
                    break
                offset = os.lseek(file.fileno(), start, os.SEEK_HOLE)
                extents.append((start, offset - start))
    except OSError as error:
        raise system_error(error, path) from error
    return Ranges(path, tuple(extents))


def head(source: Ranges, limit: int) -> bytes:
    """Return the first ``limit`` bytes of ``source``, fewer where it is shorter. Raises ToolError."""
    found = b""
    try:
        with source.path.open("rb") as file:
            for offset, length in source.extents:
                found += os.pread(file.fileno(), min(length, limit - len(found)), offset)
                if len(found) >= limit:
                    break
    except OSError as error:
        raise system_error(error, source.path) from error
    return found


def clone(source: Path, destination: Path) -> bool:
    """Let an existing file share all blocks of another; false where the filesystem cannot. Durable when it returns."""
    try:
        with source.open("rb") as old, destination.open("r+b") as new:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
            os.fsync(new.fileno())
    except OSError:
        return False
    return True


def copy(source: Ranges, destination: Path, at: Extents | None, progress: Progress) -> str:
    """Copy ``source`` into an existing file, at its beginning or into its ranges ``at``, and return the sha256.

    The bytes are durable when this returns. Raises ToolError for a failing or full disk, and for a source that is
    shorter than it says or changes meanwhile; what was written is then worth nothing.
    """
    target = at if at is not None else ((0, source.size),)
    pieces = list(_pieces(source.extents, target))
    with _Side(source.path, os.O_RDONLY) as reader, _Side(destination, os.O_WRONLY) as writer:
        with _Pipeline(reader, writer, progress) as pipeline:
            sha256 = pipeline.run(pieces)
        reader.require_unchanged()
        writer.sync()
    return sha256


def digest(source: Ranges, progress: Progress) -> str:
    """Return the sha256 of ``source``, read at the disk's speed. Raises ToolError."""
    with _Side(source.path, os.O_RDONLY) as reader:
        with _Pipeline(reader, None, progress) as pipeline:
            sha256 = pipeline.run(list(_pieces(source.extents, source.extents)))
        reader.require_unchanged()
    return sha256


def _next_data(descriptor: int, offset: int) -> int | None:
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        raise


def _joined(extents: Extents) -> list[tuple[int, int]]:
    """Join neighbours: a file above 4 GiB in an ISO is in several parts, and only the first begins at a whole block."""
    joined: list[tuple[int, int]] = []
    for offset, length in extents:
        if joined and sum(joined[-1]) == offset:
            joined[-1] = (joined[-1][0], joined[-1][1] + length)
        else:
            joined.append((offset, length))
    return joined


def _pieces(source: Extents, target: Extents) -> Iterator[tuple[int, int, int]]:
    """Yield (offset in the source, offset in the target, length) of at most CHUNK bytes, in order."""
    wanted, room = sum(n for _, n in source), sum(n for _, n in target)
    if wanted > room:
        raise ValueError(f"{wanted} bytes do not fit into {room}")
    targets = iter(_joined(target))
    to, left = next(targets, (0, 0))
    for start, size in _joined(source):
        offset, rest = start, size
        while rest:
            while not left:
                to, left = next(targets)
            length = min(rest, left, CHUNK)
            if _BLOCK < length < CHUNK:
                # The unaligned tail of a file becomes a piece of its own, so that all before it can go directly.
                length -= length % _BLOCK
            yield offset, to, length
            offset, rest = offset + length, rest - length
            to, left = to + length, left - length


class _Side:
    """One end of a copy: a file opened twice, past the page cache and through it."""

    def __init__(self, path: Path, flags: int) -> None:
        self.path = path
        try:
            self._buffered = os.open(path, flags | os.O_CLOEXEC)
        except OSError as error:
            raise system_error(error, path) from error
        self._first = os.fstat(self._buffered)
        self._direct: int | None = None
        with contextlib.suppress(OSError):
            self._direct = os.open(path, flags | os.O_CLOEXEC | os.O_DIRECT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._buffered)
        if self._direct is not None:
            os.close(self._direct)

    def read(self, view: memoryview, offset: int) -> None:
        self._all(os.preadv, view, offset, "ended while it was being read: it is truncated, or it changed")

    def write(self, view: memoryview, offset: int) -> None:
        self._all(os.pwritev, view, offset, "took no more bytes")

    def sync(self) -> None:
        try:
            os.fsync(self._buffered)
        except OSError as error:
            raise system_error(error, self.path) from error

    def require_unchanged(self) -> None:
        """Raise ToolError where somebody wrote to the file since it was opened."""
        now = os.fstat(self._buffered)
        is_same = (now.st_size, now.st_mtime_ns) == (self._first.st_size, self._first.st_mtime_ns)
        if stat.S_ISREG(now.st_mode) and not is_same:
            raise ToolError(f"{self.path}: it changed while it was being read", hint="try again when it is complete")

    def _all(self, call: Callable[[int, list[memoryview], int], int], view: memoryview, offset: int, end: str) -> None:
        done = 0
        while done < len(view):
            moved = self._some(call, view[done:], offset + done)
            if moved == 0:
                raise ToolError(f"{self.path}: {end}")
            done += moved

    def _some(self, call: Callable[[int, list[memoryview], int], int], view: memoryview, offset: int) -> int:
        try:
            if self._direct is not None and offset % _SECTOR == 0 and len(view) % _SECTOR == 0:
                try:
                    return call(self._direct, [view], offset)
                except OSError as error:
                    if error.errno not in _NOT_DIRECTLY:
                        raise
                    os.close(self._direct)
                    self._direct = None
            return call(self._buffered, [view], offset)
        except OSError as error:
            raise system_error(error, self.path) from error


@dataclass(slots=True)
class _Buffer:
    memory: mmap.mmap
    length: int = 0
    offset: int = 0
    users: int = 0


class _Pipeline:
    """Reads in the calling thread, so that Ctrl-C arrives there; hashes and writes in one thread each.

    Ctrl-C may arrive at any line of the calling thread. So that thread takes no lock that another one needs: a Queue
    can be left locked, which a SimpleQueue cannot, and neither start() nor join() of a Thread bears an interruption.
    And the threads are waited for twice, in run() and on leaving: the files are closed next, and nobody may write then.
    """

    def __init__(self, reader: _Side, writer: _Side | None, progress: Progress) -> None:
        self._reader = reader
        self._writer = writer
        self._progress = progress
        self._sha256 = hashlib.sha256()
        self._free: queue.SimpleQueue[_Buffer] = queue.SimpleQueue()
        self._work: list[queue.SimpleQueue[_Buffer | None]] = []
        self._running = 0
        self._ended: list[bool] = []
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._lock = _thread.allocate_lock()
        self._errors: list[BaseException] = []
        self._tails: list[tuple[bytes, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._errors.append(error)
        self._finish()

    def run(self, pieces: list[tuple[int, int, int]]) -> str:
        for _ in range(min(BUFFERS, len(pieces))):
            self._free.put(_Buffer(mmap.mmap(-1, CHUNK)))
        for use in [self._hash] if self._writer is None else [self._hash, self._write]:
            self._start(use)
        self._read(pieces)
        self._finish()
        if self._errors:
            raise self._errors[0]
        for data, offset in self._tails:
            assert self._writer is not None
            self._writer.write(memoryview(data), offset)
        return self._sha256.hexdigest()

    def _finish(self) -> None:
        """Wait for the threads, even through another Ctrl-C."""
        interrupt: KeyboardInterrupt | None = None
        for work in self._work:
            work.put(None)
        while len(self._ended) < self._running:
            try:
                with contextlib.suppress(queue.Empty):
                    self._wake.get(timeout=0.1)
            except KeyboardInterrupt as error:
                interrupt = error
                self._errors.append(error)
        if interrupt is not None:
            raise interrupt

    def _start(self, use: Callable[[_Buffer], None]) -> None:
        work: queue.SimpleQueue[_Buffer | None] = queue.SimpleQueue()
        self._work.append(work)
        _thread.start_new_thread(self._serve, (work, use))
        self._running += 1

    def _read(self, pieces: list[tuple[int, int, int]]) -> None:
        for source, target, length in pieces:
            buffer = self._free.get()
            if self._errors:
                return
            with memoryview(buffer.memory) as memory, memory[:length] as view:
                self._reader.read(view, source)
            buffer.length, buffer.offset, buffer.users = length, target, len(self._work)
            for work in self._work:
                work.put(buffer)

    def _serve(self, work: queue.SimpleQueue[_Buffer | None], use: Callable[[_Buffer], None]) -> None:
        while (buffer := work.get()) is not None:
            try:
                if not self._errors:
                    use(buffer)
            except BaseException as error:  # noqa: BLE001 - raised again by the calling thread
                self._errors.append(error)
            with self._lock:
                buffer.users -= 1
                is_free = buffer.users == 0
            if is_free:
                self._free.put(buffer)
        self._ended.append(True)
        self._wake.put(None)

    def _hash(self, buffer: _Buffer) -> None:
        with memoryview(buffer.memory) as memory, memory[: buffer.length] as view:
            self._sha256.update(view)
        if self._writer is None:
            self._progress.advance(buffer.length)

    def _write(self, buffer: _Buffer) -> None:
        assert self._writer is not None
        with memoryview(buffer.memory) as memory, memory[: buffer.length] as view:
            if buffer.length % _SECTOR:
                # It shares its page with what goes directly: write it when all of that is on the disk.
                self._tails.append((bytes(view), buffer.offset))
            else:
                self._writer.write(view, buffer.offset)
        self._progress.advance(buffer.length)
