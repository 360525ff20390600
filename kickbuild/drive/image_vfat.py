"""The tree in a vfat filesystem inside an image, by mtools."""

from __future__ import annotations

import contextlib
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.copying import copy, digest, whole_file
from kickbuild.drive.tree import Filesystem, Node, parts_of
from kickbuild.errors import ToolError
from kickbuild.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kickbuild.copying import Ranges
    from kickbuild.progress import Progress

_FREE: Final = re.compile(r"([0-9 ]+) bytes free")


class VfatTree:
    """A tree in an image, through mtools; large files pass a private directory on the host where they must."""

    def __init__(self, image: Path, offset: int, filesystem: Filesystem, scratch: Path) -> None:
        self.filesystem = filesystem
        self._image = image
        self._drive = f"{image}@@{offset}"
        self._scratch = scratch

    @classmethod
    @contextlib.contextmanager
    def opened(cls, image: Path, offset: int, filesystem: Filesystem) -> Iterator[VfatTree]:
        """Yield the tree with a private directory beside the image, where there is room for what is in it."""
        with tempfile.TemporaryDirectory(prefix=".kickbuild-vfat-", dir=image.parent) as scratch:
            yield cls(image, offset, filesystem, Path(scratch))

    def nodes(self, directories: Iterable[str]) -> dict[str, Node]:
        """Return everything below some directories."""
        found: dict[str, Node] = {}
        for directory in directories:
            done = run(["mdir", "-i", self._drive, "-/", "-b", f"::{directory}"], check=False)
            for line in done.text.splitlines():
                path = line.strip().removeprefix("::")
                if path.endswith("/"):
                    found[path.rstrip("/")] = Node(0, is_file=False, is_directory=True)
                elif path.startswith("/"):
                    found[path] = Node(self._size(path))
        return found

    def free(self) -> int:
        """Return the free bytes."""
        match = _FREE.search(run(["mdir", "-i", self._drive, "::/"]).text)
        if match is None:
            raise ToolError(f"mdir does not say how much is free in {self._image}")
        return int(match[1].replace(" ", ""))

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the beginning of a file."""
        done = run(["mcopy", "-i", self._drive, f"::{path}", "-"], check=False)
        return done.stdout[:limit] if done.code == 0 else None

    def ranges(self, path: str) -> Ranges:
        """Return a file's bytes, from a copy on the host."""
        copied = self._scratch / f"read-{path.strip('/').replace('/', '-')}"
        run(["mcopy", "-n", "-o", "-i", self._drive, f"::{path}", copied])
        return whole_file(copied)

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:  # noqa: ARG002 - vfat has none
        """Write a small file."""
        carrier = self._scratch / "write"
        carrier.touch(0o600)
        carrier.write_bytes(data)
        self._put(carrier, path)
        carrier.unlink()

    def receive(self, path: str, source: Ranges, progress: Progress, accept: Callable[[str], None]) -> str:
        """Copy a large file in: a whole file from where it is, a part of one by way of the host."""
        is_whole = source.extents == whole_file(source.path).extents
        carrier = source.path
        if is_whole:
            sha256 = digest(source, progress)
        else:
            carrier = self._scratch / "receive"
            carrier.touch()
            sha256 = copy(source, carrier, None, progress)
        accept(sha256)
        self._put(carrier, path)
        if not is_whole:
            carrier.unlink()
        return sha256

    def remove(self, path: str) -> None:
        """Remove a file and the directories that become empty."""
        run(["mdel", "-i", self._drive, f"::{path}"], check=False)
        names = parts_of(path)
        for end in range(len(names) - 1, 0, -1):
            directory = "/" + "/".join(names[:end])
            if self.nodes([directory]) or run(["mrd", "-i", self._drive, f"::{directory}"], check=False).code != 0:
                break

    def _put(self, carrier: Path, path: str) -> None:
        names = parts_of(path)
        for end in range(1, len(names)):
            directory = "/" + "/".join(names[:end])
            run(["mmd", "-D", "s", "-i", self._drive, f"::{directory}"], check=False)
        if carrier.stat().st_size > self.free() + self._size(path):
            raise ToolError(f"no room for {path} in {self._image}", hint="make the image larger with --size")
        run(["mcopy", "-n", "-o", "-i", self._drive, carrier, f"::{path}"])
        done = self.read(path, 0)
        if done is None:
            raise ToolError(f"mcopy did not write {path} into {self._image}")

    def _size(self, path: str) -> int:
        """Return a file's bytes; 0 where it is not there."""
        done = run(["mdir", "-i", self._drive, "-f", f"::{path}"], check=False)
        sizes = re.findall(r"^\S+\s+(?:\S+\s+)?([0-9]+) \d{4}-\d\d-\d\d", done.text, flags=re.MULTILINE)
        return int(sizes[0]) if done.code == 0 and sizes else 0
