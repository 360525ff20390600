"""Boxes that rebuild themselves from a prepared drive, in QEMU with real boot loaders, firmware and kernel.

A stand-in takes the installer's place; everything before and around it is what a user has: the drive that ``kickbuild
prepare`` made, with its ks.cfg and guard, and the loader's configuration to which ``kickbuild entry append`` added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import naive
import pytest
from conftest import needs_boot_parts, needs_tools
from drive_watch import is_blank, read_file
from lab import IMAGES, SPARE, TARGET, Box, Lab, Loader, Played
from machine import Ending

from kickbuild.rehearse.machine import Bus

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.qemu,
    needs_tools("qemu-system-x86_64", "xorriso", "mke2fs", "debugfs", "e2fsck", "sfdisk", "mcopy"),
    needs_boot_parts(),
]

BIOS, UEFI, LEGACY = Loader.GRUB2_BIOS, Loader.GRUB2_UEFI, Loader.GRUB_LEGACY
#: Where the guard leaves its reason on the drive, and what it decided.
GUARD_LOG = "/kickbuild/web/last-refusal.log"
STATE = "/kickbuild/web/rebuild.state"
#: Where the last %post leaves the installer's logs.
LOGS = "/kickbuild/web/log/"
INSTALLED = ["STANDIN-FINISHED", "STANDIN-INSTALLED", "STANDIN-SOURCE", "STANDIN-STARTED"]
#: GRUB 2 clears its environment block of 1024 bytes, GRUB legacy writes the first sector of its default file.
SECTORS_OF_ONE_SHOT = 2


def require_installed(played: Played, after: str) -> None:
    """Exactly the target was written, the box went on to ``after``, and the image drive holds what it held."""
    transcript = played.run.transcript
    assert played.run.ending is Ending.POWERED_OFF, str(played.run)
    assert sorted(transcript.names[:-1]) == INSTALLED, str(played.run)
    assert transcript.names[-1] == after, str(played.run)
    assert transcript.one("STANDIN-INSTALLED")["serial"] == TARGET
    assert all(is_blank(disk) == (serial != TARGET) for serial, disk in played.blank)


def play_with_other_names(lab: Lab, box: Box, folder: Path) -> tuple[Played, Played]:
    """Play both orders of disks until the kernel's names differ between them: on a busy machine a scan of the buses
    may end in the same order twice.
    """
    for attempt in range(4):
        (folder / str(attempt)).mkdir()
        one, other = lab.play_in_both_orders(box, folder / str(attempt))
        if one.run.transcript.one("STANDIN-SOURCE")["device"] != other.run.transcript.one("STANDIN-SOURCE")["device"]:
            return one, other
    pytest.fail("the kernel called the drive the same in every order of disks: the order was not tried")


def require_home(played: Played) -> None:
    """The box came back to its old system by itself, and nothing was written to any of its disks."""
    assert played.run.ending is Ending.POWERED_OFF, str(played.run)
    assert played.run.transcript.names[-1] == "OLD-OS-REACHED", str(played.run)
    assert not played.run.transcript.all("STANDIN-INSTALLED"), str(played.run)
    assert played.old_changes() <= SECTORS_OF_ONE_SHOT
    assert all(is_blank(disk) for _, disk in played.blank)


def require_refused(played: Played, reason: str) -> None:
    """The guard said why, on the console and on the drive, which holds nothing else that is new; the box came home."""
    names = [name for name in played.run.transcript.names if name != "STANDIN-SOURCE"]
    assert names == ["STANDIN-STARTED", "OLD-OS-REACHED"], str(played.run)
    assert played.run.transcript.says(f"^kickbuild: - .*{reason}"), str(played.run)
    require_home(played)
    assert reason in read_file(played.drive, GUARD_LOG).decode()
    require_told(played, "refused")


def require_told(played: Played, outcome: str) -> None:
    """The drive tells how it ended, and holds nothing else that is new but logs."""
    assert f"\noutcome={outcome}\n" in read_file(played.drive, STATE).decode()
    before, after = played.drive_states()
    assert after.outside == before.outside
    told = {path for path in after.files if path in {GUARD_LOG, STATE} or path.startswith(LOGS)}
    assert {path: sha256 for path, sha256 in after.files.items() if path not in told} == before.files


@pytest.mark.parametrize(
    ("loader", "release", "find_by", "bus"),
    [(BIOS, 9, "uuid", Bus.VIRTIO), (LEGACY, 6, "label", Bus.IDE)],
    ids=["grub2", "grub-legacy"],
)
def test_a_box_reimages_its_own_disk_whatever_the_order_of_disks(
    lab: Lab, tmp_path: Path, loader: Loader, release: int, find_by: str, bus: Bus
) -> None:
    box = Box(loader=loader, release=release, find_by=find_by, bus=bus, old=TARGET)
    runs = play_with_other_names(lab, box, tmp_path)
    for played in runs:
        require_installed(played, "NEW-SYSTEM-REACHED")
        require_told(played, "installed")


def test_a_box_with_uefi_images_its_second_disk_and_boots_the_entry_once(lab: Lab, tmp_path: Path) -> None:
    box = Box(loader=UEFI, release=10, find_by="label", blank=(TARGET, SPARE))
    runs = play_with_other_names(lab, box, tmp_path)
    for played in runs:
        require_installed(played, "OLD-OS-REACHED")
        assert played.old_changes() <= SECTORS_OF_ONE_SHOT
        require_told(played, "installed")
        assert played.run.transcript.one("STANDIN-FINISHED")["drive"] == "ro"


def test_rhel_7_mounts_the_drive_writable_and_its_files_stay(lab: Lab, tmp_path: Path) -> None:
    box = Box(loader=BIOS, release=7, find_by="label", bus=Bus.SCSI, old=TARGET, images_first=True)
    played = lab.play(box, tmp_path)
    require_installed(played, "NEW-SYSTEM-REACHED")
    require_told(played, "installed")


@pytest.mark.parametrize(
    ("loader", "release", "find_by", "bus"),
    [(BIOS, 9, "uuid", Bus.VIRTIO), (UEFI, 10, "label", Bus.VIRTIO), (LEGACY, 6, "label", Bus.IDE)],
    ids=["grub2", "uefi", "grub-legacy"],
)
def test_without_its_target_a_box_comes_home(
    lab: Lab, tmp_path: Path, loader: Loader, release: int, find_by: str, bus: Bus
) -> None:
    played = lab.play(Box(loader=loader, release=release, find_by=find_by, bus=bus), tmp_path)
    require_refused(played, f"no disk is the one to erase: serial = {TARGET}")


@pytest.mark.parametrize(
    ("loader", "release", "find_by", "bus"),
    [(BIOS, 7, "label", Bus.SCSI), (LEGACY, 6, "label", Bus.IDE)],
    ids=["grub2", "grub-legacy"],
)
def test_with_two_disks_of_one_serial_a_box_comes_home(
    lab: Lab, tmp_path: Path, loader: Loader, release: int, find_by: str, bus: Bus
) -> None:
    box = Box(loader=loader, release=release, find_by=find_by, bus=bus, blank=(TARGET, TARGET))
    played = lab.play(box, tmp_path)
    require_refused(played, "2 disks could be the one to erase")


def test_the_image_drive_is_never_the_target(lab: Lab, tmp_path: Path) -> None:
    played = lab.play(Box(loader=BIOS, release=9, find_by="uuid", images=TARGET, images_first=True), tmp_path)
    require_refused(played, "the disk to erase, vda, is the rebuild drive itself")


def test_without_its_drive_a_box_comes_home(lab: Lab, tmp_path: Path) -> None:
    played = lab.play(Box(loader=BIOS, release=9, find_by="uuid", images=None), tmp_path)
    require_home(played)
    assert played.run.transcript.names == ["OLD-OS-REACHED"]


def test_naming_only_the_source_by_identity_wipes_the_image_drive(lab: Lab, tmp_path: Path) -> None:
    """What kickbuild is for: the same drive and box, with the kickstart that people write by hand.

    It also shows that these tests can see a drive being wiped.
    """
    by_half = lab.changed(lab.drive(9, "uuid"), tmp_path / "by-half.img", naive.BY_HALF)
    box = Box(loader=BIOS, release=9, find_by="uuid", old=TARGET, images_first=True)
    played = lab.play(box, tmp_path, by_half)
    assert played.run.transcript.one("STANDIN-INSTALLED")["serial"] == IMAGES, str(played.run)
    assert not played.drive_is_untouched()


def test_naming_both_ends_by_name_wipes_whatever_comes_first(lab: Lab, tmp_path: Path) -> None:
    """The way of 2012, in a box that got a disk more: its kickstart is still on vdb, and vda is somebody's data now."""
    box = Box(loader=LEGACY, release=6, find_by="label", old=SPARE, blank=(TARGET,))
    by_name = lab.changed(lab.drive(6, "label"), tmp_path / "by-name.img", naive.BY_NAME)
    for name, drive in (("theirs", by_name), ("ours", None)):
        (tmp_path / name).mkdir()
        played = lab.play(box, tmp_path / name, drive)
        wiped = SPARE if drive else TARGET
        assert played.run.transcript.one("STANDIN-INSTALLED")["serial"] == wiped, str(played.run)
