"""Reasons to refuse a drive: each alone, and all at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kickbuild.drive.guard import (
    Need,
    device_refusals,
    filesystem_refusals,
    mount_refusals,
    plain_wwn,
    same_disk,
    space_refusal,
)
from kickbuild.drive.info import BlockDevice, Mount
from kickbuild.drive.ref import RefKind
from kickbuild.drive.tree import Filesystem
from kickbuild.profile.model import Target
from kickbuild.releases.find import parse_release

UUID = "3bde0ee8-e6a9-4960-94e6-3fd6e3149de6"
EXT4 = Filesystem("ext4", UUID, "REBUILD")
SDB = BlockDevice(name="sdb", number="8:16", size=10**11, serial="IMAGE1", wwn="0x5000c500a1b2c3d4", by_id=("ata-X",))
SDB1 = BlockDevice(
    name="sdb1", number="8:17", size=10**11, parent="sdb", fs_type="ext4", fs_uuid=UUID, fs_label="REBUILD"
)
SDA = BlockDevice(name="sda", number="8:0", size=10**11, serial="TARGET1")


def need(release: str = "rocky9.4", find_by: RefKind = RefKind.UUID, label: str = "", largest: int = 10**9) -> Need:
    return Need(
        name="web",
        find_by=find_by,
        label=label,
        can=parse_release(release).can,
        target=Target(serial="TARGET1"),
        largest=largest,
    )


def test_a_good_drive() -> None:
    assert filesystem_refusals(EXT4, [need()], "/mnt") == []
    assert device_refusals(SDB1, [SDA, SDB, SDB1], [need()], "/mnt") == []


@pytest.mark.parametrize(
    ("filesystem", "wanted", "says"),
    [
        (replace(EXT4, type="btrfs"), need(), "filesystem btrfs"),
        (replace(EXT4, type=""), need(), "filesystem (none)"),
        (replace(EXT4, label="OEMDRV"), need(), "meaning of its own"),
        (replace(EXT4, label="oemdrv"), need(), "meaning of its own"),
        (replace(EXT4, label="MY DISK"), need(find_by=RefKind.LABEL), "two stages read differently"),
        (replace(EXT4, label=""), need(find_by=RefKind.LABEL), "two stages read differently"),
        (replace(EXT4, label="OTHER"), need(find_by=RefKind.LABEL, label="REBUILD"), "has the label OTHER"),
        (replace(EXT4, uuid=""), need(), "has no UUID"),
        (Filesystem("vfat", "1234-ABCD", "REBUILD"), need(largest=5 * 1024**3), "vfat holds none above 4 GiB"),
        (Filesystem("vfat", "1234-ABCD", ""), need(label="TWELVE-CHARS"), "more than the 11 bytes"),
        (Filesystem("xfs", UUID, ""), need(label="THIRTEEN-CHAR"), "more than the 12 bytes"),
    ],
)
def test_filesystems(filesystem: Filesystem, wanted: Need, says: str) -> None:
    found = filesystem_refusals(filesystem, [wanted], "/mnt")
    assert [says in problem.message for problem in found] == [True]


def test_all_at_once() -> None:
    found = filesystem_refusals(Filesystem("btrfs", "", "OEMDRV"), [need()], "/mnt")
    assert len(found) == 3


@pytest.mark.parametrize(
    ("target", "same"),
    [
        (Target(serial="IMAGE1"), True),
        (Target(serial="TARGET1"), False),
        (Target(wwn="5000C500A1B2C3D4"), True),
        (Target(by_id="ata-X"), True),
        (Target(by_id="/dev/disk/by-id/ata-X"), True),
        (Target(serial="IMAGE1", wwn="0x1"), False),
        (Target(model="anything"), False),
        (Target(only_other_disk=True), False),
    ],
)
def test_the_target_is_not_the_drive(target: Target, same: bool) -> None:
    assert same_disk(target, SDB) is same
    found = device_refusals(SDB1, [SDA, SDB, SDB1], [replace(need(), target=target)], "/mnt")
    assert bool(found) is same
    assert not same or "drive's own disk" in found[0].message


def test_a_second_filesystem_with_the_same_name() -> None:
    twin = replace(SDB1, name="sdc1", number="8:33", parent="sdc")
    found = device_refusals(SDB1, [SDB, SDB1, twin], [need()], "/mnt")
    assert [p.message for p in found] == [f"UUID={UUID} is carried by /dev/sdb1 (/mnt) and by /dev/sdc1"]
    same_label = replace(twin, fs_uuid="another")
    assert device_refusals(SDB1, [SDB, SDB1, same_label], [need()], "/mnt") == []
    assert device_refusals(SDB1, [SDB, SDB1, same_label], [need(find_by=RefKind.LABEL)], "/mnt")


def test_raid_lvm_and_luks() -> None:
    mapped = BlockDevice(name="dm-0", number="253:0", size=10**10, members=("sdb1",), fs_type="ext4", fs_uuid=UUID)
    found = device_refusals(mapped, [SDB, replace(SDB1, fs_type="LVM2_member", fs_uuid="x"), mapped], [need()], "/mnt")
    assert ["LVM, RAID or LUKS" in problem.message for problem in found] == [True]
    own = replace(need(), target=Target(serial="IMAGE1"))
    assert len(device_refusals(mapped, [SDB, replace(SDB1, fs_uuid="x"), mapped], [own], "/mnt")) == 2


def test_a_hybrid_iso_underneath() -> None:
    found = device_refusals(SDB1, [replace(SDB, fs_type="iso9660"), SDB1], [need()], "/mnt")
    assert ["carries an ISO" in problem.message for problem in found] == [True]


@pytest.mark.parametrize(
    ("fs_type", "source", "root", "options", "says"),
    [
        ("nfs4", "server:/x", "/", "rw", "on the network"),
        ("tmpfs", "tmpfs", "/", "rw", "no disk that could be plugged"),
        ("overlay", "overlay", "/", "rw", "no disk that could be plugged"),
        ("ext4", "/dev/sdb1", "/sub", "rw", "not the top of its filesystem"),
        ("ext4", "/dev/sdb1", "/", "ro", "read-only"),
    ],
)
def test_mounts(fs_type: str, source: str, root: str, options: str, says: str) -> None:
    mount = Mount(point="/mnt", root=root, number="8:17", fs_type=fs_type, source=source, options=frozenset({options}))
    assert [says in problem.message for problem in mount_refusals(mount, "/mnt")] == [True]


def test_space() -> None:
    assert space_refusal(5, 5, "/mnt") == []
    assert "has 4 B free, and 5 B are to be written" in space_refusal(5, 4, "/mnt")[0].message


@pytest.mark.parametrize("text", ["0x5000C5", "wwn-0x5000c5", "naa.5000c5", "5000c5 "])
def test_wwn_forms(text: str) -> None:
    assert plain_wwn(text) == "5000c5"
