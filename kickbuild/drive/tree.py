"""What every place that can hold a rebuild drive offers: a directory on a mounted filesystem, or a disk image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kickbuild.copying import Ranges
    from kickbuild.progress import Progress


@dataclass(frozen=True, slots=True)
class Filesystem:
    """The filesystem a drive is made on: type as blkid prints it, UUID and LABEL (empty where there is none)."""

    type: str
    uuid: str
    label: str


@dataclass(frozen=True, slots=True)
class Node:
    """A file (with its size in bytes), or a directory, or anything else (both false)."""

    size: int
    is_file: bool = True
    is_directory: bool = False
    changed: int = 0
    """When its content was last changed, in ns since 1970; 0 in images, which nobody changes but as a whole."""


class Tree(Protocol):
    """A drive's file tree. Paths are absolute within it: ``/kickbuild/manifest.json``.

    Every method raises ToolError when the system or a program underneath fails, a full filesystem among that.
    """

    filesystem: Filesystem

    def nodes(self, directories: Iterable[str]) -> dict[str, Node]:
        """Return everything below some directories by path, subdirectories too; links are not followed."""

    def free(self) -> int:
        """Return the bytes that can still be written."""

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the first ``limit`` bytes of a small file, None where it is not there."""

    def ranges(self, path: str) -> Ranges:
        """Return where a file's bytes lie, so that they can be read at the disk's speed."""

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write a small file, with its directories: complete and durable, or not at all."""

    def receive(self, path: str, source: Ranges, progress: Progress, accept: Callable[[str], None]) -> str:
        """Copy a large file in, with its directories, and return its sha256; it appears complete or not at all.

        ``accept`` is told the sha256 before the file appears, and refuses it by raising.
        """

    def remove(self, path: str) -> None:
        """Remove a file, and its directories where they become empty. What is not there is no error."""


def parts_of(path: str) -> list[str]:
    """Return the names in an absolute path. Raises ValueError for a path that could lead out of the tree."""
    names = path.split("/")
    if names[0] or len(names) < 2 or any(name in {"", ".", ".."} or "\0" in name for name in names[1:]):
        raise ValueError(f"{path!r} is not a path within a tree")
    return names[1:]
