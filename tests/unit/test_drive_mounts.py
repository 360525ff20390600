"""Mounts: the kernel's table, whatever is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.drive.info import BlockDevice, Mount
from kickbuild.drive.mounts import known_filesystem, mount_of, parse_mountinfo, read_mounts
from kickbuild.drive.tree import Filesystem
from kickbuild.errors import InputError, LackingError

if TYPE_CHECKING:
    from pathlib import Path


def escaped(text: str) -> str:
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in text)


NAMES = st.text(st.characters(exclude_characters="\0"))


@given(point=NAMES, root=NAMES, source=NAMES)
def test_blanks_and_backslashes_are_octal(point: str, root: str, source: str) -> None:
    text = f"36 35 98:0 {escaped('/' + root)} {escaped('/' + point)} rw,noatime master:1 - ext3 {escaped(source)} rw\n"
    (mount,) = parse_mountinfo(text)
    assert (mount.point, mount.root, mount.source) == (f"/{point}", f"/{root}", source)
    assert (mount.id, mount.number, mount.fs_type, mount.read_only) == (36, "98:0", "ext3", False)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    parse_mountinfo(text)


BTRFS = "60 1 0:45 /@home /home rw shared:1 - btrfs /dev/sda2 rw,subvol=/@home\n"
OVERLAY = "61 1 0:50 / / rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/c\n"


def test_subvolumes_and_overlays() -> None:
    home, root = parse_mountinfo(BTRFS + OVERLAY)
    assert (home.root, home.source) == ("/@home", "/dev/sda2")
    assert (root.fs_type, root.source) == ("overlay", "overlay")


def test_a_mount_that_is_hidden_by_another_is_not_taken(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    table = list(read_mounts())
    (real,) = [mount for mount in table if mount == mount_of(below, table)]
    hidden = parse_mountinfo(f"999999 1 9:9 / {below} rw - ext4 /dev/hidden rw\n")
    assert mount_of(below, [*table, *hidden]) == real


def test_without_the_kernels_number_the_longest_path_wins(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    mounts = parse_mountinfo(
        "999990 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"999991 1 8:2 / {tmp_path} rw - ext4 /dev/sda2 rw\n"
        f"999992 1 8:3 / {tmp_path}/a rw - ext4 /dev/sda3 rw\n"
        f"999993 1 8:4 / {tmp_path} rw - ext4 /dev/sda4 rw\n"
    )
    assert mount_of(tmp_path / "ab", mounts).number == "8:4"
    with pytest.raises(LackingError):
        mount_of(tmp_path, ())


def test_links_are_resolved_and_loops_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "loop").symlink_to("loop")
    table = read_mounts()
    assert mount_of(tmp_path / "link", table) == mount_of(tmp_path, table)
    with pytest.raises(InputError):
        mount_of(tmp_path / "loop", table)


def test_no_proc(tmp_path: Path) -> None:
    with pytest.raises(LackingError, match="cannot be read"):
        read_mounts(tmp_path)


def test_what_only_root_may_know() -> None:
    mount = Mount(point="/mnt", root="/", number="8:17", fs_type="ext4", source="/dev/sdb1")
    unread = BlockDevice(name="sdb1", number="8:17", size=1)
    known = BlockDevice(name="sdb1", number="8:17", size=1, fs_type="ext4", fs_uuid="u", fs_label="l")
    assert known_filesystem(mount, known, is_root=False) == Filesystem("ext4", "u", "l")
    assert known_filesystem(mount, None, is_root=False) == Filesystem("ext4", "", "")
    assert known_filesystem(mount, unread, is_root=True) == Filesystem("ext4", "", "")
    with pytest.raises(LackingError, match="cannot be read by this user"):
        known_filesystem(mount, unread, is_root=False)
