"""Disk images, judged by the programs and the kernel that will read them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from conftest import needs_root, needs_tools

from kickbuild.copying import CHUNK, Ranges, digest, whole_file
from kickbuild.drive.image import NewImage, edit_image, image_filesystem, new_image, new_uuid, open_image, suggest_size
from kickbuild.errors import InputError, RefusedError, ToolError
from kickbuild.files import PARTIAL_PREFIX
from kickbuild.progress import Silent
from kickbuild.run import run
from kickbuild.units import MIB

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.drive.tree import Tree

TOOLS = needs_tools("mke2fs", "debugfs", "e2fsck", "sfdisk", "blkid", "mkfs.vfat", "mcopy", "mdir", "mkfs.xfs")
pytestmark = TOOLS

KINDS = [
    "ext4",
    "vfat",
    pytest.param("xfs", marks=needs_root()),
]


def accept(_: str) -> None:
    return None


def make(path: Path, fs: str, data: bytes, source: Path) -> NewImage:
    source.write_bytes(data)
    new = NewImage(path=path, size=suggest_size(len(data) * 2, fs), fs=fs, label="REBUILD", uuid=new_uuid(fs))
    with new_image(new) as tree:
        assert tree.receive("/rocky9/x.iso", whole_file(source), Silent(), accept) == hashlib.sha256(data).hexdigest()
        tree.receive("/rocky9/vmlinuz", Ranges(source, ((2048, 5001),)), Silent(), accept)
        tree.write("/kickbuild/web/ks.cfg", b"secret\n", mode=0o600)
        tree.write("/kickbuild/web/ks.cfg", b"secret again\n", mode=0o600)
        tree.write("/kickbuild/empty", b"")
    return new


def judge(path: Path, fs: str) -> None:
    """Let the filesystem's own checker and sfdisk look at the image."""
    run(["sfdisk", "--verify", path])
    if fs == "ext4":
        run(["e2fsck", "-fn", f"{path}?offset={MIB}"])
    elif fs == "vfat":
        part = path.with_suffix(".part")
        with path.open("rb") as file:
            file.seek(MIB)
            part.write_bytes(file.read()[:-MIB])
        run(["fsck.vfat", "-n", part])
        part.unlink()


@pytest.mark.parametrize("fs", KINDS)
def test_an_image_holds_what_was_put_into_it(tmp_path: Path, fs: str) -> None:
    data = os.urandom(40 * CHUNK + 77)
    path = tmp_path / "rebuild drive.img"
    new = make(path, fs, data, tmp_path / "source")
    judge(path, fs)
    assert image_filesystem(path) == new.filesystem
    assert not list(tmp_path.glob(f"{PARTIAL_PREFIX}*"))
    assert [p for p in tmp_path.iterdir() if p.name.startswith(".kickbuild")] == []
    with open_image(path) as tree:
        nodes = tree.nodes(["/rocky9", "/kickbuild", "/absent"])
        files = {p: n.size for p, n in nodes.items() if n.is_file}
        assert files == {
            "/rocky9/x.iso": len(data),
            "/rocky9/vmlinuz": 5001,
            "/kickbuild/web/ks.cfg": 13,
            "/kickbuild/empty": 0,
        }
        assert nodes["/kickbuild/web"].is_directory
        assert tree.read("/kickbuild/web/ks.cfg", 100) == b"secret again\n"
        assert tree.read("/kickbuild/absent", 100) is None
        assert digest(tree.ranges("/rocky9/x.iso"), Silent()) == hashlib.sha256(data).hexdigest()
        assert digest(tree.ranges("/rocky9/vmlinuz"), Silent()) == hashlib.sha256(data[2048:7049]).hexdigest()
        with pytest.raises(ToolError):
            tree.ranges("/rocky9/absent")


def remove_and_fail(tree: Tree) -> None:
    tree.remove("/rocky9/x.iso")
    tree.ranges("/rocky9/x.iso")


@pytest.mark.parametrize("fs", KINDS)
def test_a_change_replaces_the_image_whole(tmp_path: Path, fs: str) -> None:
    path = tmp_path / "r.img"
    make(path, fs, b"x" * 100_000, tmp_path / "source")
    before = path.read_bytes()
    with pytest.raises(ToolError), edit_image(path) as tree:
        remove_and_fail(tree)
    assert path.read_bytes() == before
    with edit_image(path) as tree:
        tree.remove("/rocky9/x.iso")
        tree.remove("/rocky9/vmlinuz")
        tree.remove("/never/there")
        tree.write("/kickbuild/manifest.json", b"{}")
    judge(path, fs)
    with open_image(path) as tree:
        assert set(tree.nodes(["/rocky9", "/kickbuild"])) == {
            "/kickbuild/web",
            "/kickbuild/web/ks.cfg",
            "/kickbuild/empty",
            "/kickbuild/manifest.json",
        }
    assert not list(tmp_path.glob(f"{PARTIAL_PREFIX}*"))


@needs_root()
@pytest.mark.parametrize("fs", ["ext4", "xfs"])
def test_the_kernel_reads_the_same(tmp_path: Path, fs: str) -> None:
    data = os.urandom(150 * CHUNK)
    path = tmp_path / "r.img"
    make(path, fs, data, tmp_path / "source")
    mount = tmp_path / "mount"
    mount.mkdir()
    subprocess.run(["mount", "-o", f"loop,ro,offset={MIB}", path, mount], check=True)
    try:
        assert (mount / "rocky9" / "x.iso").read_bytes() == data
        ks = mount / "kickbuild" / "web" / "ks.cfg"
        assert ks.read_bytes() == b"secret again\n"
        assert ks.stat().st_mode & 0o777 == 0o600
    finally:
        subprocess.run(["umount", mount], check=True)


@pytest.mark.parametrize("fs", ["ext4", "vfat", pytest.param("xfs", marks=needs_root())])
def test_what_does_not_fit_leaves_no_image(tmp_path: Path, fs: str) -> None:
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.truncate(600 * MIB)
    new = NewImage(path=tmp_path / "r.img", size=suggest_size(1, fs), fs=fs, label="", uuid=new_uuid(fs))
    with pytest.raises(ToolError) as caught, new_image(new) as tree:
        tree.receive("/x.iso", whole_file(source), Silent(), accept)
    assert caught.value.problems[0].hint
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


def test_an_image_of_no_size_is_refused(tmp_path: Path) -> None:
    new = NewImage(path=tmp_path / "r.img", size=3 * MIB, fs="ext4", label="", uuid=new_uuid("ext4"))
    with pytest.raises(RefusedError), new_image(new):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"x" * 100, os.urandom(4 * MIB)], ids=["empty", "short", "noise"])
def test_what_is_no_image_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "noise.img"
    path.write_bytes(data)
    with pytest.raises(InputError, match="no filesystem"):
        image_filesystem(path)
    with pytest.raises(InputError, match="No such file"):
        image_filesystem(tmp_path / "absent.img")


def test_refusing_the_digest_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"abc")

    def refuse(_: str) -> None:
        raise InputError("not that one")

    new = NewImage(path=tmp_path / "r.img", size=suggest_size(1, "ext4"), fs="ext4", label="", uuid=new_uuid("ext4"))
    with pytest.raises(InputError, match="not that one"), new_image(new) as tree:
        tree.receive("/x.iso", whole_file(tmp_path / "source"), Silent(), refuse)
    assert not (tmp_path / "r.img").exists()
