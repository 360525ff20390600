"""Disk images, judged by the programs and the kernel that will read them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import needs_root, needs_tools

from kickbuild.copying import CHUNK, Ranges, digest, whole_file
from kickbuild.drive.image import (
    NewImage,
    edit_image,
    image_filesystem,
    new_image,
    new_uuid,
    open_image,
    room,
    suggest_size,
)
from kickbuild.errors import InputError, KickbuildError, RefusedError, ToolError
from kickbuild.files import PARTIAL_PREFIX
from kickbuild.progress import Silent
from kickbuild.run import run
from kickbuild.units import GIB, MIB

if TYPE_CHECKING:
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


def empty(path: Path, fs: str = "ext4", size: int = 0, uuid: str = "", ext_features: str = "") -> None:
    """Make an image with one small file in it."""
    size, uuid = size or suggest_size(1, fs), uuid or new_uuid(fs)
    with new_image(NewImage(path=path, size=size, fs=fs, label="", uuid=uuid, ext_features=ext_features)) as tree:
        tree.write("/kickbuild/x", b"x")


@pytest.mark.parametrize("fs", KINDS)
@pytest.mark.parametrize("extra", [5000, MIB - 512])
def test_a_size_of_no_whole_mib(tmp_path: Path, fs: str, extra: int) -> None:
    path = tmp_path / "r.img"
    empty(path, fs, suggest_size(1, fs) + extra)
    assert path.stat().st_size == suggest_size(1, fs)
    judge(path, fs)
    (partition,) = json.loads(run(["sfdisk", "--json", path]).stdout)["partitiontable"]["partitions"]
    assert partition["start"] * 512 == MIB
    assert partition["size"] * 512 == path.stat().st_size - 2 * MIB
    if fs == "ext4":
        said = run(["dumpe2fs", "-h", f"{path}?offset={MIB}"]).text
        blocks = next(line.split()[-1] for line in said.splitlines() if line.startswith("Block count"))
        assert int(blocks) * 4096 == partition["size"] * 512


@pytest.mark.parametrize("fs", KINDS)
@pytest.mark.parametrize("content", [0, 300 * MIB, 9 * GIB, 70 * GIB])
def test_a_suggested_size_has_room(tmp_path: Path, fs: str, content: int) -> None:
    size = suggest_size(content, fs)
    assert size <= content * 1.02 + 400 * MIB
    with new_image(NewImage(path=tmp_path / "r.img", size=size, fs=fs, label="", uuid=new_uuid(fs))) as tree:
        assert content + 32 * MIB <= room(size, fs) <= tree.free()


def test_an_image_is_private_and_a_change_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "r.img"
    empty(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with edit_image(path) as tree:
        tree.write("/kickbuild/x", b"y")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_to_an_image_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    empty(tmp_path / "real" / "r.img")
    link = tmp_path / "link.img"
    link.symlink_to("real/r.img")
    with edit_image(link) as tree:
        tree.write("/kickbuild/x", b"y")
    assert link.is_symlink()
    with open_image(link) as tree:
        assert tree.read("/kickbuild/x", 5) == b"y"


@pytest.mark.parametrize("name", ["what?.img", "a@@b.img", "a\nb.img"])
def test_names_that_the_tools_would_misread(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="meaning of their own"):
        empty(tmp_path / name)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match="meaning of their own"), open_image(tmp_path / name):
        pass


@pytest.mark.parametrize("name", ["-x.img", "a b;$(c)'\".img", "ü.img"])
@pytest.mark.parametrize("fs", ["ext4", "vfat"])
def test_names_that_no_shell_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fs: str) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path(name), fs, os.urandom(CHUNK), Path("source"))
    with open_image(Path(name)) as tree:
        assert tree.read("/kickbuild/web/ks.cfg", 100) == b"secret again\n"


def test_the_same_uuid_makes_the_same_table(tmp_path: Path) -> None:
    tables = []
    for name in ("a.img", "b.img"):
        empty(tmp_path / name, uuid="11111111-2222-3333-4444-555555555555")
        tables.append((tmp_path / name).read_bytes()[:MIB])
    assert tables[0] == tables[1]


def fragmented(path: Path, fs: str, folder: Path) -> None:
    """Make an image whose free space is in small pieces."""
    piece = folder / "piece"
    piece.write_bytes(b"p" * 300_000)
    if fs == "vfat":
        (folder / "many").mkdir()
        for number in range(200):
            (folder / "many" / f"{number}").write_bytes(b"p" * 300_000)
        run(["mcopy", "-s", "-i", f"{path}@@{MIB}", folder / "many", "::many"])
        run(["mdel", "-i", f"{path}@@{MIB}", *(f"::many/{number}" for number in range(0, 200, 2))])
    else:
        script = folder / "script"
        made = [f"write {piece} many{number}" for number in range(200)]
        removed = [f"rm many{number}" for number in range(0, 200, 2)]
        script.write_text("\n".join([*made, *removed]) + "\n")
        run(["debugfs", "-w", "-f", script, f"{path}?offset={MIB}"])


@pytest.mark.parametrize("fs", ["ext4", "vfat"])
def test_a_file_in_many_pieces(tmp_path: Path, fs: str) -> None:
    path = tmp_path / "r.img"
    size = {"ext4": 92 * MIB, "vfat": 72 * MIB}[fs]
    empty(path, fs, size)
    fragmented(path, fs, tmp_path)
    data = os.urandom(33 * MIB + 99)
    (tmp_path / "source").write_bytes(data)
    with edit_image(path) as tree:
        sha256 = tree.receive("/rocky9/x.iso", whole_file(tmp_path / "source"), Silent(), accept)
        part = Ranges(tmp_path / "source", ((4096, 3 * MIB + 5), (0, 4096)))
        tree.receive("/rocky9/part", part, Silent(), accept)
    judge(path, fs)
    with open_image(path) as tree:
        ranges = tree.ranges("/rocky9/x.iso")
        assert len(ranges.extents) > 4
        assert digest(ranges, Silent()) == sha256 == hashlib.sha256(data).hexdigest()
        expected = data[4096 : 3 * MIB + 4101] + data[:4096]
        assert digest(tree.ranges("/rocky9/part"), Silent()) == hashlib.sha256(expected).hexdigest()


def test_an_extent_tree_with_leaves(tmp_path: Path) -> None:
    """More than four runs of blocks do not fit into the inode, and more than 340 not into one leaf."""
    path, source, script = tmp_path / "r.img", tmp_path / "source", tmp_path / "script"
    empty(path, "ext4", 92 * MIB)
    with edit_image(path) as tree:
        blocks = tree.free() // 4096 - 8
        source.write_bytes(os.urandom(blocks * 4096))
        tree.receive("/sieve", whole_file(source), Silent(), accept)
    punched = range(1, 2000, 2)
    script.write_text("".join(f"punch /sieve {n} {n}\n" for n in punched))
    run(["debugfs", "-w", "-f", script, f"{path}?offset={MIB}"])
    source.write_bytes(os.urandom(900 * 4096 - 5))
    with edit_image(path) as tree:
        tree.receive("/pieces", whole_file(source), Silent(), accept)
    judge(path, "ext4")
    with open_image(path) as tree:
        assert len(tree.ranges("/pieces").extents) > 340
        assert digest(tree.ranges("/pieces"), Silent()) == digest(whole_file(source), Silent())


@pytest.mark.parametrize("options", [["-b", "1024"], ["-b", "4096", "-O", "metadata_csum,64bit"], ["-b", "2048"]])
def test_ext4_that_others_made_is_read(tmp_path: Path, options: list[str]) -> None:
    """A disk that was prepared as a directory and then imaged."""
    path = tmp_path / "r.img"
    tree_on_host = tmp_path / "tree"
    (tree_on_host / "rocky9").mkdir(parents=True)
    data = os.urandom(3 * MIB + 7)
    (tree_on_host / "rocky9" / "x.iso").write_bytes(data)
    with path.open("wb") as file:
        file.truncate(32 * MIB)
    run(["mke2fs", "-q", "-t", "ext4", *options, "-d", tree_on_host, path])
    with open_image(path) as tree:
        assert digest(tree.ranges("/rocky9/x.iso"), Silent()) == hashlib.sha256(data).hexdigest()
        assert tree.read("/rocky9/x.iso", 5000) == data[:5000]
    before = path.read_bytes()
    if "metadata_csum,64bit" in options or run(["dumpe2fs", "-h", path]).text.count("metadata_csum"):
        with pytest.raises(InputError, match="metadata checksums"), edit_image(path):
            pass
    assert path.read_bytes() == before


def test_old_installers_get_old_features(tmp_path: Path) -> None:
    empty(tmp_path / "r.img", ext_features="^metadata_csum,^64bit")
    said = run(["dumpe2fs", "-h", f"{tmp_path / 'r.img'}?offset={MIB}"]).text
    features = next(line for line in said.splitlines() if line.startswith("Filesystem features"))
    assert not {"metadata_csum", "64bit", "orphan_file", "metadata_csum_seed"} & set(features.split())
    assert "extent" in features


@needs_root()
def test_xfs_has_only_features_that_old_kernels_read(tmp_path: Path) -> None:
    empty(tmp_path / "r.img", "xfs")
    part = tmp_path / "part"
    with (tmp_path / "r.img").open("rb") as file:
        file.seek(MIB)
        part.write_bytes(file.read(1 * MIB))
    versions = run(["xfs_db", "-r", "-f", "-c", "version", part], check=False).text
    assert "CRC" in versions
    newer = {"FINOBT", "RMAPBT", "REFLINK", "INOBTCNT", "BIGTIME", "NREXT64"}
    assert not newer & set(versions.replace(",", " ").split())


@pytest.mark.parametrize("fs", ["ext4", "vfat"])
def test_a_damaged_image_is_said_to_be_damaged(tmp_path: Path, fs: str) -> None:
    path = tmp_path / "r.img"
    make(path, fs, b"x" * 1_000_000, tmp_path / "source")
    whole = path.read_bytes()
    for start, length in ((MIB, 4 * MIB), (MIB + 2048, 64 * 1024), (0, MIB), (MIB + 512 * 1024, 3 * MIB)):
        path.write_bytes(whole[:start] + os.urandom(length) + whole[start + length :])
        try:
            with open_image(path) as tree:
                tree.free()
                for name, node in tree.nodes(["/rocky9", "/kickbuild"]).items():
                    if node.is_file and node.size < 10 * MIB:
                        tree.read(name, 1000)
                        digest(tree.ranges(name), Silent())
        except KickbuildError:
            pass


def test_an_image_that_somebody_else_made_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "r.img"
    new = NewImage(path=path, size=suggest_size(1, "ext4"), fs="ext4", label="", uuid=new_uuid("ext4"))
    with pytest.raises(RefusedError, match="made by somebody else meanwhile"), new_image(new):
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert [p.name for p in tmp_path.iterdir()] == ["r.img"]
