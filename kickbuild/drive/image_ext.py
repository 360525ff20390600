"""The tree in an ext filesystem inside an image, by debugfs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.copying import copy, digest, head
from kickbuild.drive.debugfs import Volume, quoted
from kickbuild.drive.tree import Filesystem, Node, parts_of
from kickbuild.errors import InputError, ToolError
from kickbuild.files import file_in_memory
from kickbuild.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kickbuild.copying import Ranges
    from kickbuild.progress import Progress


class ExtTree:
    """A tree in an image that nobody has mounted."""

    def __init__(self, image: Path, offset: int, filesystem: Filesystem, *, writes: bool) -> None:
        self.filesystem = filesystem
        self._volume = Volume.opened(image, offset)
        self._known: set[str] = set()
        if writes:
            self._require_writable()

    def nodes(self, directories: Iterable[str]) -> dict[str, Node]:
        """Return everything below some directories."""
        found: dict[str, Node] = {}
        for directory in directories:
            found |= self._volume.nodes(directory)
        return found

    def free(self) -> int:
        """Return the bytes in free blocks."""
        text = self._volume.ask("show_super_stats -h").decode("utf-8", "replace")
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        return (int(fields["Free blocks"]) - int(fields["Reserved block count"])) * int(fields["Block size"])

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the beginning of a file."""
        node = self._node(path)
        if node is None or not node.is_file:
            return None
        if node.size > limit:
            return head(self._volume.ranges(path, node.size), limit)
        data = self._volume.cat(path)
        return None if data is None else data[:limit]

    def ranges(self, path: str) -> Ranges:
        """Return where a file's bytes are in the image."""
        node = self._node(path)
        if node is None or not node.is_file:
            raise ToolError(f"{path} in {self._volume.image} is not a file")
        return self._volume.ranges(path, node.size)

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write a small file, carried to debugfs in memory: it may hold password hashes."""
        self._make_room(path)
        name = quoted(path)
        field = f"set_inode_field {name}"
        with file_in_memory(data) as carrier:
            self._volume.change(
                f"write {carrier} {name}", f"{field} mode 0{0o100000 | mode:o}", f"{field} uid 0", f"{field} gid 0"
            )

    def receive(self, path: str, source: Ranges, progress: Progress, accept: Callable[[str], None]) -> str:
        """Copy a large file straight into its blocks."""
        if source.size > self.free():
            raise ToolError(
                f"no room for {path} in {self._volume.image}: {source.size} bytes wanted, {self.free()} free",
                hint="make the image larger with --size",
            )
        self._make_room(path)
        into = self._volume.reserve(path, source.size, 0o644)
        sha256 = copy(source, self._volume.image, into.extents, progress) if source.size else digest(source, progress)
        accept(sha256)
        return sha256

    def remove(self, path: str) -> None:
        """Remove a file and the directories that become empty."""
        if self._node(path) is None:
            return
        self._volume.change(f"rm {quoted(path)}")
        names = parts_of(path)
        for end in range(len(names) - 1, 0, -1):
            directory = "/" + "/".join(names[:end])
            if self._volume.nodes(directory):
                break
            self._volume.change(f"rmdir {quoted(directory)}")
            self._known.discard(directory)

    def _require_writable(self) -> None:
        volume = self._volume
        if volume.has_checksums:
            raise InputError(
                f"{volume.image} was not made by kickbuild: its ext4 has metadata checksums",
                hint="mount it and use --to with the mount point, or make a new image",
            )
        # A copy of an image whose filesystem is damaged must not become the image.
        done = run(["e2fsck", "-fp", f"{volume.image}?offset={volume.offset}"], check=False)
        if done.code not in {0, 1}:
            said = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()
            raise ToolError(f"the filesystem in {volume.image} is damaged: {' '.join(said[-2:])}", hint="make it anew")

    def _node(self, path: str) -> Node | None:
        return self._volume.nodes("/" + "/".join(parts_of(path)[:-1])).get(path)

    def _make_room(self, path: str) -> None:
        """Make a path's directories, and remove what it names: debugfs overwrites nothing."""
        names = parts_of(path)
        for end in range(1, len(names)):
            directory = "/" + "/".join(names[:end])
            above = directory.rpartition("/")[0] or "/"
            if directory not in self._known and directory not in self._volume.nodes(above):
                self._volume.change(f"mkdir {quoted(directory)}")
            self._known.add(directory)
        if self._node(path) is not None:
            self._volume.change(f"rm {quoted(path)}")
