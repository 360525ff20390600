"""A rebuild drive as a directory: the root of a mounted filesystem."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.copying import clone, copy, digest, whole_file
from kickbuild.drive.tree import Filesystem, Node, parts_of
from kickbuild.errors import ToolError, system_error
from kickbuild.files import PARTIAL_PREFIX, atomic_write, partial_path, sync_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kickbuild.copying import Ranges
    from kickbuild.progress import Progress

#: Filesystems where fallocate reserves blocks instead of writing zeros.
_RESERVES: Final = frozenset({"ext4", "xfs", "btrfs"})
#: Directories within directories that are looked at; ours are two deep, and what comes from outside has no end.
_DEEPEST: Final = 8


class DirectoryTree:
    """The tree below a directory. Symbolic links in it are never followed: a drive comes from outside."""

    def __init__(self, root: Path, filesystem: Filesystem) -> None:
        self.root = root
        self.filesystem = filesystem
        # When the drive is unplugged and unmounted, its mount point is a directory of this machine's own disk.
        with contextlib.suppress(OSError):
            self._device: int | None = None
            self._device = root.stat().st_dev

    def nodes(self, directories: Iterable[str]) -> dict[str, Node]:
        """Return everything below some directories."""
        found: dict[str, Node] = {}
        for directory in directories:
            with self._failures(directory), contextlib.suppress(FileNotFoundError, NotADirectoryError):
                top = self._directory(parts_of(directory))
                try:
                    self._walk(top, directory, found)
                finally:
                    os.close(top)
        return found

    def free(self) -> int:
        """Return the bytes that this user can still write."""
        with self._failures("/"):
            values = os.statvfs(self.root)
        return values.f_bavail * values.f_frsize

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the beginning of a file."""
        with self._failures(path), self._parent(path) as (parent, name):
            if parent is None:
                return None
            try:
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=parent)
            except FileNotFoundError:
                return None
            with os.fdopen(descriptor, "rb") as file:
                return file.read(limit)

    def ranges(self, path: str) -> Ranges:
        """Return the whole file."""
        real = self.root.joinpath(*parts_of(path))
        with self._failures(path), self._parent(path) as (parent, name):
            if parent is None or not stat.S_ISREG(os.lstat(name, dir_fd=parent).st_mode):
                raise ToolError(f"{real} is not a file")
        return whole_file(real)

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write a small file."""
        with self._failures(path), self._parent(path, create=True) as (parent, name):
            assert parent is not None
            atomic_write(Path(f"/proc/self/fd/{parent}/{name}"), data, mode=mode)

    def receive(self, path: str, source: Ranges, progress: Progress, accept: Callable[[str], None]) -> str:
        """Copy a large file in, by a reflink where the filesystem can."""
        with self._failures(path), self._parent(path, create=True) as (parent, name):
            assert parent is not None
            target = Path(f"/proc/self/fd/{parent}/{name}")
            partial = partial_path(target)
            try:
                sha256 = self._fill(partial, source, progress)
                accept(sha256)
                partial.replace(target)
            except BaseException as error:
                with contextlib.suppress(OSError):
                    partial.unlink(missing_ok=True)
                if isinstance(error, ToolError):
                    raise _named(error, partial, self.root.joinpath(*parts_of(path))) from error
                raise
            sync_directory(target.parent)
        return sha256

    def remove(self, path: str) -> None:
        """Remove a file and the directories that become empty."""
        names = parts_of(path)
        with self._failures(path), self._parent(path) as (parent, name):
            if parent is None:
                return
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=parent)
            os.fsync(parent)
        while len(names) > 1:
            names.pop()
            try:
                with self._parent("/" + "/".join(names)) as (parent, name):
                    if parent is not None:
                        os.rmdir(name, dir_fd=parent)
            except OSError:
                break

    def clean(self, directories: Iterable[str]) -> list[str]:
        """Remove what a stopped run left unfinished, and return those paths."""
        left = [path for path in self.nodes(directories) if path.rpartition("/")[2].startswith(PARTIAL_PREFIX)]
        for path in left:
            self.remove(path)
        return left

    def _fill(self, partial: Path, source: Ranges, progress: Progress) -> str:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            if source.extents == whole_file(source.path).extents and clone(source.path, partial):
                return digest(whole_file(partial), progress)
            if source.size and self.filesystem.type in _RESERVES:
                os.posix_fallocate(descriptor, 0, source.size)
        finally:
            os.close(descriptor)
        return copy(source, partial, None, progress)

    def _directory(self, names: list[str], *, create: bool = False) -> int:
        """Return a descriptor of a directory, reached without following a link."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name in names:
            try:
                self._require_drive(descriptor)
                try:
                    below = os.open(name, flags, dir_fd=descriptor)
                except FileNotFoundError:
                    if not create:
                        raise
                    os.mkdir(name, 0o755, dir_fd=descriptor)
                    os.fsync(descriptor)
                    below = os.open(name, flags, dir_fd=descriptor)
            finally:
                os.close(descriptor)
            descriptor = below
        try:
            self._require_drive(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _require_drive(self, descriptor: int) -> None:
        """Raise ToolError for a directory that is not on the drive: unmounted meanwhile, or another mount inside it."""
        if os.fstat(descriptor).st_dev != self._device:
            place = Path(f"/proc/self/fd/{descriptor}").readlink()
            raise ToolError(
                f"{place} is not on the drive", hint="the drive was unmounted, or something else is mounted there"
            )

    @contextlib.contextmanager
    def _parent(self, path: str, *, create: bool = False) -> Iterator[tuple[int | None, str]]:
        """Yield a descriptor of the directory that a path is in, None where it is not there, and the last name."""
        *above, name = parts_of(path)
        try:
            descriptor = self._directory(above, create=create)
        except (FileNotFoundError, NotADirectoryError):
            if create:
                raise
            yield None, name
            return
        try:
            yield descriptor, name
        finally:
            os.close(descriptor)

    def _walk(self, descriptor: int, path: str, found: dict[str, Node], depth: int = 0) -> None:
        with os.scandir(descriptor) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            values = os.lstat(name, dir_fd=descriptor)
            is_directory = stat.S_ISDIR(values.st_mode)
            found[f"{path}/{name}"] = Node(
                values.st_size, stat.S_ISREG(values.st_mode), is_directory, values.st_mtime_ns
            )
            if is_directory and depth < _DEEPEST:
                below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
                try:
                    self._walk(below, f"{path}/{name}", found, depth + 1)
                finally:
                    os.close(below)

    @contextlib.contextmanager
    def _failures(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise system_error(error, f"{self.root}{path}") from error


def _named(error: ToolError, inner: Path, outer: Path) -> ToolError:
    """Return the error with the name of the file that a person knows, instead of the unfinished one's."""
    return ToolError(*(replace(p, message=p.message.replace(str(inner), str(outer))) for p in error.problems))
