"""The tree in an xfs filesystem inside an image: only a kernel writes xfs, so this one needs root and a loop device."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kickbuild.drive.directory import DirectoryTree
from kickbuild.errors import LackingError
from kickbuild.run import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.drive.tree import Filesystem


@contextlib.contextmanager
def mounted_xfs(image: Path, offset: int, filesystem: Filesystem, *, writes: bool) -> Iterator[DirectoryTree]:
    """Yield the tree of an xfs partition, mounted while the block runs. Raises LackingError without root."""
    if os.geteuid() != 0:
        raise LackingError(
            f"{image} holds xfs, which only a kernel can read and write: that needs root and a loop device",
            hint="run it as root, or make the image with --fs ext4, which needs neither",
        )
    size = image.stat().st_size - offset
    options = ",".join(["loop", f"offset={offset}", f"sizelimit={size}", "nosuid", "nodev", "noexec", "nouuid"])
    options += "" if writes else ",ro,norecovery"
    mount = Path(tempfile.mkdtemp(prefix="kickbuild-xfs-"))
    try:
        run(["mount", "-t", "xfs", "-o", options, image, mount])
        try:
            yield DirectoryTree(mount, filesystem)
        finally:
            run(["umount", mount])
    finally:
        with contextlib.suppress(OSError):
            mount.rmdir()
