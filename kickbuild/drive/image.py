"""A rebuild drive as a raw disk image with one GPT partition, made without root.

A new image grows in a partial file beside its name, and a change is made on a copy; each is renamed into place when it
is whole, so that whatever stops the run, the image that was there still is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import uuid as uuids
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.copying import clone, copy, written_ranges
from kickbuild.drive.image_ext import ExtTree
from kickbuild.drive.image_format import END, START, inner_size, make_filesystem, make_table, partition_offset
from kickbuild.drive.image_vfat import VfatTree
from kickbuild.drive.image_xfs import mounted_xfs, unmount_left
from kickbuild.drive.tree import Filesystem
from kickbuild.errors import InputError, Problem, RefusedError, system_error
from kickbuild.files import PARTIAL_PREFIX, partial_path, sync_directory
from kickbuild.progress import Silent
from kickbuild.run import require_tool, run
from kickbuild.units import MIB, TIB, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kickbuild.drive.tree import Tree
    from kickbuild.progress import Progress

FILESYSTEMS: Final = ("ext4", "xfs", "vfat")
#: The least that mke2fs, mkfs.xfs and mkfs.vfat make something useful of.
_LEAST: Final = {"ext4": 16 * MIB, "xfs": 320 * MIB, "vfat": 40 * MIB}
#: What a file of a host's ext4 holds, and what vfat counts in sectors of 512 bytes.
_MOST: Final = {"ext4": 16 * TIB - MIB, "xfs": 16 * TIB - MIB, "vfat": 2 * TIB - MIB}
#: What the filesystem takes for itself, as we make it; to that comes one part in 200.
_OVERHEAD: Final = {"ext4": 16 * MIB, "xfs": 112 * MIB, "vfat": 4 * MIB}
#: Room that a suggested size leaves: kickstarts, entries, what a later profile adds.
_SPARE: Final = 64 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """An image that is to be made. ``size`` is that of the whole file, in bytes; what exceeds whole MiB is left out."""

    path: Path
    size: int
    fs: str
    label: str
    uuid: str
    ext_features: str = ""
    """``mke2fs -O`` features to switch off for old installers and boot loaders."""

    @property
    def filesystem(self) -> Filesystem:
        """The filesystem that it will hold."""
        return Filesystem(self.fs, self.uuid, self.label)


def new_uuid(fs: str) -> str:
    """Return a new UUID in the form that the filesystem has, as blkid prints it."""
    value = uuids.uuid4()
    return f"{value.hex[:4].upper()}-{value.hex[4:8].upper()}" if fs == "vfat" else str(value)


def suggest_size(content: int, fs: str) -> int:
    """Return the bytes of an image that holds ``content`` bytes, with room for some small files more."""
    wanted = content + _SPARE + _OVERHEAD[fs]
    inside = max(wanted + wanted // 100, _LEAST[fs])
    return -(-(START + END + inside) // MIB) * MIB


def room(size: int, fs: str) -> int:
    """Return the bytes of files that surely fit into an image of ``size`` bytes."""
    inside = inner_size(size)
    return max(0, inside - _OVERHEAD[fs] - inside // 200)


def size_refusals(new: NewImage) -> list[Problem]:
    """Return what speaks against the size of a new image."""
    least, most = _LEAST[new.fs], _MOST[new.fs]
    if inner_size(new.size) < least:
        message = f"{new.path} cannot be made with so few bytes: {new.fs} needs {least // MIB} MiB at the least"
        return [Problem(message, hint="give a larger --size, or none")]
    if new.size > most:
        message = f"{new.path} cannot be made with so many bytes: {new.fs} holds {format_size(most)} at the most"
        return [Problem(message, hint="give a smaller --size, or none")]
    return []


def require_programs(fs: str) -> None:
    """Raise LackingError where a program that making such an image needs is missing."""
    programs = {
        "ext4": ("mke2fs", "debugfs", "e2fsck"),
        "vfat": ("mkfs.vfat", "mcopy", "mdir", "mmd", "mdel", "mrd", "mshowfat"),
        "xfs": ("mkfs.xfs", "mount", "umount"),
    }
    for program in ("sfdisk", "blkid", *programs[fs]):
        require_tool(program)


@contextlib.contextmanager
def new_image(new: NewImage) -> Iterator[Tree]:
    """Make an image: the tree that is yielded becomes the file when the block ends well, and is gone when not."""
    require_programs(new.fs)
    problems = size_refusals(new)
    if problems:
        raise RefusedError(*problems)
    path = _plain_name(new.path)
    with _replacing(path) as partial:
        _create(partial, new.size // MIB * MIB)
        make_table(new, partial)
        make_filesystem(new, partial)
        with _open(partial, new.filesystem, writes=True) as tree:
            yield tree
        if os.path.lexists(path):
            raise RefusedError(f"{new.path} was made by somebody else meanwhile", hint="look at it, and run again")


@contextlib.contextmanager
def edit_image(path: Path, progress: Progress | None = None) -> Iterator[Tree]:
    """Change a copy of an image that replaces it when the block ends well. Raises RefusedError for too little room."""
    path = _plain_name(path)
    filesystem = image_filesystem(path)
    require_programs(filesystem.type)
    with _replacing(path) as partial:
        _duplicate(path, partial, progress or Silent())
        with _open(partial, filesystem, writes=True) as tree:
            yield tree


@contextlib.contextmanager
def open_image(path: Path) -> Iterator[Tree]:
    """Read an image. Raises InputError where it holds no filesystem that kickbuild knows."""
    path = _plain_name(path)
    with _open(path, image_filesystem(path), writes=False) as tree:
        yield tree


def image_filesystem(path: Path) -> Filesystem:
    """Return the filesystem in an image's first partition, or in the whole of it. Raises InputError."""
    path = _plain_name(path)
    with _system_errors(path):
        mode = path.stat().st_mode
        # A pipe would be waited for, and a terminal asked.
        if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            raise InputError(f"{path} is no disk image, block device or directory")
        with path.open("rb") as file:
            file.read(1)
    offset = partition_offset(path)
    done = run(["blkid", "-p", "-O", str(offset), "-o", "export", path], check=False)
    values = dict(line.split("=", 1) for line in done.text.splitlines() if "=" in line)
    if values.get("TYPE") not in FILESYSTEMS:
        found = f"holds {values['TYPE']}" if "TYPE" in values else "holds no filesystem"
        raise InputError(f"{path} {found}, so it is no rebuild drive", hint=f"known: {', '.join(FILESYSTEMS)}")
    return Filesystem(values["TYPE"], values.get("UUID", ""), values.get("LABEL", ""))


def clean_partials(path: Path) -> list[Path]:
    """Remove what a stopped run left beside an image, and return it."""
    directory = path.resolve().parent
    left = list(directory.glob(f"{PARTIAL_PREFIX}*"))
    if not left or _in_use(directory):
        return []
    for partial in left:
        unmount_left(partial)
        with _system_errors(partial):
            if partial.is_dir() and not partial.is_symlink():
                shutil.rmtree(partial)
            else:
                partial.unlink(missing_ok=True)
    return left


def _plain_name(path: Path) -> Path:
    """Return the file itself, by an absolute name: a link to an image stays a link. Raises InputError.

    debugfs reads options after a question mark, and mtools an offset after two at signs.
    """
    with _system_errors(path):
        real = path.resolve()
    if "?" in str(real) or "@@" in str(real) or not str(real).isprintable():
        raise InputError(
            f"{str(real)!r} has characters that the tools which work on images give a meaning of their own",
            hint="use a path without '?', '@@' and control characters",
        )
    return real


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    partial = partial_path(path)
    with _system_errors(path.parent):
        lock = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # A lock that dies with its process tells a later run whether a partial file is still being written.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield partial
        with _system_errors(path):
            descriptor = os.open(partial, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            partial.replace(path)
            sync_directory(path.parent)
    finally:
        partial.unlink(missing_ok=True)
        os.close(lock)


def _in_use(directory: Path) -> bool:
    with _system_errors(directory):
        lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(lock)
    return False


def _create(partial: Path, size: int) -> None:
    """Make an empty file that only its owner reads: the kickstart in it may hold password hashes."""
    with _system_errors(partial), open(partial, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.truncate(size)


def _duplicate(path: Path, partial: Path, progress: Progress) -> None:
    """Copy an image with its holes and its mode; share its blocks where the host's filesystem can."""
    with _system_errors(path):
        values = path.stat()
    _create(partial, 0)
    if not clone(path, partial):
        with _system_errors(partial):
            free = os.statvfs(partial.parent)
            os.truncate(partial, values.st_size)
        written = written_ranges(path)
        if written.size > free.f_bavail * free.f_frsize:
            raise RefusedError(
                f"{path.parent} has {format_size(free.f_bavail * free.f_frsize)} free, and changing {path.name} "
                f"needs {format_size(written.size)}: the change is made on a copy, which then takes its place",
                hint="make room there, or move the image to where there is some",
            )
        progress.begin(path.name, written.size)
        try:
            copy(written, partial, written.extents, progress)
        finally:
            progress.end()
    with contextlib.suppress(OSError):
        partial.chmod(values.st_mode & 0o7777)


@contextlib.contextmanager
def _open(path: Path, filesystem: Filesystem, *, writes: bool) -> Iterator[Tree]:
    with open_filesystem(path, partition_offset(path), filesystem, writes=writes) as tree:
        yield tree


@contextlib.contextmanager
def open_filesystem(path: Path, offset: int, filesystem: Filesystem, *, writes: bool) -> Iterator[Tree]:
    """Yield the tree of the filesystem that begins at byte ``offset`` of an image or block device. Raises ToolError."""
    if filesystem.type == "ext4":
        yield ExtTree(path, offset, filesystem, writes=writes)
    elif filesystem.type == "vfat":
        yield VfatTree(path, offset, filesystem)
    else:
        with mounted_xfs(path, offset, filesystem, writes=writes) as tree:
            yield tree


@contextlib.contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise system_error(error, path) from error
