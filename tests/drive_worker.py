"""A program that copies into a drive slowly, so that a test can stop it in the middle: prints a dot for each piece.

``drive_worker.py directory|new|new-vfat|new-xfs|edit SOURCE TARGET``
KICKBUILD_TEST_TMP in the environment names its directory for temporary files.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from kickbuild.copying import whole_file
from kickbuild.drive.directory import DirectoryTree
from kickbuild.drive.image import NewImage, edit_image, new_image, suggest_size
from kickbuild.drive.tree import Filesystem, Tree
from kickbuild.progress import Silent

UUID = "11111111-2222-3333-4444-555555555555"


class Dots(Silent):
    """Tells the test where it is, and takes its time."""

    def advance(self, amount: int) -> None:
        assert amount
        sys.stdout.write(".")
        sys.stdout.flush()
        time.sleep(0.01)


def fill(tree: Tree, source: Path) -> None:
    for number in range(3):
        tree.receive(f"/rocky9/{number}.iso", whole_file(source), Dots(), lambda _: None)
        tree.write(f"/kickbuild/{number}/ks.cfg", b"%d\n" % number, mode=0o600)


def main() -> None:
    tempfile.tempdir = os.environ.get("KICKBUILD_TEST_TMP")
    kind, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if kind == "directory":
        fill(DirectoryTree(target, Filesystem("ext4", UUID, "")), source)
    elif kind.startswith("new"):
        fs = kind.removeprefix("new").removeprefix("-") or "ext4"
        size = suggest_size(3 * source.stat().st_size, fs)
        uuid = "1234-ABCD" if fs == "vfat" else UUID
        with new_image(NewImage(path=target, size=size, fs=fs, label="", uuid=uuid)) as tree:
            fill(tree, source)
    else:
        with edit_image(target, Dots()) as tree:
            fill(tree, source)


if __name__ == "__main__":
    main()
