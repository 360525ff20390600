"""What is on a disk image before and after a run: its bytes, and the files of the filesystem in its last partition."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from boot_parts import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECTOR: Final = 512
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class DriveState:
    """``files`` maps each path to the sha256 of its content; ``outside`` is of every byte outside the partition."""

    outside: str
    files: dict[str, str]


def digest(image: Path) -> str:
    """Return the sha256 of a whole image."""
    with image.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_blank(image: Path) -> bool:
    """Tell whether nothing was ever written to an image: it holds no byte but zero."""
    return not any(chunk.strip(b"\0") for _, chunk in _data(image))


def changed_sectors(before: Path, after: Path) -> set[int]:
    """Return the numbers of the sectors in which two images differ."""
    old, new = dict(_data(before)), dict(_data(after))
    found: set[int] = set()
    for start in old.keys() | new.keys():
        one, other = (chunks.get(start, b"").ljust(_CHUNK, b"\0") for chunks in (old, new))
        if one != other:
            pairs = range(0, _CHUNK, SECTOR)
            found |= {(start + at) // SECTOR for at in pairs if one[at : at + SECTOR] != other[at : at + SECTOR]}
    return found


def _data(image: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the chunks of a sparse file that are not holes, by their offset."""
    with image.open("rb") as file:
        end, at = file.seek(0, os.SEEK_END), 0
        while at < end:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA) // _CHUNK * _CHUNK
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                return
            yield at, os.pread(file.fileno(), _CHUNK, at)
            at += _CHUNK


def partition_of(image: Path) -> tuple[int, int]:
    """Return where the last partition of an image starts, and its length, in bytes; in most it is the only one."""
    table = json.loads(run(["sfdisk", "--json", str(image)]))["partitiontable"]
    last = table["partitions"][-1]
    return last["start"] * SECTOR, last["size"] * SECTOR


def look(image: Path, work: Path) -> DriveState:
    """Return what is on the drive, with the journal of a filesystem that was not unmounted played back in a copy."""
    start, length = partition_of(image)
    whole = image.read_bytes()
    outside = hashlib.sha256(whole[:start] + whole[start + length :]).hexdigest()
    return DriveState(outside, files_of(image, work))


def files_of(image: Path, work: Path) -> dict[str, str]:
    """Return the files of the filesystem in the last partition, as in DriveState."""
    start, length = partition_of(image)
    copy, tree = work / "watched.fs", work / "watched"
    with image.open("rb") as file:
        file.seek(start)
        copy.write_bytes(file.read(length))
    run(["e2fsck", "-f", "-p", str(copy)], good=(0, 1))  # 1: the journal was played back
    tree.mkdir()
    run(["debugfs", "-R", f"rdump / {tree}", str(copy)])
    files = {f"/{path.relative_to(tree)}": digest(path) for path in sorted(tree.rglob("*")) if path.is_file()}
    copy.unlink()
    run(["rm", "-r", str(tree)])
    return files


def read_file(image: Path, path: str) -> bytes:
    """Return the content of one file on a drive; it must be there and not be empty."""
    start, _ = partition_of(image)
    with tempfile.NamedTemporaryFile() as file:
        run(["debugfs", "-R", f"dump {path} {file.name}", f"{image}?offset={start}"])
        content = file.read()
    assert content, f"{path} is not on {image}"
    return content


def mode_of(image: Path, path: str) -> str:
    """Return the mode of a file, as octal digits, and its owner: ``0600 0:0``."""
    start, _ = partition_of(image)
    said = run(["debugfs", "-R", f"stat {path}", f"{image}?offset={start}"])
    found = re.search(r"(?s)Mode:\s+(\d+).*?User:\s+(\d+)\s+Group:\s+(\d+)", said)
    assert found is not None, f"{path} is not on {image}: {said}"
    return f"{found[1]} {found[2]}:{found[3]}"


def replace_file(image: Path, path: str, content: bytes) -> None:
    """Give a file that is on a drive another content."""
    start, _ = partition_of(image)
    directory, _, name = path.rpartition("/")
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        commands = f"cd {directory}\nrm {name}\nwrite {file.name} {name}\n"
        run(["debugfs", "-w", "-f", "-", f"{image}?offset={start}"], stdin=commands)
    assert read_file(image, path) == content
