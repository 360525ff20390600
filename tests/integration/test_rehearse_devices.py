"""What can be rehearsed besides an image file: block devices, partitions, other filesystems; each is only read."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command import kickbuild
from conftest import needs_root, needs_tools
from rehearsed import TOOLS, fake_qemu, make_drive, pids

from kickbuild.progress import Silent
from kickbuild.rehearse.change import drive_change
from kickbuild.rehearse.drive import read_drive, read_file, read_whole
from kickbuild.rehearse.scratch import workplace
from kickbuild.run import run
from kickbuild.units import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.rehearse.drive import Drive
    from kickbuild.rehearse.scratch import Workplace

pytestmark = [needs_tools(*TOOLS, "e2image", "losetup", "mkfs.xfs", "mkfs.vfat"), needs_root(), pytest.mark.root]


@contextlib.contextmanager
def loop_device(image: Path, *options: str) -> Iterator[Path]:
    device = Path(run(["losetup", "--find", "--show", *options, image]).text.strip())
    try:
        yield device
    finally:
        run(["losetup", "--detach", device])


def drive_of(place: Path, kind: str) -> Path:
    """Return the image of a drive with that filesystem."""
    ext4 = make_drive(place)
    if kind == "ext4":
        return ext4
    image = place / f"{kind}.img"
    done = kickbuild("prepare", place / "web.toml", "--image", image, "--fs", kind)
    assert done.code == 0, done.err
    return image


def after_a_write(read: Drive, place: Workplace, at: int) -> object:
    overlay = place.overlay(read.base)
    run(["qemu-io", "-f", "qcow2", "-c", f"write -q -P 0x55 {at} 512", overlay])
    return drive_change(read, overlay, place, "web")[1]


@pytest.mark.parametrize("kind", ["ext4", "xfs", "vfat"])
def test_a_block_device_is_read_as_its_image_is(tmp_path: Path, kind: str) -> None:
    """A whole disk, one that is read-only, and a partition, which has no table."""
    image = drive_of(tmp_path, kind)
    before = hashlib.sha256(image.read_bytes()).digest()
    with workplace(tmp_path) as place, contextlib.ExitStack() as stack:
        of_image = read_drive(image, place, Silent())
        offset = ["--offset", str(of_image.offset)]
        for options in ([], ["--read-only"], offset):
            device = stack.enter_context(loop_device(image, *options))
            read = read_drive(device, place, Silent())
            shift = of_image.offset - read.offset
            assert read.size == of_image.size - shift
            assert read.nodes == of_image.nodes
            for path in ("/kickbuild/web/ks.cfg", *(p for p in read.files if p.endswith("initrd.img"))):
                assert read_whole(read, path) == read_file(read, path, 1 << 30)
            # A sector of no file: the filesystem's last one.
            change = after_a_write(read, place, read.size - MIB - 512)
            assert change == after_a_write(of_image, place, of_image.size - MIB - 512)
            kickstart = read.files["/kickbuild/web/ks.cfg"][0].start
            assert "holds other bytes" in str(after_a_write(read, place, kickstart))
    assert hashlib.sha256(image.read_bytes()).digest() == before


def test_what_is_looked_at_afterwards_needs_no_room_for_the_disk(tmp_path: Path) -> None:
    """A disk holds what was once on it; nothing of that is copied."""
    drive_of(tmp_path, "ext4")
    image, small, junk = tmp_path / "large.img", tmp_path / "small", tmp_path / "junk"
    assert kickbuild("prepare", tmp_path / "web.toml", "--image", image, "--size", "256MiB").code == 0
    small.mkdir()
    junk.write_bytes(os.urandom(64 * MIB))
    for command in (f"write {junk} junk", "rm junk"):
        run(["debugfs", "-w", "-R", command, f"{image}?offset={MIB}"])
    run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", small])
    try:
        with workplace(small) as place:
            read = read_drive(image, place, Silent())
            assert "damage=()" in str(after_a_write(read, place, read.size - MIB - 512))
    finally:
        run(["umount", small])


def test_a_device_that_is_mounted_writable_is_refused(tmp_path: Path) -> None:
    image = drive_of(tmp_path, "ext4")
    point, path = tmp_path / "mnt", fake_qemu(tmp_path / "bin", "sys.exit('played')")
    point.mkdir()
    with workplace(tmp_path) as place:
        offset = read_drive(image, place, Silent()).offset
    with loop_device(image, "--offset", str(offset)) as device:
        run(["mount", device, point])
        try:
            done = kickbuild("rehearse", device, "--accel", "tcg", "--scenario", "normal", PATH=path)
            assert done.code == 5, done.err
            assert str(point) in done.err
            assert pids(tmp_path / "bin") == []
            mounted = kickbuild("rehearse", point, "--accel", "tcg", "--scenario", "normal", PATH=path)
            assert mounted.code == 7, mounted.err
        finally:
            run(["umount", point])
