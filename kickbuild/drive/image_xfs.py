"""The tree in an xfs filesystem inside an image: only a kernel writes xfs, so this one needs root and a loop device."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.drive.directory import DirectoryTree
from kickbuild.drive.mounts import read_mounts
from kickbuild.errors import LackingError, system_error
from kickbuild.run import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.drive.tree import Filesystem

_PREFIX: Final = "kickbuild-xfs-"


def unmount_left(partial: Path) -> None:
    """Unmount what a killed run left mounted of its unfinished image. Raises ToolError."""
    for mount in read_mounts():
        point = Path(mount.point)
        if not (point.name.startswith(_PREFIX) and mount.source.startswith("/dev/loop")):
            continue
        # Source: linux/drivers/block/loop.c, loop_attr_backing_file_show: the path of the file, and a newline.
        backing = Path("/sys/block", Path(mount.source).name, "loop", "backing_file")
        with contextlib.suppress(OSError):
            if backing.read_text(encoding="utf-8", errors="surrogateescape").removesuffix("\n") == str(partial):
                run(["umount", point])
                point.rmdir()


@contextlib.contextmanager
def mounted_xfs(image: Path, offset: int, filesystem: Filesystem, *, writes: bool) -> Iterator[DirectoryTree]:
    """Yield the tree of an xfs partition, mounted while the block runs. Raises LackingError without root."""
    if os.geteuid() != 0:
        raise LackingError(
            f"{image} holds xfs, which only a kernel can read and write: that needs root and a loop device",
            hint="run it as root, or make the image with --fs ext4, which needs neither",
        )
    with image.open("rb") as file:
        # Of a block device, stat tells no size.
        size = file.seek(0, os.SEEK_END) - offset
    options = ",".join(["loop", f"offset={offset}", f"sizelimit={size}", "nosuid", "nodev", "noexec", "nouuid"])
    options += "" if writes else ",ro,norecovery"
    try:
        mount = Path(tempfile.mkdtemp(prefix=_PREFIX))
    except OSError as error:
        raise system_error(error, tempfile.gettempdir()) from error
    try:
        run(["mount", "-t", "xfs", "-o", options, image, mount])
        try:
            yield DirectoryTree(mount, filesystem)
        finally:
            run(["umount", mount])
    finally:
        with contextlib.suppress(OSError):
            mount.rmdir()
