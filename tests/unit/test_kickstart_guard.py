"""The guard as a program: under every shell, on made-up machines."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from conftest import needs_tools
from guard_box import DIGEST, ID, LINES, SHELLS, UUID, Box, Disk
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kickbuild import __version__, resources
from kickbuild.drive.ref import RefKind
from kickbuild.profile.model import Target

pytestmark = needs_tools("dash", "bash", "busybox")
SERIAL = Target(serial="TARGET1")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A box with its system disk sda and the image drive sdb."""
    box = Box(tmp_path)
    box.add(Disk("sda", serial="TARGET1", model="SUPER DISK", links=("by-id/ata-SUPER_DISK_TARGET1",)))
    box.add(Disk("sdb", serial="IMAGE1", partitions=("sdb1",)))
    box.image("sdb1")
    box.fill_drive()
    return box


def refused(box: Box, target: Target, says: str, **options: object) -> None:
    """Expect a refusal that says so, writes nothing and goes home."""
    result = box.run(target, **options)  # type: ignore[arg-type]
    assert says in result.output, result.output
    assert "NOTHING WAS WRITTEN" in result.output
    assert result.include is None
    assert result.rebooted
    assert result.code != 0
    assert says in (box.root / "dev" / "console").read_text()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("by", list(RefKind))
def test_the_one_disk(box: Box, shell: str, by: RefKind) -> None:
    result = box.run(SERIAL, shell=shell, by=by)
    assert result.include == (
        "clearpart --all --initlabel --drives=disk/by-id/ata-SUPER_DISK_TARGET1\n"
        "part biosboot --ondisk=disk/by-id/ata-SUPER_DISK_TARGET1\n"
    ), result.output
    assert result.code == 0
    assert not result.rebooted
    assert "this disk will be erased: sda" in result.output


@pytest.mark.parametrize("shell", SHELLS)
def test_the_names_swapped(tmp_path: Path, shell: str) -> None:
    box = Box(tmp_path)
    box.add(Disk("sda", serial="IMAGE1", partitions=("sda1",)))
    box.add(Disk("sdb", serial="TARGET1"))
    box.add(Disk("sdc", serial="DATA1"))
    box.image("sda1")
    box.fill_drive()
    result = box.run(SERIAL, shell=shell)
    assert result.include == (
        "ignoredisk --drives=sdc\nclearpart --all --initlabel --drives=sdb\npart biosboot --ondisk=sdb\n"
    ), result.output


@pytest.mark.parametrize("shell", SHELLS)
def test_twins_share_one_link(box: Box, shell: str) -> None:
    box.add(Disk("sdc", serial="TARGET1", links=("by-id/ata-SUPER_DISK_TARGET1",)))
    refused(box, SERIAL, "2 disks could be the one to erase (sda sdc)", shell=shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_twins_behind_a_by_id_link(box: Box, shell: str) -> None:
    box.add(Disk("sdc", serial="TARGET1", links=("by-id/ata-SUPER_DISK_TARGET1",)))
    refused(box, Target(by_id="ata-SUPER_DISK_TARGET1"), "two disks bear the serial TARGET1", shell=shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_no_such_disk(box: Box, shell: str) -> None:
    refused(box, Target(serial="ABSENT"), "no disk is the one to erase: serial = ABSENT", shell=shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_image_drive_is_sacrosanct(box: Box, shell: str) -> None:
    refused(box, Target(serial="IMAGE1"), "sdb, is the rebuild drive itself", shell=shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_without_the_drive_nothing_is_known(tmp_path: Path, shell: str) -> None:
    box = Box(tmp_path)
    box.add(Disk("sda", serial="TARGET1"))
    refused(box, SERIAL, f"no filesystem carries UUID={UUID}", shell=shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_reason_at_once(box: Box, shell: str) -> None:
    box.fill_drive(digest="other")
    result = box.run(Target(serial="ABSENT"), shell=shell, firmware="uefi")
    assert result.output.count("kickbuild: - ") == 3, result.output


def test_a_clone_of_the_drive(box: Box) -> None:
    box.add(Disk("sdc", serial="IMAGE2", partitions=("sdc1",)))
    box.image("sdc1")
    refused(box, SERIAL, f"2 filesystems carry UUID={UUID}: sdb1 sdc1")
    refused(box, SERIAL, "2 filesystems carry LABEL=REBUILD", by=RefKind.LABEL)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (Target(serial="TARGET1", min_size="101GiB"), "fewer than the"),
        (Target(serial="TARGET1", max_size="99GiB"), "more than the"),
        (Target(serial="TARGET1", model="OTHER"), "no disk is the one"),
        (Target(serial="TARGET1", by_path="pci-1"), "no disk is the one"),
    ],
)
def test_every_key_must_hold(box: Box, target: Target, says: str) -> None:
    refused(box, target, says)


@pytest.mark.parametrize(
    "target",
    [
        Target(serial="TARGET1", min_size="100GiB", max_size="100GiB"),
        Target(model="SUPER DISK"),
        Target(model="SUPER_DISK", serial="TARGET1"),
        Target(by_id="ata-SUPER_DISK_TARGET1"),
        Target(only_other_disk=True),
    ],
)
def test_keys_that_hold(box: Box, target: Target) -> None:
    assert box.run(target).include is not None


@pytest.mark.parametrize(
    "given", ["0x5000c500a1b2c3d4", "naa.5000c500a1b2c3d4", "5000C500A1B2C3D4", "wwn-0x5000c500a1b2c3d4"]
)
@pytest.mark.parametrize("place", ["sysfs", "udev"])
def test_wwn(tmp_path: Path, given: str, place: str) -> None:
    box = Box(tmp_path)
    wwn = "0x5000c500a1b2c3d4"
    disk = Disk("sda", wwn="naa.5000c500a1b2c3d4") if place == "sysfs" else Disk("sda", properties={"ID_WWN": wwn})
    disk.links = ("by-id/ata-X", f"by-id/wwn-{wwn}", "by-id/wwn-other-part1")
    box.add(disk)
    box.add(Disk("sdb", partitions=("sdb1",)))
    box.image("sdb1")
    box.fill_drive()
    include = box.run(Target(wwn=given)).include
    assert include is not None
    assert f"--drives=disk/by-id/wwn-{wwn}\n" in include


def test_read_only_target(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.add(Disk("sda", serial="TARGET1", read_only=True))
    box.add(Disk("sdb", partitions=("sdb1",)))
    box.image("sdb1")
    box.fill_drive()
    refused(box, SERIAL, "read-only")


def test_a_mounted_target(box: Box) -> None:
    (box.root / "sys" / "block" / "sda" / "sda1").mkdir()
    box.mounts.append("/dev/sda1 /mnt/data ext4 rw 0 0")
    refused(box, SERIAL, "in use: sda1 is mounted on /mnt/data")


def test_firmware(box: Box) -> None:
    refused(box, SERIAL, "for boxes that boot by uefi", firmware="uefi")
    assert box.run(SERIAL, firmware="bios").code == 0
    (box.root / "sys" / "firmware" / "efi").mkdir(parents=True)
    assert "part /boot/efi" in (box.run(SERIAL).include or "")
    assert "biosboot" not in (box.run(SERIAL).include or "")


def test_other_disks(box: Box) -> None:
    box.add(Disk("sdc", serial="DATA"))
    box.add(Disk("cciss/c0d0", serial="DATA2"))
    box.add(Disk("sr0"))
    box.add(Disk("sdz", gib=0))
    refused(box, Target(only_other_disk=True), "there are 3 disks besides the rebuild drive")
    box2 = box.run(SERIAL)
    assert "ignoredisk --drives=cciss/c0d0,sdc\n" in (box2.include or "")


@pytest.mark.parametrize("absent", [{"blkid"}, {"udevadm"}, {"blkid", "udevadm"}], ids=str)
def test_missing_programs(box: Box, absent: set[str]) -> None:
    """Without blkid the links serve; without udevadm sysfs does."""
    assert box.run(SERIAL, absent=absent).include is not None


@pytest.mark.parametrize(
    ("disk", "partition", "target"),
    [
        ("nvme1n1", "nvme1n1p1", "nvme0n1"),
        ("mmcblk1", "mmcblk1p1", "mmcblk0"),
        ("vdb", "vdb1", "vda"),
        ("cciss/c0d1", "cciss/c0d1p1", "cciss/c0d0"),
        ("xvdb", "xvdb", "xvda"),
    ],
    ids=str,
)
def test_names_of_all_kinds(tmp_path: Path, disk: str, partition: str, target: str) -> None:
    box = Box(tmp_path)
    box.add(Disk(target, serial="TARGET1"))
    box.add(Disk(disk, serial="IMAGE1", partitions=(partition,) if partition != disk else ()))
    box.image(partition)
    box.fill_drive()
    assert f"--drives={target}\n" in (box.run(SERIAL).include or "")
    (tmp_path / "tmp" / "kickbuild-storage.ks").unlink()
    refused(box, Target(serial="IMAGE1"), "is the rebuild drive itself")


def test_what_bears_a_disks_serial_and_is_none(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.add(Disk("mmcblk0", serial="TARGET1"))
    box.add(Disk("mmcblk0boot0", serial="TARGET1"))
    box.add(Disk("nvme0c1n1", serial="TARGET1"))
    (box.root / "sys" / "block" / "nvme0c1n1" / "hidden").write_text("1\n")
    box.add(Disk("sdb", partitions=("sdb1",)))
    box.image("sdb1")
    box.fill_drive()
    assert "--drives=mmcblk0\n" in (box.run(SERIAL).include or "")


def test_a_drive_on_device_mapper(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.add(Disk("sda", serial="TARGET1"))
    box.add(Disk("sdb", serial="IMAGE1", partitions=("sdb2",)))
    mapped = box.add(Disk("dm-0"))
    slaves = box.root / "sys" / "block" / mapped.name / "slaves"
    slaves.mkdir()
    (slaves / "sdb2").touch()
    box.image("dm-0")
    box.fill_drive()
    assert box.run(SERIAL).code == 0
    (box.root / "tmp" / "kickbuild-storage.ks").unlink()
    refused(box, Target(serial="IMAGE1"), "is the rebuild drive itself")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_manifest_must_match(box: Box, shell: str) -> None:
    box.fill_drive(digest="e" * 64)
    refused(box, SERIAL, "does not know this version of the profile web", shell=shell)
    box.fill_drive(recorded=1)
    refused(box, SERIAL, "does not know the ISO", shell=shell)
    box.fill_drive(ks=b"another\n")
    refused(box, SERIAL, "ks.cfg on the drive is not the one", shell=shell)
    box.fill_drive()
    (box.drive / "rocky9" / "x.iso").write_bytes(b"short")
    refused(box, SERIAL, "has 5 bytes instead of 12345", shell=shell)
    (box.drive / "kickbuild" / "manifest.json").unlink()
    refused(box, SERIAL, "has no manifest", shell=shell)


def test_the_installers_own_mount_is_used(box: Box) -> None:
    box.program("mount", "exit 32")
    box.mounts.append("/dev/loop0 /run/install/repo iso9660 ro 0 0")
    assert box.run(SERIAL).code == 0
    (box.root / "tmp" / "kickbuild-storage.ks").unlink()
    refused(box, Target(serial="ABSENT"), "no disk is the one to erase")
    log = box.drive / "kickbuild" / "web" / "last-refusal.log"
    assert "no disk is the one to erase" in log.read_text()


@pytest.mark.parametrize("shell", SHELLS[:3])
@pytest.mark.parametrize("release", ["rhel6", "rocky9"])
def test_an_installer_that_mounted_nothing(box: Box, shell: str, release: str) -> None:
    """RHEL 6 has the drive not mounted while %pre runs; busybox has a mount of its own and is left out."""
    box.mounts.clear()
    assert box.run(SERIAL, shell=shell, release=release).code == 0
    assert (box.root / "tmp" / "kickbuild-drive").is_dir()


def test_the_installer_reads_another_drive(box: Box) -> None:
    box.add(Disk("sdc", partitions=("sdc1",)))
    box.mounts[0] = "/dev/sdc1 /run/install/isodir ext4 ro 0 0"
    refused(box, SERIAL, "the installer reads sdc1, which is not the drive")


def test_a_drive_that_cannot_be_mounted(box: Box) -> None:
    box.mounts.clear()
    box.program("mount", "exit 32")
    refused(box, SERIAL, "cannot be mounted")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("broken", ["tmp", "sys"])
def test_what_breaks_the_guard_sends_the_box_home(box: Box, shell: str, broken: str) -> None:
    if broken == "tmp":
        shutil.rmtree(box.root / "tmp")
        (box.root / "tmp").write_text("no directory")
    else:
        shutil.rmtree(box.root / "sys")
    result = box.run(SERIAL, shell=shell)
    assert result.rebooted, result.output
    assert result.include is None


@pytest.mark.parametrize("shell", SHELLS[:3])
def test_a_signal_sends_the_box_home(box: Box, shell: str) -> None:
    """busybox has a mount of its own, which sends no signals."""
    box.mounts.clear()
    box.program("mount", "kill -TERM $PPID; sleep 1")
    result = box.run(SERIAL, shell=shell)
    assert result.rebooted
    assert result.include is None
    assert "signal" in result.output


@pytest.mark.parametrize("shell", SHELLS)
def test_odd_names(tmp_path: Path, shell: str) -> None:
    odd = 'it\'s "odd" $HOME `id` \\n é *'
    box = Box(tmp_path)
    box.add(Disk("sda", serial=odd, model=odd))
    box.add(Disk("sdc", serial="it's"))
    box.add(Disk("sdb", partitions=("sdb1",)))
    box.image("sdb1")
    box.fill_drive()
    result = box.run(Target(serial=odd, model=odd), shell=shell)
    assert result.include is not None, result.output
    assert "--drives=sda\n" in result.include


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(mine="\xa0", other="0", shell="dash")
@example(mine="a\xa0", other="a", shell="bash")
@given(mine=TEXT, other=TEXT, shell=st.sampled_from(SHELLS))
def test_any_text_matches_itself_and_runs_nothing(mine: str, other: str, shell: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        box = Box(Path(name) / "box")
        box.add(Disk("sda", serial=mine))
        box.add(Disk("sdc", serial=other))
        box.add(Disk("sdb", partitions=("sdb1",)))
        box.image("sdb1")
        box.fill_drive()
        if not mine.strip():
            with pytest.raises(ValueError, match="serial is blank"):
                Target(serial=mine)
            return
        result = box.run(Target(serial=mine), shell=shell)
        if mine.strip(" \t") == other.strip(" \t"):
            assert result.include is None
        else:
            assert result.include is not None, result.output
            assert "--drives=sda\n" in result.include
        assert sorted(p.name for p in box.root.iterdir() if p.name == "HOME") == []


def test_storage_lines_pass_through_any_shell(box: Box) -> None:
    line = "bootloader --password='a b' --append=\"x $y `z`\" \\ # @TARGET@ é"
    include = box.run(SERIAL, lines=(("", line), *LINES)).include
    assert include is not None
    assert include.splitlines()[0] == line.replace("@TARGET@", "disk/by-id/ata-SUPER_DISK_TARGET1")


def _twins(tmp_path: Path, twin: str) -> Box:
    """Two disks of different serials and one WWN, as cheap ones have it: udev gives one of them the link."""
    box = Box(tmp_path)
    names = "/dev/disk/by-id/wwn-0x5 /dev/disk/by-path/{}"
    for name in ("sda", twin):
        links = ("by-id/wwn-0x5", f"by-path/{name}")
        box.add(Disk(name, serial=f"SERIAL-{name}", properties={"DEVLINKS": names.format(name)}, links=links))
    box.link("by-id/wwn-0x5", "sda")
    if twin != "sdb":
        box.add(Disk("sdb", partitions=("sdb1",)))
        box.image("sdb1")
    else:
        (box.root / "sys" / "block" / "sdb" / "sdb1").mkdir()
        (box.root / "dev" / "sdb1").touch()
        box.image("sdb1")
    box.fill_drive()
    return box


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("twin", ["sdb", "sdc"])
def test_a_link_that_two_disks_claim_names_neither(tmp_path: Path, shell: str, twin: str) -> None:
    """The installer asks udev which disks have a link, and erases all of them: blivet, udev.resolve_glob."""
    box = _twins(tmp_path, twin)
    include = box.run(Target(serial="SERIAL-sda"), shell=shell).include or ""
    assert "clearpart --all --initlabel --drives=sda\n" in include
    assert "by-id" not in include
    (tmp_path / "tmp" / "kickbuild-storage.ks").unlink()
    refused(box, Target(by_id="wwn-0x5"), f"two disks claim the link by-id/wwn-0x5: sda and {twin}", shell=shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_twins_of_one_wwn_where_udev_cannot_be_asked(box: Box, shell: str) -> None:
    box.add(Disk("sdc", serial="S3", wwn="naa.5000c500a1b2c3d4"))
    box.add(Disk("sdd", serial="S4", wwn="naa.5000c500a1b2c3d4", links=("by-id/wwn-0x5000c500a1b2c3d4",)))
    says = "two disks bear the name wwn-0x5000c500a1b2c3d4"
    refused(box, Target(by_id="wwn-0x5000c500a1b2c3d4"), says, shell=shell, absent={"udevadm"})


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_built_on_the_target_and_another_disk(box: Box, shell: str) -> None:
    """An array, a volume or a multipath map that is erased with the target is erased on the other disk as well."""
    box.add(Disk("sdc", serial="DATA"))
    slaves = box.root / "sys" / "block" / box.add(Disk("md127")).name / "slaves"
    slaves.mkdir()
    (slaves / "sda").touch()
    assert box.run(SERIAL, shell=shell).code == 0
    (box.root / "tmp" / "kickbuild-storage.ks").unlink()
    (slaves / "sdc").touch()
    refused(box, SERIAL, "md127 lies on the disk to erase, sda, and on sdc", shell=shell)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("size", ["", "100 000", "x\n"])
def test_a_disk_that_changes_under_its_eyes(box: Box, shell: str, size: str) -> None:
    """An error in one step ends that step alone in bash; it must not pass for consent."""
    file = box.root / "sys" / "block" / "sda" / "size"
    box.program("cat", f"case $1 in *udev-sda) printf '{size}' >{file} ;; esac\nexec {shutil.which('cat')} \"$@\"")
    result = box.run(SERIAL, shell=shell)
    assert result.include is None, result.output
    assert result.rebooted, result.output


@pytest.mark.parametrize("shell", SHELLS)
def test_storage_commands_that_do_not_fit(box: Box, shell: str) -> None:
    """The last line is for another firmware: nothing fails in it, and what failed before must count."""
    new = box.root / "tmp" / "kickbuild-storage.ks.new"
    new.symlink_to("/dev/full")
    result = box.run(SERIAL, shell=shell, lines=(*LINES, ("uefi", "part /boot/efi")))
    assert not (box.root / "tmp" / "kickbuild-storage.ks").is_symlink(), result.output
    assert result.rebooted
    assert "cannot be written" in result.output


@pytest.mark.parametrize("shell", SHELLS[:3])
def test_storage_commands_that_do_not_arrive(box: Box, shell: str) -> None:
    """Without its include the installer would stop at an error that nobody sees."""
    box.program("mv", ":")
    refused(box, SERIAL, "cannot be written", shell=shell)


def test_no_step_needs_room_for_a_temporary_file() -> None:
    """Before 5.1 bash writes a here-document to /tmp; where that is full, the loop that reads it never runs."""
    program = (resources.templates() / "kickstart" / "guard.sh").read_text(encoding="utf-8")
    assert "<<" not in program


@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_list_of_mounts_nothing_is_erased(box: Box, shell: str) -> None:
    refused(box, SERIAL, "cannot see what is mounted", shell=shell, proc=False)


@pytest.mark.parametrize("shell", SHELLS[:3])
@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "TERM"])
def test_no_signal_keeps_the_box_from_going_home(box: Box, shell: str, name: str) -> None:
    """busybox has programs of its own, which send no signals."""
    box.program("sync", f"kill -{name} $PPID")
    refused(box, Target(serial="ABSENT"), "no disk is the one", shell=shell)


TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_begun_is_told_on_the_drive(box: Box, shell: str) -> None:
    box.arm()
    result = box.run(SERIAL, shell=shell)
    assert result.include is not None
    assert TIME.fullmatch(result.state.pop("started"))
    assert result.state == {
        "schema": "1",
        "id": ID,
        "profile": "web",
        "digest": DIGEST,
        "release": "rocky9",
        "kickbuild": __version__,
        "outcome": "started",
        "ended": "",
        "reason": "",
    }
    memory = box.root / "tmp" / "kickbuild-rebuild.state"
    assert memory.read_text() == (box.drive / "kickbuild" / "web" / "rebuild.state").read_text()
    assert not list(box.drive.rglob(".kickbuild-partial-*"))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_refusal_is_told_on_the_drive(box: Box, shell: str) -> None:
    box.arm()
    result = box.run(Target(serial="ABSENT"), shell=shell, firmware="uefi")
    assert result.state["outcome"] == "refused"
    assert result.state["id"] == ID
    assert TIME.fullmatch(result.state["ended"])
    assert result.state["reason"] == (
        "the profile is for boxes that boot by uefi, and this one booted by bios.; no disk is the one to erase: "
        "serial = ABSENT."
    )
    assert "no disk is the one to erase" in (result.log or "")


def test_an_arming_is_for_one_boot(box: Box) -> None:
    """What is booted again by hand is another rebuild: nobody waits for it under the old id."""
    box.arm()
    assert box.run(Target(serial="ABSENT")).state["id"] == ID
    assert box.run(SERIAL).state["id"] == ""
    box.arm(ID[::-1])
    assert box.run(SERIAL).state["id"] == ID[::-1]


@pytest.mark.parametrize(
    "armed", ["", "id=x\nprofile=web\n", f"id={ID}\nprofile=db\n", f"id={ID}\nprofile=web\n" * 400]
)
def test_an_arming_of_something_else(box: Box, armed: str) -> None:
    (box.drive / "kickbuild" / "armed.state").write_text(armed)
    assert box.run(SERIAL).state["id"] == ""


@pytest.mark.parametrize("shell", SHELLS[:3])
@pytest.mark.parametrize("target", ["TARGET1", "ABSENT"])
def test_a_drive_that_is_mounted_read_only_is_so_again(box: Box, shell: str, target: str) -> None:
    """Directories in their places keep the files from being written until it is mounted anew."""
    home = box.drive / "kickbuild" / "web"
    blocked = [home / name for name in (".kickbuild-partial-rebuild.state", "last-refusal.log")]
    for path in blocked:
        path.mkdir()
    box.program(
        "mount",
        f'echo "$*" >>{box.root}/mounted\ncase $2 in remount,rw) rmdir {" ".join(map(str, blocked))} ;; esac',
    )
    result = box.run(Target(serial=target), shell=shell)
    outcome = "started" if target == "TARGET1" else "refused"
    assert result.state["outcome"] == outcome, result.output
    device, point = f"{box.root}/dev/sdb1", box.drive
    assert (box.root / "mounted").read_text().splitlines() == [
        f"-o remount,rw {device} {point}",
        f"-o remount,ro {device} {point}",
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_full_drive_changes_no_decision(box: Box, shell: str) -> None:
    (box.drive / "kickbuild" / "web" / ".kickbuild-partial-rebuild.state").mkdir()
    result = box.run(SERIAL, shell=shell)
    assert (result.code, result.rebooted) == (0, False)
    assert result.include is not None
    assert result.state == {}
    (box.root / "tmp" / "kickbuild-storage.ks").unlink()
    refused(box, Target(serial="ABSENT"), "no disk is the one", shell=shell)


@pytest.mark.parametrize(("target", "shell"), [("TARGET1", "dash"), ("TARGET1", "bash"), ("ABSENT", "dash")])
def test_a_drive_that_answers_no_more_holds_nothing_up(box: Box, shell: str, target: str) -> None:
    """The box's own sleep takes no time. busybox has programs of its own, and would wait for as long as on a box."""
    box.program("sleep", ":")
    hang = f"echo $$ >{box.root}/hangs; exec {shutil.which('sleep')} 60"
    box.program("mv", f'case $* in *storage*) exec {shutil.which("mv")} "$@" ;; esac\n{hang}')
    result = box.run(Target(serial=target), shell=shell)
    assert result.rebooted == (target == "ABSENT")
    assert (result.include is None) == (target == "ABSENT")
    # It hangs still.
    os.kill(int((box.root / "hangs").read_text()), signal.SIGKILL)
