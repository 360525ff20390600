"""ext2, ext3 and ext4 inside a file, without root: debugfs makes the files, and the bytes go straight to their blocks.

debugfs copies a large file much more slowly than the disk takes it. So it only reserves the blocks, and tells where
they are; the bytes are then written there past the page cache, and the reserved extents are marked as written.
"""

from __future__ import annotations

import os
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.copying import Ranges
from kickbuild.drive.tree import Node
from kickbuild.errors import InputError, ToolError, system_error
from kickbuild.run import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Directories within directories that are looked at; ours are three deep, and a damaged filesystem may have loops.
_DEEPEST: Final = 8
_SAFE: Final = re.compile(r"/[A-Za-z0-9._+/-]*")
_EXTENT: Final = re.compile(
    r"\s*(\d+)/\s*(\d+)\s+\d+/\s*\d+\s+(\d+)\s*-\s*(\d+)\s+(\d+)(?:\s*-\s*\d+)?\s+(\d+)\s*(\w*)"
)
_NODE: Final = re.compile(r"/(\d+)/(\d+)/\d+/\d+/(.*)/(\d*)/")
_INODE: Final = re.compile(r"located at block (\d+), offset 0x([0-9a-f]+)")

# The extent header and its entries: linux/Documentation/filesystems/ext4/ifork.rst.
_MAGIC: Final = 0xF30A
_HEADER: Final = struct.Struct("<HHHHI")
_ENTRY: Final = struct.Struct("<IHHI")
_LONGEST_WRITTEN: Final = 32768
_I_BLOCK: Final = 40
# The superblock: linux/Documentation/filesystems/ext4/super.rst.
_SUPERBLOCK: Final = 1024
_SUPER: Final = struct.Struct("<24xI28xH42xI")
_EXT_MAGIC: Final = 0xEF53
_METADATA_CSUM: Final = 0x400


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of blocks: logical and physical first block, and how many."""

    logical: int
    physical: int
    length: int


@dataclass(frozen=True, slots=True)
class Volume:
    """A filesystem at a byte offset inside a file."""

    image: Path
    offset: int
    block: int
    """Bytes of a block."""
    has_checksums: bool
    """Whether its metadata bear checksums, which debugfs would have to write and we cannot."""

    @classmethod
    def opened(cls, image: Path, offset: int) -> Volume:
        """Return the volume, by its superblock. Raises InputError where there is none."""
        try:
            with image.open("rb") as file:
                data = os.pread(file.fileno(), _SUPER.size, offset + _SUPERBLOCK)
        except OSError as error:
            raise system_error(error, image) from error
        log_size, magic, features = _SUPER.unpack(data.ljust(_SUPER.size, b"\0"))
        if magic != _EXT_MAGIC or log_size > 6:
            raise InputError(f"{image} holds no ext filesystem at byte {offset}")
        return cls(image, offset, 1024 << log_size, bool(features & _METADATA_CSUM))

    def ask(self, *commands: str) -> bytes:
        """Run debugfs commands that read, and return what they print. Raises ToolError."""
        return self._run(commands, writes=False)

    def change(self, *commands: str) -> bytes:
        """Run debugfs commands that write. Raises ToolError at the first that fails."""
        return self._run(commands, writes=True)

    def _run(self, commands: Sequence[str], *, writes: bool) -> bytes:
        name = f"{self.image}?offset={self.offset}"
        script = "".join(f"{command}\n" for command in commands)
        done = run(["debugfs", *(["-w"] if writes else []), "-f", "-", name], stdin=script.encode())
        # debugfs ends with 0 whatever went wrong; only what it says on standard error tells.
        said = [
            line for line in done.stderr.decode("utf-8", "replace").splitlines() if not line.startswith("debugfs 1.")
        ]
        if said:
            raise ToolError(f"debugfs: {said[0]} ({self.image})", hint=_hint(said[0]))
        return done.stdout

    def cat(self, path: str) -> bytes | None:
        """Return a file's bytes, None where it is not there."""
        done = run(["debugfs", "-R", f"cat {quoted(path)}", f"{self.image}?offset={self.offset}"])
        said = done.stderr.decode("utf-8", "replace")
        if "File not found" in said:
            return None
        return done.stdout

    def nodes(self, directory: str, depth: int = 0) -> dict[str, Node]:
        """Return everything below a directory; nothing where it is not there."""
        done = run(["debugfs", "-R", f"ls -p {quoted(directory)}", f"{self.image}?offset={self.offset}"])
        found: dict[str, Node] = {}
        for line in done.text.splitlines():
            match = _NODE.fullmatch(line.strip())
            if match is None or match[1] == "0" or match[3] in {".", "..", ""}:
                continue
            kind = int(match[2], 8) & 0o170000
            path = f"{directory.rstrip('/')}/{match[3]}"
            node = Node(int(match[4] or 0), is_file=kind == 0o100000, is_directory=kind == 0o040000)
            found[path] = node
            if node.is_directory and depth < _DEEPEST and _SAFE.fullmatch(path):
                found |= self.nodes(path, depth + 1)
        return found

    def extents(self, path: str) -> list[Extent]:
        """Return where a file's blocks are, in order."""
        return [extent for extent, is_leaf, _ in self._rows(path) if is_leaf]

    def ranges(self, path: str, size: int) -> Ranges:
        """Return a file's bytes within the image. Raises ToolError for a file with holes, which we never write."""
        pieces: list[tuple[int, int]] = []
        done = 0
        for extent in self.extents(path):
            if extent.logical * self.block != done:
                break
            length = min(extent.length * self.block, size - done)
            pieces.append((self.offset + extent.physical * self.block, length))
            done += length
        if done != size:
            raise ToolError(f"{path} in {self.image} has holes or lacks blocks")
        return Ranges(self.image, tuple(piece for piece in pieces if piece[1]))

    def reserve(self, path: str, size: int, mode: int) -> Ranges:
        """Make a file of ``size`` bytes whose content is still to be written into the ranges that are returned."""
        name = quoted(path)
        commands = [f"write {os.devnull} {name}"]
        if size:
            commands.append(f"fallocate {name} 0 {(size - 1) // self.block}")
        commands += [f"set_inode_field {name} size {size}", f"set_inode_field {name} mode 0{0o100000 | mode:o}"]
        self.change(*commands)
        self._mark_written(path)
        return self.ranges(path, size)

    def _rows(self, path: str) -> list[tuple[Extent, bool, int]]:
        """Return each row of the extent tree, whether it is a leaf, and the depth of the tree."""
        rows: list[tuple[Extent, bool, int]] = []
        for line in self.ask(f"dump_extents {quoted(path)}").decode("utf-8", "replace").splitlines():
            match = _EXTENT.match(line)
            if match:
                level, depth, logical, _, physical, length = (int(match[i]) for i in range(1, 7))
                rows.append((Extent(logical, physical, length), level == depth, depth))
        return rows

    def _mark_written(self, path: str) -> None:
        """Turn reserved extents into written ones, in the inode and in every leaf block of the extent tree."""
        rows = self._rows(path)
        depth = rows[0][2] if rows else 0
        located = _INODE.search(self.ask(f"imap {quoted(path)}").decode("utf-8", "replace"))
        if located is None:
            raise ToolError(f"debugfs does not say where {path} is in {self.image}")
        headers = [int(located[1]) * self.block + int(located[2], 16) + _I_BLOCK]
        if depth:
            leaves = self.ask(f"ex -n {quoted(path)}").decode("utf-8", "replace").splitlines()
            headers = [block * self.block for block in _leaf_blocks(leaves, depth)]
        with self.image.open("r+b") as file:
            for header in headers:
                _mark(file.fileno(), self.offset + header)


def quoted(path: str) -> str:
    """Return a path as debugfs reads it; our own names need no quotes. Raises ToolError for others."""
    if not _SAFE.fullmatch(path):
        raise ToolError(f"{path!r} cannot be named to debugfs")
    return path


def _leaf_blocks(lines: list[str], depth: int) -> list[int]:
    """Return the blocks that the index rows just above the leaves point at."""
    rows = [match for match in (_EXTENT.match(line) for line in lines) if match]
    return [int(row[5]) for row in rows if int(row[1]) == depth - 1]


def _mark(descriptor: int, at: int) -> None:
    magic, entries, _, depth, _ = _HEADER.unpack(os.pread(descriptor, _HEADER.size, at))
    if magic != _MAGIC or depth != 0:
        raise ToolError("debugfs laid a file out in a way that kickbuild does not know")
    for number in range(entries):
        place = at + _HEADER.size + number * _ENTRY.size
        logical, length, high, low = _ENTRY.unpack(os.pread(descriptor, _ENTRY.size, place))
        if length > _LONGEST_WRITTEN:
            os.pwrite(descriptor, _ENTRY.pack(logical, length - _LONGEST_WRITTEN, high, low), place)


def _hint(said: str) -> str:
    return "make the image larger with --size" if "Could not allocate" in said or "space" in said else ""
