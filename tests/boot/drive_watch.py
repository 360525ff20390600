"""What is on a disk image before and after a run: its bytes, and the files of the filesystem in its one partition."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boot_parts import run

if TYPE_CHECKING:
    from pathlib import Path

_SECTOR = 512


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
    """Tell whether nothing was ever written to an image: no byte but zero."""
    with image.open("rb") as file:
        return not any(chunk.strip(b"\0") for chunk in iter(lambda: file.read(1 << 20), b""))


def partition_of(image: Path) -> tuple[int, int]:
    """Return where the one partition of an image starts, and its length, in bytes."""
    table = json.loads(run(["sfdisk", "--json", str(image)]))["partitiontable"]
    (only,) = table["partitions"]
    return only["start"] * _SECTOR, only["size"] * _SECTOR


def look(image: Path, work: Path) -> DriveState:
    """Return what is on the drive, with the journal of a filesystem that was not unmounted played back in a copy."""
    start, length = partition_of(image)
    whole = image.read_bytes()
    outside = hashlib.sha256(whole[:start] + whole[start + length :]).hexdigest()
    copy, tree = work / "watched.fs", work / "watched"
    copy.write_bytes(whole[start : start + length])
    run(["e2fsck", "-f", "-p", str(copy)], good=(0, 1))  # 1: the journal was played back
    tree.mkdir()
    run(["debugfs", "-R", f"rdump / {tree}", str(copy)])
    files = {f"/{path.relative_to(tree)}": digest(path) for path in sorted(tree.rglob("*")) if path.is_file()}
    copy.unlink()
    run(["rm", "-r", str(tree)])
    return DriveState(outside, files)


def read_file(image: Path, path: str) -> bytes:
    """Return the content of one file on a drive, empty where it is not there."""
    start, _ = partition_of(image)
    return run(["debugfs", "-R", f"cat {path}", f"{image}?offset={start}"]).encode()
