"""Full drives, and runs that are killed or interrupted: complete files or none, and a second run repairs it."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import needs_root, needs_tools

from kickbuild.copying import CHUNK, clone, digest, whole_file
from kickbuild.drive.directory import DirectoryTree
from kickbuild.drive.image import NewImage, clean_partials, edit_image, new_image, open_image, suggest_size
from kickbuild.drive.mounts import mount_of, read_mounts
from kickbuild.drive.tree import Filesystem
from kickbuild.drive.udev import list_devices
from kickbuild.errors import RefusedError, ToolError
from kickbuild.files import PARTIAL_PREFIX
from kickbuild.progress import Silent
from kickbuild.run import run
from kickbuild.units import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKER = Path(__file__).parents[1] / "drive_worker.py"
UUID = "11111111-2222-3333-4444-555555555555"
PIECES = 8


def accept(_: str) -> None:
    return None


@contextmanager
def mounted(folder: Path, make: list[str], size: int) -> Iterator[Path]:
    """Make a filesystem in a file and mount it."""
    disk, point = folder / "disk.img", folder / "mnt"
    with disk.open("wb") as file:
        file.truncate(size)
    point.mkdir()
    run([*make, disk])
    run(["mount", "-o", "loop", disk, point])
    try:
        yield point
    finally:
        run(["umount", point])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(PIECES * CHUNK + 777))
    return path


def stop(kind: str, source: Path, target: Path, after: int, how: signal.Signals) -> int:
    """Start the worker, stop it when it has said that many dots, and return its exit status."""
    worker = subprocess.Popen(
        [sys.executable, WORKER, kind, source, target], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert worker.stdout is not None
    with worker.stdout as dots:
        dots.read(after)
        worker.send_signal(how)
        return worker.wait(timeout=60)


@needs_root()
@needs_tools("mke2fs", "mkfs.xfs", "mount")
@pytest.mark.parametrize("fs", ["ext4", "ext2", "xfs", "tmpfs"])
def test_a_full_filesystem_keeps_what_it_had(tmp_path: Path, fs: str, source: Path) -> None:
    size = 320 * MIB if fs == "xfs" else 48 * MIB
    make = {"ext4": ["mke2fs", "-q", "-t", "ext4"], "xfs": ["mkfs.xfs", "-q"], "ext2": ["mke2fs", "-q", "-t", "ext2"]}
    if fs == "tmpfs":
        point = tmp_path / "mnt"
        point.mkdir()
        run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", point])
        try:
            fill_up(point, fs, source, tmp_path)
        finally:
            run(["umount", point])
    else:
        with mounted(tmp_path, make[fs], size) as point:
            fill_up(point, fs, source, tmp_path)


def fill_up(point: Path, fs: str, source: Path, tmp_path: Path) -> None:
    tree = DirectoryTree(point, Filesystem(fs, UUID, ""))
    sha256 = tree.receive("/rocky9/x.iso", whole_file(source), Silent(), accept)
    tree.write("/kickbuild/manifest.json", b"{}")
    free = tree.free()
    too_large = tmp_path / "large"
    with too_large.open("wb") as file:
        file.truncate(free + 8 * MIB)
    for path in ("/rocky9/x.iso", "/other/y.iso"):
        with pytest.raises(ToolError, match="No space left") as caught:
            tree.receive(path, whole_file(too_large), Silent(), accept)
        assert "make room" in caught.value.problems[0].hint
    assert digest(tree.ranges("/rocky9/x.iso"), Silent()) == sha256
    assert tree.read("/kickbuild/manifest.json", 10) == b"{}"
    assert not list(point.rglob(f"{PARTIAL_PREFIX}*"))
    assert free - tree.free() < MIB


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_directory_that_a_run_was_stopped_in(tmp_path: Path, source: Path, how: signal.Signals) -> None:
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    drive = tmp_path / "drive"
    drive.mkdir()
    tree = DirectoryTree(drive, Filesystem("ext4", UUID, ""))
    for _ in range(3):
        after = random.randrange(1, 3 * PIECES)
        assert stop("directory", source, drive, after, how) != 0, f"stopped after {after} pieces"
        left = list(drive.rglob(f"{PARTIAL_PREFIX}*"))
        assert how == signal.SIGKILL or not left
        for path, node in tree.nodes(["/rocky9", "/kickbuild"]).items():
            if path.endswith(".iso"):
                assert node.size == source.stat().st_size
                assert digest(tree.ranges(path), Silent()) == sha256
        assert len(tree.clean(["/rocky9", "/kickbuild"])) == len(left)
        assert not list(drive.rglob(f"{PARTIAL_PREFIX}*"))
    subprocess.run([sys.executable, WORKER, "directory", source, drive], check=True, stdout=subprocess.DEVNULL)
    assert digest(tree.ranges("/rocky9/2.iso"), Silent()) == sha256


@needs_tools("mke2fs", "debugfs", "e2fsck", "sfdisk", "blkid")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("kind", ["new", "edit"])
def test_an_image_that_a_run_was_stopped_in(tmp_path: Path, source: Path, how: signal.Signals, kind: str) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    path = folder / "r.img"
    before = b""
    if kind == "edit":
        size = suggest_size(3 * source.stat().st_size, "ext4")
        with new_image(NewImage(path=path, size=size, fs="ext4", label="", uuid=UUID)) as tree:
            tree.receive("/rocky9/old.iso", whole_file(source), Silent(), accept)
        before = path.read_bytes()
    for _ in range(2):
        after = random.randrange(1, 3 * PIECES)
        assert stop(kind, source, path, after, how) != 0, f"stopped after {after} pieces"
        assert path.exists() is (kind == "edit")
        assert not before or path.read_bytes() == before
        assert len(clean_partials(path)) == (how == signal.SIGKILL)
        assert [p.name for p in folder.iterdir()] == (["r.img"] if before else [])
    subprocess.run([sys.executable, WORKER, kind, source, path], check=True, stdout=subprocess.DEVNULL)
    run(["e2fsck", "-fn", f"{path}?offset={MIB}"])
    with open_image(path) as tree:
        assert digest(tree.ranges("/rocky9/2.iso"), Silent()) == hashlib.sha256(source.read_bytes()).hexdigest()


@needs_tools("mke2fs", "debugfs", "e2fsck", "sfdisk", "blkid")
def test_what_a_running_process_works_on_is_not_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "r.img"
    with new_image(NewImage(path=path, size=suggest_size(1, "ext4"), fs="ext4", label="", uuid=UUID)) as tree:
        assert clean_partials(path) == []
        tree.write("/x", b"x")
    (tmp_path / f"{PARTIAL_PREFIX}left").write_bytes(b"half")
    (tmp_path / "unrelated").touch()
    assert [p.name for p in clean_partials(path)] == [f"{PARTIAL_PREFIX}left"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.img", "unrelated"]


@needs_root()
@needs_tools("mkfs.xfs", "mount")
def test_blocks_are_shared_where_the_filesystem_can(tmp_path: Path) -> None:
    with mounted(tmp_path, ["mkfs.xfs", "-q", "-m", "reflink=1"], 320 * MIB) as point:
        data = os.urandom(100 * MIB + 5)
        (point / "x.iso").write_bytes(data)
        os.sync()
        tree = DirectoryTree(point, Filesystem("xfs", UUID, ""))
        free = tree.free()
        sha256 = tree.receive("/rocky9/x.iso", whole_file(point / "x.iso"), Silent(), accept)
        assert sha256 == hashlib.sha256(data).hexdigest()
        assert (point / "rocky9" / "x.iso").read_bytes() == data
        assert free - tree.free() < 50 * MIB
        (point / "target").touch()
        assert clone(point / "x.iso", point / "target")


@needs_root()
@needs_tools("mke2fs", "mount")
def test_the_device_under_a_mount_is_found(tmp_path: Path) -> None:
    with mounted(tmp_path, ["mke2fs", "-q", "-t", "ext4", "-U", UUID, "-L", "REBUILD"], 32 * MIB) as point:
        mount = mount_of(point, read_mounts())
        assert (mount.point, mount.root, mount.fs_type, mount.read_only) == (str(point), "/", "ext4", False)
        (device,) = [d for d in list_devices() if d.number == mount.number]
        assert (device.fs_type, device.fs_uuid, device.fs_label) == ("ext4", UUID, "REBUILD")
        (point / "sub").mkdir()
        bound = tmp_path / "bound dir"
        bound.mkdir()
        run(["mount", "--bind", point / "sub", bound])
        try:
            assert mount_of(bound, read_mounts()).root == "/sub"
        finally:
            run(["umount", bound])
        run(["mount", "-o", "remount,ro", point])
        assert mount_of(point / "sub", read_mounts()).read_only


@needs_root()
@needs_tools("mke2fs", "debugfs", "sfdisk", "blkid", "mount")
def test_no_room_for_the_copy_that_a_change_needs(tmp_path: Path, source: Path) -> None:
    with mounted(tmp_path, ["mke2fs", "-q", "-t", "ext4", "-m", "0"], 64 * MIB) as point:
        path = point / "r.img"
        new = NewImage(path=path, size=suggest_size(1, "ext4"), fs="ext4", label="", uuid=UUID)
        with new_image(new) as tree:
            tree.receive("/x.iso", whole_file(source), Silent(), accept)
        before = path.read_bytes()
        filler = point / "filler"
        filler.write_bytes(b"x" * 16 * MIB)
        os.sync()
        with pytest.raises(RefusedError, match="and changing"), edit_image(path):
            pass
        assert path.read_bytes() == before
        assert sorted(p.name for p in point.iterdir()) == ["filler", "lost+found", "r.img"]


@needs_root()
@needs_tools("mkfs.xfs", "mount", "sfdisk", "blkid")
def test_an_xfs_image_that_a_killed_run_left_mounted(tmp_path: Path, source: Path) -> None:
    path = tmp_path / "r.img"
    assert stop("new-xfs", source, path, 3, signal.SIGKILL) != 0
    (left,) = [m for m in read_mounts() if "kickbuild-xfs-" in m.point]
    assert clean_partials(path)
    assert not [m for m in read_mounts() if "kickbuild-xfs-" in m.point]
    assert not Path(left.point).exists()
    assert list(tmp_path.iterdir()) == [source]


@needs_root()
@needs_tools("mke2fs", "debugfs", "e2fsck", "mkfs.vfat", "mcopy", "sfdisk", "blkid", "mount")
@pytest.mark.parametrize("fs", ["ext4", "vfat", "xfs"])
def test_images_need_no_room_in_tmp(tmp_path: Path, source: Path, fs: str) -> None:
    """And leave no password hash there when they are killed."""
    full = tmp_path / "full"
    full.mkdir()
    run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", full])
    try:
        (full / "x").write_bytes(b"x" * 4096)
        words: list[str | Path] = [sys.executable, WORKER, f"new-{fs}", source, tmp_path / "r.img"]
        where = {**os.environ, "KICKBUILD_TEST_TMP": str(full)}
        done = subprocess.run(words, check=False, capture_output=True, env=where)
        assert done.returncode == 0, done.stderr
        assert [p.name for p in full.iterdir()] == ["x"]
    finally:
        run(["umount", full])
