"""Reading an ISO by the names in it. The one module that uses pycdlib, and only to look things up.

The volume is checked first (``volume``), then pycdlib parses it through a file object that counts what is read, so that
no ISO can make it take much time or memory. El Torito and partition tables are hidden from it: nothing here needs
them, and pycdlib refuses or reads whole files for some that firmware accepts. The bytes of files are not read through
pycdlib but from their extents.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, Self

from kickbuild.errors import IsoError, Problem
from kickbuild.iso.facts import IsoFile
from kickbuild.iso.volume import SECTOR, SEQUENCE_MARKS, STRANGE, Volume, check_joliet, check_name, check_volume
from kickbuild.units import KIB, MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

_SYSTEM_AREA: Final = 16 * SECTOR
#: pycdlib reads Rock Ridge continuation areas one by one, each within a sector; only very long names have one.
_MOST_SMALL_READS: Final = 384
#: In UDF each file has an entry of its own.
_MOST_UDF_READS: Final = 4096
#: pycdlib copies what is left of a UDF directory for each entry in it.
_MOST_UDF_DIRECTORY: Final = 256 * KIB
_MOST_UDF_BYTES: Final = MIB


class IsoReader:
    """An ISO opened for looking things up; a context manager.

    The names in directories called ``Packages`` are left out: they are nearly all the names that a DVD has.
    Every method raises IsoError for whatever is wrong with the ISO.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # Opening a pipe would wait for somebody to write into it.
            if not stat.S_ISREG(path.stat().st_mode):
                kind = "a directory" if path.is_dir() else "a device or a pipe"
                raise IsoError(f"not an ISO: it is {kind}", where=str(path), hint="name the .iso file itself")
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise self._error(f"the ISO cannot be read: {error.strerror}") from error
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        try:
            self.size = self._file.seek(0, os.SEEK_END)
            self.volume: Volume = check_volume(self._file)
            self._trees = _parse(self._file, self.size, self.volume)
        except OSError as error:
            raise self._error(f"the ISO cannot be read: {error.strerror or error}") from error
        except IsoError as error:
            raise IsoError(*(Problem(p.message, str(self.path), p.hint) for p in error.problems)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def find(self, path: str) -> IsoFile | None:
        """Return the file at ``path`` (no leading slash needed), or None; case does not matter."""
        for tree in self._trees:
            found = _descend(tree, path)
            if found is not None and not tree.is_directory(found[1]):
                return self._checked(found[0], tuple(tree.extents(found[1])))
        return None

    def has_directory(self, path: str) -> bool:
        """Return whether there is a directory at ``path``; case does not matter."""
        found = (_descend(tree, path) for tree in self._trees)
        return any(it is not None and tree.is_directory(it[1]) for tree, it in zip(self._trees, found, strict=True))

    def list_directory(self, path: str = "") -> tuple[str, ...] | None:
        """Return the sorted names in a directory, by the best kind of names the ISO has; None where it is missing."""
        for tree in self._trees:
            found = _descend(tree, path) if path.strip("/") else ("", tree.root)
            if found is not None and tree.is_directory(found[1]):
                return tuple(sorted({name for name, _ in tree.children(found[1])}))
        return None

    def read(self, path: str, limit: int = MIB) -> bytes | None:
        """Return the bytes of a small file, or None where it is missing. More than ``limit`` bytes are an error."""
        found = self.find(path)
        if found is None:
            return None
        if found.size > limit:
            raise self._error(f"{found.path} in the ISO has {found.size} bytes, where {limit} are much already")
        try:
            return b"".join(self._bytes(offset, length) for offset, length in found.extents)
        except OSError as error:
            raise self._error(f"the ISO cannot be read: {error.strerror or error}") from error

    def _bytes(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        data = self._file.read(length)
        if len(data) != length:
            raise self._error("the ISO ended while it was being read: it changed")
        return data

    def _checked(self, path: str, extents: tuple[tuple[int, int], ...]) -> IsoFile:
        for offset, length in extents:
            if offset < 0 or length < 0 or offset + length > self.size:
                raise self._error(
                    f"{path} should take {length} bytes from byte {offset} on, outside the ISO's {self.size} bytes"
                )
        return IsoFile(path, sum(length for _, length in extents), extents)

    def _error(self, message: str) -> IsoError:
        return IsoError(message, where=str(self.path), hint="" if "cannot be read" in message else STRANGE)


class _Metered:
    """The ISO as pycdlib sees it: bounded, and without what is of no use for looking up files."""

    mode = "rb"

    def __init__(self, file: BinaryIO, size: int, volume: Volume) -> None:
        self._file = file
        self._size = size
        self._volume = volume
        self._reads = _MOST_UDF_READS if volume.udf else _MOST_SMALL_READS
        self._large = _MOST_UDF_BYTES if volume.udf else 0

    def read(self, length: int = -1) -> bytes:
        """Read as a file does; raise IsoError when it becomes too much."""
        offset = self._file.tell()
        if length < 0:
            length = max(0, self._size - offset)
        if offset == 0 and length == _SYSTEM_AREA:
            return bytes(length)
        if (offset, length) in self._volume.unread:
            self._file.seek(offset + length)
            return self._volume.unread[offset, length].ljust(length, b"\0")
        if (offset, length) not in self._volume.extents:
            self._count(length)
        data = self._file.read(length)
        if offset in self._volume.boot_records:
            return data[:7] + bytes(32) + data[39:]
        if offset in self._volume.joliet_descriptors and not self._volume.joliet:
            return data[:88] + bytes(32) + data[120:]
        if length == SECTOR and offset >= self._volume.end and self._is_hidden(data[1:6]):
            return bytes(len(data))
        return data

    def _count(self, length: int) -> None:
        self._reads -= 1
        if length > SECTOR:
            self._large -= length
        if self._reads < 0 or self._large < 0 or length > max(SECTOR, _MOST_UDF_DIRECTORY):
            raise IsoError("the ISO makes its reader read without end", hint=STRANGE)

    def _is_hidden(self, mark: bytes) -> bool:
        # pycdlib looks for descriptors behind the one that ends them; those were not checked.
        return mark in SEQUENCE_MARKS and not (self._volume.udf and not mark.startswith(b"CD"))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Seek as a file does."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Tell as a file does."""
        return self._file.tell()


def _parse(file: BinaryIO, size: int, volume: Volume) -> list[_Tree]:
    # Where an ISO has real names in ISO 9660, UDF only repeats them.
    volume.udf = volume.udf and not (volume.joliet or volume.rock_ridge or volume.entries[b"CE"])
    if volume.udf:
        try:
            return _open(file, size, volume)
        except IsoError:
            volume.udf = False
    trees = _open(file, size, volume)
    if volume.rock_ridge and len(trees) == 1 and volume.joliet_descriptors:
        # What looked like Rock Ridge was not.
        check_joliet(file, volume)
        trees = _open(file, size, volume)
    return trees


def _open(file: BinaryIO, size: int, volume: Volume) -> list[_Tree]:
    import logging

    import pycdlib
    from pycdlib.pycdlibexception import PyCdlibException

    # It warns of small faults by a logger, which would write to standard error where nobody listens.
    logging.getLogger("pycdlib").addHandler(logging.NullHandler())
    iso: Any = pycdlib.PyCdlib()
    try:
        iso.open_fp(_Metered(file, size, volume))
        trees = list(_trees(iso))
        for tree in trees:
            _check_names(tree)
    except IsoError:
        raise
    except Exception as error:  # pycdlib raises all sorts of exceptions, bare struct.error among them
        said = str(error) if isinstance(error, PyCdlibException) else f"its directories are broken ({error!r})"
        raise IsoError(f"the ISO cannot be understood: {said}", hint=STRANGE) from error
    return trees


def _trees(iso: Any) -> Iterator[_Tree]:
    """Yield the trees of names, those with the truest names first."""
    root = iso.pvd.root_directory_record()
    if iso.rock_ridge:
        yield _RecordTree(root, _rock_ridge_name)
    if iso.joliet_vd is not None:
        yield _RecordTree(iso.joliet_vd.root_directory_record(), _joliet_name)
    if iso.udf_root is not None:
        yield _UdfTree(iso.udf_root, iso.udf_main_descs.partitions[0].part_start_location)
    yield _RecordTree(root, _plain_name)


class _Tree(Protocol):
    """One of the hierarchies of names that an ISO may have; a node is what pycdlib keeps of an entry."""

    root: Any

    def children(self, node: Any) -> Iterator[tuple[str, Any]]:
        """Yield names and nodes."""

    def is_directory(self, node: Any) -> bool:
        """Return whether a node is a directory."""

    def extents(self, node: Any) -> Iterator[tuple[int, int]]:
        """Yield where the bytes of a file lie."""


class _RecordTree:
    def __init__(self, root: Any, name: Callable[[Any], str]) -> None:
        self.root = root
        self._name = name

    def children(self, node: Any) -> Iterator[tuple[str, Any]]:
        for child in node.children:
            if not (child.is_dot() or child.is_dotdot() or child.is_symlink()):
                yield self._name(child), child

    def is_directory(self, node: Any) -> bool:
        return bool(node.is_dir())

    def extents(self, node: Any) -> Iterator[tuple[int, int]]:
        # A file of 4 GiB and more is several records of one name.
        while node is not None:
            if node.data_length:
                yield (node.extent_location() + node.xattr_len) * SECTOR, node.data_length
            node = node.data_continuation


class _UdfTree:
    def __init__(self, root: Any, start: int) -> None:
        self.root = root
        self._start = start

    def children(self, node: Any) -> Iterator[tuple[str, Any]]:
        for entry in node.fi_descs.values():
            if not entry.is_parent() and entry.file_entry is not None:
                yield entry.fi.decode(entry.encoding or "latin-1", "replace"), entry.file_entry

    def is_directory(self, node: Any) -> bool:
        return bool(node.is_dir())

    def extents(self, node: Any) -> Iterator[tuple[int, int]]:
        for piece in node.alloc_descs:
            # Only a file that lies within its entry has an offset there; its block then counts from the ISO's start.
            start = 0 if piece.offset else self._start
            if piece.extent_length:
                yield (start + piece.log_block_num) * SECTOR + piece.offset, piece.extent_length


def _rock_ridge_name(record: Any) -> str:
    name: bytes = record.rock_ridge.name() if record.rock_ridge is not None else b""
    return name.decode("utf-8", "replace") if name else _plain_name(record)


def _joliet_name(record: Any) -> str:
    text: str = record.file_identifier().decode("utf-16-be", "replace")
    return text.partition(";")[0]


def _plain_name(record: Any) -> str:
    text: str = record.file_identifier().decode("latin-1")
    return text.partition(";")[0].rstrip(".") or text


def _check_names(tree: _Tree) -> None:
    waiting = [("", tree.root)]
    while waiting:
        directory, node = waiting.pop()
        for name, child in tree.children(node):
            check_name(name, directory)
            if tree.is_directory(child):
                waiting.append((f"{directory}/{name}", child))


def _descend(tree: _Tree, path: str) -> tuple[str, Any] | None:
    node, names = tree.root, []
    for wanted in path.strip("/").split("/"):
        if not tree.is_directory(node):
            return None
        spellings = _spellings(wanted)
        ranked = [
            (spellings.index(name.casefold()), name, child)
            for name, child in tree.children(node)
            if name.casefold() in spellings
        ]
        if not ranked:
            return None
        _, name, node = min(ranked, key=lambda entry: (entry[0], entry[1] != wanted))
        names.append(name)
    return "/".join(names), node


def _spellings(name: str) -> list[str]:
    """Return how plain ISO 9660 may spell a name, the best first: ``.treeinfo``, ``_treeinfo``, ``_treeinf``."""
    folded = name.casefold()
    stem, dot, extension = folded.rpartition(".") if "." in folded[1:] else (folded, "", "")
    safe = re.sub(r"[^a-z0-9_]", "_", stem) + dot + re.sub(r"[^a-z0-9_]", "_", extension)
    safe_stem, _, safe_extension = safe.partition(".")
    short = safe_stem[:8] + dot + safe_extension[:3]
    return list(dict.fromkeys((folded, safe, short)))
