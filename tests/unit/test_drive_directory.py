"""A drive in a directory: complete files or none, and never outside of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from kickbuild.copying import Ranges, whole_file
from kickbuild.drive.directory import DirectoryTree
from kickbuild.drive.mounts import mount_of, parse_mountinfo
from kickbuild.drive.tree import Filesystem
from kickbuild.errors import InputError, ToolError
from kickbuild.files import PARTIAL_PREFIX
from kickbuild.progress import Silent


def accept(_: str) -> None:
    return None


@pytest.fixture
def tree(tmp_path: Path) -> DirectoryTree:
    (tmp_path / "drive").mkdir()
    return DirectoryTree(tmp_path / "drive", Filesystem("ext4", "u", "l"))


def test_files_come_and_go(tree: DirectoryTree, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "source").write_bytes(data)
    digest = tree.receive("/rocky9/a/x.iso", whole_file(tmp_path / "source"), Silent(), accept)
    assert digest == hashlib.sha256(data).hexdigest()
    part = Ranges(tmp_path / "source", ((2048, 100), (0, 5)))
    assert (
        tree.receive("/rocky9/part", part, Silent(), accept) == hashlib.sha256(data[2048:2148] + data[:5]).hexdigest()
    )
    tree.write("/kickbuild/ks.cfg", b"x", mode=0o600)
    assert (tree.root / "kickbuild" / "ks.cfg").stat().st_mode & 0o777 == 0o600
    nodes = tree.nodes(["/rocky9", "/kickbuild", "/absent"])
    assert {p: n.size for p, n in nodes.items() if n.is_file} == {
        "/rocky9/a/x.iso": 3_000_000,
        "/rocky9/part": 105,
        "/kickbuild/ks.cfg": 1,
    }
    assert tree.read("/rocky9/part", 3) == data[2048:2051]
    assert tree.read("/rocky9/none", 3) is None
    assert tree.read("/none/none", 3) is None
    assert tree.ranges("/rocky9/part").size == 105
    for path in ("/rocky9/a/x.iso", "/rocky9/part", "/rocky9/absent", "/no/such"):
        tree.remove(path)
    assert not (tree.root / "rocky9").exists()
    assert (tree.root / "kickbuild").exists()
    assert tree.free() > 0


def test_a_refused_file_leaves_the_old_one(tree: DirectoryTree, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"new")
    tree.write("/x.iso", b"old")

    def refuse(_: str) -> None:
        raise InputError("not that one")

    with pytest.raises(InputError):
        tree.receive("/x.iso", whole_file(tmp_path / "source"), Silent(), refuse)
    assert tree.read("/x.iso", 10) == b"old"
    assert [entry.name for entry in tree.root.iterdir()] == ["x.iso"]


def test_links_are_not_followed(tree: DirectoryTree, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (tree.root / "kickbuild").symlink_to(outside)
    (tree.root / "link").symlink_to(outside / "secret")
    with pytest.raises(ToolError):
        tree.write("/kickbuild/x", b"x")
    with pytest.raises(ToolError):
        tree.read("/link", 10)
    with pytest.raises(ToolError):
        tree.ranges("/link")
    assert tree.nodes(["/kickbuild"]) == {}
    tree.write("/link", b"own")
    assert (outside / "secret").read_text() == "secret"
    assert sorted(p.name for p in outside.iterdir()) == ["secret"]


@pytest.mark.parametrize("path", ["x", "", "/", "/../x", "/a/../../x", "/a//b", "/a/./b"])
def test_paths_stay_inside(tree: DirectoryTree, path: str) -> None:
    with pytest.raises(ValueError, match="not a path within a tree"):
        tree.write(path, b"x")


def test_cleaning_what_a_stopped_run_left(tree: DirectoryTree) -> None:
    tree.write("/kickbuild/web/ks.cfg", b"x")
    (tree.root / "kickbuild" / "web" / f"{PARTIAL_PREFIX}abc").write_text("half")
    (tree.root / "own").mkdir()
    (tree.root / "own" / f"{PARTIAL_PREFIX}abc").write_text("not in our directories")
    assert tree.clean(["/kickbuild", "/rocky9"]) == [f"/kickbuild/web/{PARTIAL_PREFIX}abc"]
    assert tree.read("/kickbuild/web/ks.cfg", 10) == b"x"
    assert (tree.root / "own" / f"{PARTIAL_PREFIX}abc").exists()


MOUNTINFO = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 8:17 / /mnt/my\\040drive rw,nosuid shared:2 master:3 - ext4 /dev/sdb1 rw,errors=remount-ro
31 22 8:17 /sub /mnt/bind rw - ext4 /dev/sdb1 ro
32 22 0:40 / /srv rw - nfs4 server:/export rw
nonsense
"""


def test_mountinfo() -> None:
    mounts = parse_mountinfo(MOUNTINFO)
    assert [m.point for m in mounts] == ["/", "/mnt/my drive", "/mnt/bind", "/srv"]
    assert mounts[1].source == "/dev/sdb1"
    assert (mounts[2].root, mounts[2].read_only) == ("/sub", True)


def test_mount_of(tmp_path: Path) -> None:
    text = f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / {tmp_path} rw - ext4 /dev/sda2 rw\n"
    (tmp_path / "a").mkdir()
    (tmp_path / "file").touch()
    assert mount_of(tmp_path / "a", parse_mountinfo(text)).number == "8:2"
    with pytest.raises(InputError, match="No such file"):
        mount_of(tmp_path / "absent", parse_mountinfo(text))
    with pytest.raises(InputError, match="not a directory"):
        mount_of(tmp_path / "file", parse_mountinfo(text))


def test_a_tree_without_an_end(tree: DirectoryTree) -> None:
    descriptor = os.open(tree.root, os.O_RDONLY)
    for name in ["kickbuild", *["d"] * 1500]:
        os.mkdir(name, dir_fd=descriptor)
        below = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    assert 5 < len(tree.nodes(["/kickbuild"])) < 20
    subprocess.run(["rm", "-r", tree.root / "kickbuild"], check=True)


def test_an_error_names_the_file_as_people_know_it(tree: DirectoryTree, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"x")
    for source in (Ranges(tmp_path / "short", ((0, 5000),)), Ranges(tmp_path / "short", ((0, 2**62),))):
        with pytest.raises(ToolError) as caught:
            tree.receive("/rocky9/x.iso", source, Silent(), accept)
        assert PARTIAL_PREFIX not in str(caught.value)
        assert "/proc/self" not in str(caught.value)


def test_a_drive_that_was_unmounted_is_not_written_beside(tmp_path: Path) -> None:
    """Its mount point is then a directory of another disk; here the drive is one, and the other a link's target."""
    here, there = tmp_path, Path(tempfile.mkdtemp(dir="/dev/shm"))
    (tmp_path / "mnt").symlink_to(there)
    tree = DirectoryTree(tmp_path / "mnt", Filesystem("ext4", "u", "l"))
    tree.write("/kickbuild/ks.cfg", b"x")
    (tmp_path / "mnt").unlink()
    (tmp_path / "mnt").mkdir()
    for write in (
        lambda: tree.write("/kickbuild/ks.cfg", b"y"),
        lambda: tree.receive("/rocky9/x.iso", whole_file(there / "kickbuild" / "ks.cfg"), Silent(), accept),
        lambda: tree.nodes(["/kickbuild"]),
        lambda: tree.remove("/kickbuild/ks.cfg"),
    ):
        with pytest.raises(ToolError, match="is not on the drive"):
            write()
    assert list((here / "mnt").iterdir()) == []
    shutil.rmtree(there)
