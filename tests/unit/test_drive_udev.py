"""Block devices from fake /sys trees: buses that name their disks differently, partitions, device-mapper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kickbuild.drive.udev import list_devices

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.drive.info import BlockDevice


class FakeSys:
    """A /sys of which each device is a directory, with the links that the kernel makes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "class" / "block").mkdir(parents=True)

    def add(self, path: str, *, number: str, sectors: int = 2048, **files: str | bytes) -> None:
        folder = self.root / "devices" / path
        folder.mkdir(parents=True)
        (self.root / "class" / "block" / folder.name).symlink_to(folder)
        for name, data in {"dev": number, "size": str(sectors), "removable": "0", "ro": "0", **files}.items():
            place = folder / name.replace("__", "/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data if isinstance(data, bytes) else f"{data}\n".encode())

    def devices(self, **properties: dict[str, str]) -> dict[str, BlockDevice]:
        return {d.name: d for d in list_devices(self.root, self.root / "dev", properties)}


@pytest.fixture
def sys(tmp_path: Path) -> FakeSys:
    return FakeSys(tmp_path)


def test_a_sata_disk_by_udev(sys: FakeSys) -> None:
    sys.add("pci/ata1/block/sda", number="8:0", device__model="QEMU HARDDISK   ")
    sys.add("pci/ata1/block/sda/sda1", number="8:1", sectors=1024, partition="1")
    found = sys.devices(
        sda={
            "USEC_INITIALIZED": "1",
            "ID_SERIAL": "QEMU_HARDDISK_PRIMARY0001",
            "ID_SERIAL_SHORT": "PRIMARY0001",
            "ID_WWN": "0x5000c500a1b2c3d4",
            "DEVLINKS": "/dev/disk/by-path/pci-0-ata-1 /dev/disk/by-id/wwn-0x5 /dev/disk/by-id/ata-QEMU",
        },
        sda1={"ID_FS_TYPE": "ext4", "ID_FS_UUID": "u", "ID_FS_LABEL": "MY_DISK", "ID_FS_LABEL_ENC": r"MY\x20DISK"},
    )
    disk, part = found["sda"], found["sda1"]
    assert (disk.serial, disk.wwn, disk.model) == ("PRIMARY0001", "0x5000c500a1b2c3d4", "QEMU HARDDISK")
    assert disk.serials == ("PRIMARY0001", "QEMU_HARDDISK_PRIMARY0001")
    assert (disk.by_id, disk.by_path) == (("ata-QEMU", "wwn-0x5"), ("pci-0-ata-1",))
    assert (disk.size, disk.is_disk, disk.parent) == (1024**2, True, "")
    assert (part.parent, part.is_disk, part.fs_label, part.fs_uuid) == ("sda", False, "MY DISK", "u")


def test_a_scsi_disk_has_two_serial_numbers(sys: FakeSys) -> None:
    sys.add("pci/host0/block/sdb", number="8:16", device__vpd_pg80=b"\0\x80\0\x0a  SERIAL80\0")
    properties = {"ID_SERIAL": "35000c500", "ID_SERIAL_SHORT": "5000c500", "ID_SCSI_SERIAL": "SERIAL80"}
    assert sys.devices(sdb=properties)["sdb"].serials == ("SERIAL80", "5000c500", "35000c500")
    assert sys.devices()["sdb"].serials == ("SERIAL80",)


def test_virtio_and_nvme_without_udev(sys: FakeSys) -> None:
    sys.add("pci/virtio1/block/vda", number="254:0", serial="VIRTIO1")
    sys.add("pci/nvme/nvme0/nvme0n1", number="259:0", device__serial="NVME1   ", wwid="eui.0025385b", device__model="X")
    sys.add("pci/nvme/nvme0/nvme0n1/nvme0n1p1", number="259:1", partition="1")
    found = sys.devices()
    assert found["vda"].serial == "VIRTIO1"
    assert (found["nvme0n1"].serial, found["nvme0n1"].wwn) == ("NVME1", "eui.0025385b")
    assert found["nvme0n1p1"].parent == "nvme0n1"


def test_mapped_devices_and_what_is_no_disk(sys: FakeSys) -> None:
    sys.add("virtual/block/dm-0", number="253:0", slaves__sda2="")
    sys.add("virtual/block/loop0", number="7:0")
    sys.add("pci/usb/block/sdc", number="8:32", sectors=0, removable="1", ro="1")
    found = sys.devices()
    assert found["dm-0"].members == ("sda2",)
    assert [d.is_disk for d in found.values()] == [False, False, False]
    assert (found["sdc"].removable, found["sdc"].read_only) == (True, True)


def test_no_sys_at_all(tmp_path: Path) -> None:
    assert list_devices(tmp_path / "absent", tmp_path, {}) == ()


def test_this_machine() -> None:
    devices = list_devices()
    assert len({device.name for device in devices}) == len(devices)
    assert all(device.number.count(":") == 1 for device in devices)
