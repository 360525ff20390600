"""The byte mover: every size and offset, short sources, full disks, interruption."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kickbuild.copying import CHUNK, Ranges, clone, copy, digest, head, whole_file, written_ranges
from kickbuild.errors import ToolError
from kickbuild.progress import Silent

if TYPE_CHECKING:
    from types import FrameType

SIZES = [0, 1, 511, 512, 4095, 4096, 4097, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5000, 20 * CHUNK + 1]


def thread_count() -> int:
    """Return how many threads the kernel runs for this process."""
    return len(list(Path("/proc/self/task").iterdir()))


def threads_end(count: int) -> bool:
    """Wait until no more than so many threads are left; false where they stay."""
    deadline = time.monotonic() + 10
    while thread_count() > count and time.monotonic() < deadline:
        time.sleep(0.001)
    return thread_count() <= count


class Counting(Silent):
    """Counts what it is told."""

    def __init__(self) -> None:
        self.amount = 0

    def advance(self, amount: int) -> None:
        self.amount += amount


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("where", ["disk", "memory"])
def test_whole_files(tmp_path: Path, size: int, where: str) -> None:
    folder = tmp_path if where == "disk" else Path(tempfile.mkdtemp(dir="/dev/shm"))
    data = os.urandom(size)
    source, target = folder / "source", folder / "target"
    source.write_bytes(data)
    target.touch()
    progress = Counting()
    assert copy(whole_file(source), target, None, progress) == hashlib.sha256(data).hexdigest()
    assert target.read_bytes() == data
    assert progress.amount == size
    assert digest(whole_file(target), Silent()) == hashlib.sha256(data).hexdigest()
    source.unlink()
    target.unlink()


LENGTHS = st.lists(st.integers(0, 3 * 4096), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(
    lengths=LENGTHS, cut=st.integers(0, 10000), gap=st.sampled_from([0, 100, 2048, 4096]), start=st.integers(0, 5000)
)
def test_any_ranges_into_any_ranges(lengths: list[int], cut: int, gap: int, start: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        extents, offset = [], start
        for length in lengths:
            extents.append((offset, length))
            offset += length + gap
        data = os.urandom(offset)
        (folder / "source").write_bytes(data)
        wanted = b"".join(data[o : o + n] for o, n in extents)
        first = min(cut, len(wanted))
        targets = ((8192, first), (8192 + first + 512, len(wanted) - first))
        (folder / "target").write_bytes(b"\xee" * (len(wanted) + 3 * 8192))
        source = Ranges(folder / "source", tuple(extents))
        assert copy(source, folder / "target", targets, Silent()) == hashlib.sha256(wanted).hexdigest()
        found = (folder / "target").read_bytes()
        assert b"".join(found[o : o + n] for o, n in targets) == wanted
        rest = found[:8192] + found[8192 + first : 8192 + first + 512] + found[targets[1][0] + targets[1][1] :]
        assert rest.count(0xEE) == len(rest)
        assert digest(source, Silent()) == hashlib.sha256(wanted).hexdigest()


def test_a_short_source_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * 5000)
    (tmp_path / "target").touch()
    with pytest.raises(ToolError, match="truncated"):
        copy(Ranges(tmp_path / "source", ((0, 100 * CHUNK),)), tmp_path / "target", None, Silent())
    with pytest.raises(ToolError, match="truncated"):
        digest(Ranges(tmp_path / "source", ((4096, 5000),)), Silent())


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="No such file"):
        whole_file(tmp_path / "absent")
    with pytest.raises(ToolError, match="No such file"):
        digest(Ranges(tmp_path / "absent", ((0, 1),)), Silent())


def test_a_full_device_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * (20 * CHUNK))
    with pytest.raises(ToolError, match="No space left") as caught:
        copy(whole_file(tmp_path / "source"), Path("/dev/full"), None, Silent())
    assert "make room" in caught.value.problems[0].hint


def test_an_interrupt_in_the_middle_ends_all_threads(tmp_path: Path) -> None:
    class Interrupting(Silent):
        def advance(self, amount: int) -> None:
            assert amount
            raise KeyboardInterrupt

    (tmp_path / "source").write_bytes(b"x" * (20 * CHUNK))
    (tmp_path / "target").touch()
    with pytest.raises(KeyboardInterrupt):
        copy(whole_file(tmp_path / "source"), tmp_path / "target", None, Interrupting())


def test_no_thread_outlives_an_error(tmp_path: Path) -> None:
    before = thread_count()
    (tmp_path / "source").write_bytes(b"x" * (20 * CHUNK))
    with pytest.raises(ToolError):
        copy(whole_file(tmp_path / "source"), Path("/dev/full"), None, Silent())
    assert threads_end(before)


def test_a_failing_disk_is_an_error(tmp_path: Path) -> None:
    # The first page of a process is never mapped, and reading it is an input/output error.
    (tmp_path / "target").touch()
    with pytest.raises(ToolError, match="Input/output error") as caught:
        copy(Ranges(Path("/proc/self/mem"), ((0, 4096),)), tmp_path / "target", None, Silent())
    assert "unplugged" in caught.value.problems[0].hint


def test_a_source_that_changes_is_an_error(tmp_path: Path) -> None:
    class Meddling(Silent):
        def advance(self, amount: int) -> None:
            with (tmp_path / "source").open("ab") as file:
                file.write(b"more" * amount)

    (tmp_path / "source").write_bytes(b"x" * 5000)
    (tmp_path / "target").touch()
    source = whole_file(tmp_path / "source")
    with pytest.raises(ToolError, match="changed while"):
        copy(source, tmp_path / "target", None, Meddling())
    with pytest.raises(ToolError, match="changed while"):
        digest(whole_file(tmp_path / "source"), Meddling())


def test_too_little_room_in_the_target_is_a_bug_of_the_caller(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"xyz")
    with pytest.raises(ValueError, match="do not fit"):
        copy(whole_file(tmp_path / "source"), tmp_path / "source", ((0, 2),), Silent())


@settings(max_examples=40, deadline=None)
@given(
    pieces=st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=8),
    tail=st.integers(0, 5000),
)
def test_a_copy_without_the_holes_is_the_same(pieces: list[tuple[bool, int]], tail: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name, "source"), Path(name, "target")
        with source.open("wb") as file:
            for is_data, blocks in pieces:
                if is_data:
                    file.write(os.urandom(blocks * 4096))
                else:
                    file.truncate(file.seek(blocks * 4096, os.SEEK_CUR))
            file.write(b"t" * tail)
        written = written_ranges(source)
        assert written.size <= source.stat().st_size
        with target.open("wb") as file:
            file.truncate(source.stat().st_size)
        copy(written, target, written.extents, Silent())
        assert target.read_bytes() == source.read_bytes()


def test_the_head_of_ranges(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(bytes(range(100)))
    source = Ranges(tmp_path / "source", ((10, 5), (50, 5)))
    assert head(source, 3) == bytes(range(10, 13))
    assert head(source, 7) == bytes([*range(10, 15), 50, 51])
    assert len(head(source, 1000)) == 10


def test_cloning_where_blocks_cannot_be_shared(tmp_path: Path) -> None:
    shared = Path(tempfile.mkdtemp(dir="/dev/shm"))
    (shared / "target").touch()
    (tmp_path / "source").write_bytes(b"x" * 5000)
    assert not clone(tmp_path / "source", shared / "target")
    (shared / "target").unlink()
    shared.rmdir()


class _StopAt:
    """Raises KeyboardInterrupt at the n-th line that the main thread runs in the byte mover and below it."""

    FILES = ("copying.py", "queue.py", "threading.py", "contextlib.py")

    def __init__(self, line: int) -> None:
        self.left = line

    def __call__(self, frame: FrameType, event: str, _: object) -> Self | None:
        if not frame.f_code.co_filename.endswith(self.FILES):
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def test_ctrl_c_at_every_line_ends_the_copy_and_its_threads(tmp_path: Path) -> None:
    data = os.urandom(7 * CHUNK // 2)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(data)
    target.touch()
    before, threads = sys.gettrace(), thread_count()
    line = 0
    while True:
        line += 1
        stop = _StopAt(line)
        sys.settrace(stop)
        try:
            copy(whole_file(source), target, None, Silent())
        except KeyboardInterrupt:
            continue
        finally:
            sys.settrace(before)
            assert threads_end(threads), f"threads go on after a stop at line {line}"
        break
    assert stop.left > 0
    assert target.read_bytes() == data
