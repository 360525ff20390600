"""The tree in a vfat filesystem inside an image, by mtools."""

from __future__ import annotations

import os
import re
import struct
from typing import TYPE_CHECKING, Final

from kickbuild.copying import Ranges, copy, digest, head, whole_file
from kickbuild.drive.tree import Filesystem, Node, parts_of
from kickbuild.errors import InputError, ToolError, system_error
from kickbuild.files import file_in_memory
from kickbuild.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kickbuild.progress import Progress

_FREE: Final = re.compile(r"([0-9 ]+) bytes free")
_CLUSTERS: Final = re.compile(r"<(\d+)(?:-(\d+))?>")
# The boot sector: Microsoft's FAT specification, section 3.1: bytes per sector, sectors per cluster, reserved sectors,
# tables, root entries, sectors per table (16 bits, then 32 bits for FAT32).
_BOOT: Final = struct.Struct("<11xHBHBH3xH12xI")
_ROOT_ENTRY: Final = 32


class VfatTree:
    """A tree in an image, through mtools; it says which clusters a file has, and large ones are read from there."""

    def __init__(self, image: Path, offset: int, filesystem: Filesystem) -> None:
        self.filesystem = filesystem
        self._image = image
        self._offset = offset
        self._drive = f"{image}@@{offset}"
        self._data, self._cluster = _geometry(image, offset)

    def nodes(self, directories: Iterable[str]) -> dict[str, Node]:
        """Return everything below some directories."""
        found: dict[str, Node] = {}
        for directory in directories:
            done = run(["mdir", "-i", self._drive, "-/", "-a", "-b", f"::{directory}"], check=False)
            for line in done.text.splitlines():
                path = line.strip().removeprefix("::")
                if path.endswith("/"):
                    found[path.rstrip("/")] = Node(0, is_file=False, is_directory=True)
                elif path.startswith("/"):
                    found[path] = Node(self._size(path) or 0)
        return found

    def free(self) -> int:
        """Return the free bytes."""
        match = _FREE.search(run(["mdir", "-i", self._drive, "::/"]).text)
        if match is None:
            raise ToolError(f"mdir does not say how much is free in {self._image}")
        return int(match[1].replace(" ", ""))

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the beginning of a file."""
        return None if self._size(path) is None else head(self.ranges(path), limit)

    def ranges(self, path: str) -> Ranges:
        """Return where a file's bytes are in the image. Raises ToolError where it is not there."""
        left = self._size(path)
        if left is None:
            raise ToolError(f"{path} in {self._image} is not a file")
        said = run(["mshowfat", "-i", self._drive, f"::{path}"]).text.removeprefix(f"::{path}")
        extents: list[tuple[int, int]] = []
        for first, last in _CLUSTERS.findall(said):
            count = int(last or first) - int(first) + 1
            length = min(left, count * self._cluster)
            extents.append((self._data + (int(first) - 2) * self._cluster, length))
            left -= length
        if left:
            raise ToolError(f"{path} in {self._image} lacks clusters")
        return Ranges(self._image, tuple(extents))

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:  # noqa: ARG002 - vfat has none
        """Write a small file, carried to mtools in memory: it may hold password hashes."""
        with file_in_memory(data) as carrier:
            self._put(carrier, path)

    def receive(self, path: str, source: Ranges, progress: Progress, accept: Callable[[str], None]) -> str:
        """Copy a large file in: mtools writes a whole file, and makes room for a part of one, which then goes there."""
        if source.extents == whole_file(source.path).extents:
            self._put(source.path.absolute(), path)
            sha256 = digest(self.ranges(path), progress)
        else:
            with file_in_memory(size=source.size) as holes:
                self._put(holes, path)
            sha256 = copy(source, self._image, self.ranges(path).extents, progress)
        accept(sha256)
        return sha256

    def remove(self, path: str) -> None:
        """Remove a file and the directories that become empty."""
        names = parts_of(path)
        if self._size(path) is None:
            return
        run(["mdel", "-i", self._drive, f"::{path}"])
        for end in range(len(names) - 1, 0, -1):
            directory = "/" + "/".join(names[:end])
            if self.nodes([directory]):
                break
            run(["mrd", "-i", self._drive, f"::{directory}"])

    def _put(self, carrier: Path, path: str) -> None:
        names = parts_of(path)
        for end in range(1, len(names)):
            directory = "/" + "/".join(names[:end])
            run(["mmd", "-D", "s", "-i", self._drive, f"::{directory}"], check=False)
        try:
            wanted = carrier.stat().st_size
        except OSError as error:
            raise system_error(error, carrier) from error
        if wanted > self.free() + (self._size(path) or 0):
            raise ToolError(f"no room for {path} in {self._image}", hint="make the image larger with --size")
        run(["mcopy", "-n", "-o", "-i", self._drive, carrier, f"::{path}"])
        if self._size(path) != wanted:
            raise ToolError(f"mcopy did not write {path} into {self._image}")

    def _size(self, path: str) -> int | None:
        """Return a file's bytes; None where it is not there, or a directory."""
        done = run(["mdir", "-i", self._drive, "-a", "-f", f"::{path}"], check=False)
        sizes = re.findall(r"^\S+\s+(?:\S+\s+)?([0-9]+) \d{4}-\d\d-\d\d", done.text, flags=re.MULTILINE)
        return int(sizes[0]) if done.code == 0 and sizes else None


def _geometry(image: Path, offset: int) -> tuple[int, int]:
    """Return the byte where a filesystem's clusters begin, and how large one is. Raises InputError."""
    try:
        with image.open("rb") as file:
            data = os.pread(file.fileno(), _BOOT.size, offset)
    except OSError as error:
        raise system_error(error, image) from error
    sector, per_cluster, reserved, tables, entries, short, long = _BOOT.unpack(data.ljust(_BOOT.size, b"\0"))
    if not sector or not per_cluster or not tables:
        raise InputError(f"{image} holds no vfat filesystem at byte {offset}")
    root = -(-entries * _ROOT_ENTRY // sector)
    return offset + (reserved + tables * (short or long) + root) * sector, sector * per_cluster
