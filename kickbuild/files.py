"""Files that appear complete or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

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


def atomic_write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write ``data`` to ``path``: complete and durable, or not at all. Raises OSError."""
    partial = partial_path(path)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            # vfat and some network filesystems have no modes to set.
            with contextlib.suppress(PermissionError):
                os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
