"""Files that appear complete or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from kickbuild.errors import RefusedError, system_error

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Names under which unfinished files live; a later run removes what a killed one left.
PARTIAL_PREFIX = ".kickbuild-partial-"


def partial_path(path: Path) -> Path:
    """Return a new name beside ``path`` for the unfinished file."""
    return path.with_name(f"{PARTIAL_PREFIX}{secrets.token_hex(6)}")


def sync_directory(directory: Path) -> None:
    """Make the directory's entries durable. Filesystems that cannot (some FUSE ones) are left alone."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def atomic_write(path: Path, data: bytes, *, mode: int = 0o644, like: Path | None = None) -> None:
    """Write ``data`` to ``path``: complete and durable, or not at all. Raises OSError.

    Owner, mode and attributes are those of the file ``like``, where there is one; otherwise the mode is ``mode``.
    """
    partial = partial_path(path)
    status = like.stat() if like else None
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if status else mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if like and status:
                _make_like(file.fileno(), status)
                _copy_attributes(like, partial)
            else:
                # vfat and some network filesystems have no modes to set.
                with contextlib.suppress(PermissionError):
                    os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _make_like(descriptor: int, like: os.stat_result) -> None:
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
        os.fchown(descriptor, like.st_uid, like.st_gid)
    if stat.S_IMODE(own.st_mode) != stat.S_IMODE(like.st_mode):
        # An ESP is vfat, where every file has the one mode of the mount.
        with contextlib.suppress(PermissionError):
            os.fchmod(descriptor, stat.S_IMODE(like.st_mode))


def _copy_attributes(source: Path, target: Path) -> None:
    # SELinux's label among them; where a filesystem has none, or we may not, the directory's default serves.
    with contextlib.suppress(OSError):
        for name in os.listxattr(source):
            with contextlib.suppress(OSError):
                os.setxattr(target, name, os.getxattr(source, name))


@contextlib.contextmanager
def file_in_memory(data: bytes = b"", size: int | None = None) -> Iterator[Path]:
    """Yield the path of a file that is nowhere on a disk, for a program to read while the block runs.

    It needs no room in /tmp, and nothing of it is left when the process is killed. ``size`` in bytes where it is more
    than the data: the rest is a hole. Raises ToolError.
    """
    try:
        descriptor = os.memfd_create("kickbuild")
    except OSError as error:
        raise system_error(error, "a file in memory") from error
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(data)
            file.truncate(len(data) if size is None else size)
        yield Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def alone_at(path: Path) -> Iterator[None]:
    """Hold a file or directory for this run alone. Raises RefusedError while another run holds it.

    The lock dies with its process; a filesystem without locks is used without.
    """
    with _locked(path, fcntl.LOCK_EX):
        yield


@contextlib.contextmanager
def shared_at(path: Path) -> Iterator[None]:
    """Hold a file or directory for runs that only read it. Raises RefusedError while a run holds it for itself alone.

    What is not there, or is no file that can be held, is left to who opens it.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except OSError:
        kind = 0
    can_be_held = kind in {stat.S_IFREG, stat.S_IFDIR, stat.S_IFBLK}
    with _locked(path, fcntl.LOCK_SH) if can_be_held else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise system_error(error, path) from error
    try:
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RefusedError(f"another kickbuild is at work on {path}", hint="wait until it is done") from None
        yield
    finally:
        os.close(descriptor)
