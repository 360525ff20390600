"""The drive that nobody has mounted: the agent finds it, looks without changing it, and leaves nothing behind."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from agent_box import EL7, Box, content
from conftest import needs_tools

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_tools("dash", "bash")
# The shell of busybox has a blkid and a mount of its own.
by_shell = pytest.mark.parametrize("shell", ["dash", "bash"])


def log(box: Box) -> list[str]:
    path = box.top / "mount.log"
    return path.read_text().splitlines() if path.exists() else []


def assert_nothing_is_left(box: Box) -> None:
    assert list(box.path("/run").iterdir()) == []
    assert "kickbuild-drive" not in box.path("/proc/mounts").read_text()


@by_shell
def test_arm_and_disarm(tmp_path: Path, shell: str) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    box.device("sda3", "xfs")
    box.device("sda1", "xfs")
    before, boot = content(box.drive), box.tree("/boot")
    for command in ("status", "check", "report"):
        done = box.run(command, "--json", shell=shell, script=script)
        assert (done.code, done.err, done.json["errors"]) == (0, "", 0), done.out
        assert (done.json["drive"], done.json["drive_device"]) == ("", "/dev/sdb1")
        assert_nothing_is_left(box)
    assert content(box.drive) == before
    # What is mounted already, as sda1 and sda3 are, is left alone.
    mounts = [line for line in log(box) if line.startswith("mount")]
    assert len(mounts) == 3
    assert all(f"-t ext4 -o ro,noload,nodev,nosuid,noexec {box.root}/dev/sdb1 " in line for line in mounts)

    armed = box.run("arm", "--json", shell=shell, script=script)
    assert armed.code == 0, armed.out
    assert "-o rw," in log(box)[-2]
    assert_nothing_is_left(box)
    assert box.next_boot() == "kickbuild-web"
    status = box.run("status", "--json", shell=shell, script=script).json
    assert (status["state"], status["id"]) == ("armed", armed.json["id"])
    assert box.run("disarm", shell=shell, script=script).code == 0
    assert (content(box.drive), box.tree("/boot")) == (before, boot)
    assert_nothing_is_left(box)


def test_what_is_refused_is_never_mounted_for_writing(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    (box.drive / "centos7/x.iso").write_bytes(b"")
    assert box.run("arm", "--json", script=script).failed == {"file.size"}
    assert box.run("arm", "--dry-run", "--json", script=script).code == 5
    assert not any("rw," in line for line in log(box))
    assert_nothing_is_left(box)


def test_a_write_protected_drive(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    box.write("/sys/block/sdb/ro", "1\n")
    assert box.run("arm", "--json", script=script).failed == {"drive.read-only"}


def test_a_drive_that_cannot_be_mounted_for_writing(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    before = content(box.drive), box.tree("/boot")
    mount = (box.bin / "mount").read_text()
    for body, says in ((f"case $* in *rw,*) exit 32 ;; esac\n{mount}", "drive.mount"),
                       (mount.replace("options=$2", "options=ro"), "drive.read-only")):  # fmt: skip
        box.program("mount", body)
        done = box.run("arm", "--json", script=script)
        assert (done.code, done.failed) == (5, {says})
        assert (content(box.drive), box.tree("/boot")) == before
        assert_nothing_is_left(box)


def test_several_drives(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    box.disk("sdc", "IMAGE2")
    # This one is a filesystem on the whole disk.
    box.device("sdc", "vfat").rmdir()
    shutil.copytree(box.drive, tmp_path / "devices/sdc")
    done = box.run("check", "--json", script=script)
    assert (done.code, done.failed) == (1, {"drive.several"})
    assert "2 rebuild drives are in the box: /dev/sdb1 /dev/sdc" in done.out
    assert box.run("arm", script=script).code == 5
    assert box.run("status", "--json", script=script).found == {"drive.several": "warning"}
    assert_nothing_is_left(box)


@pytest.mark.parametrize("filesystem", ["LVM2_member", "crypto_LUKS", "linux_raid_member", "swap", "ntfs", ""])
def test_what_is_never_mounted(tmp_path: Path, filesystem: str) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    (box.top / "types/sdb1").write_text(filesystem)
    assert box.run("check", "--json", script=script).failed == {"drive.missing"}
    assert log(box) == []


def test_a_device_that_something_holds(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    box.path("/sys/block/sdb/sdb1/holders/dm-3").mkdir(parents=True)
    assert box.run("check", "--json", script=script).failed == {"drive.missing"}
    assert log(box) == []


def test_the_other_filesystems_are_unmounted_again(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    box.disk("sdc", "DATA", "sdc1", "sdc2")
    (box.device("sdc1", "xfs") / "data").write_text("theirs")
    box.device("sdc2", "vfat")
    assert box.run("check", script=script).code == 0
    mounted = [line.split()[4] for line in log(box) if line.startswith("mount")]
    assert mounted == ["ro,noload,nodev,nosuid,noexec", "ro,norecovery,nodev,nosuid,noexec", "ro,nodev,nosuid,noexec"]
    assert_nothing_is_left(box)


def test_a_journal_that_was_not_replayed(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    box.write("/dev/sdb1", b"\0" * 1120 + b"\x46" + b"\0" * 100)
    done = box.run("check", "--json", script=script)
    assert (done.code, done.found["drive.unclean"]) == (0, "warning")
    box.write("/dev/sdb1", b"\0" * 1120 + b"\x42" + b"\0" * 100)
    assert "drive.unclean" not in box.run("check", "--json", script=script).found


@by_shell
def test_an_agent_that_was_killed_is_cleared_up_after(tmp_path: Path, shell: str) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    box.program("sha256sum", "kill -9 0")
    assert box.run("check", shell=shell, script=script).code < 0
    left = [line for line in box.path("/proc/mounts").read_text().splitlines() if "kickbuild-drive" in line]
    assert len(left) == 1
    box.mounts += left
    box.program("sha256sum", f'exec {shutil.which("sha256sum")} "$@"')
    done = box.run("check", "--json", shell=shell, script=script)
    assert (done.code, done.json["drive_device"]) == (0, "/dev/sdb1")
    assert_nothing_is_left(box)


def test_a_signal_unmounts_it(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    box.program("sha256sum", "trap '' TERM; kill -TERM 0")
    assert box.run("check", script=script).code == 130
    assert_nothing_is_left(box)


def test_another_agent_that_has_it(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    with subprocess.Popen(["sh", "-c", "read x # agent"], stdin=subprocess.PIPE) as other:
        place = box.path(f"/run/kickbuild-drive.{other.pid}/1")
        place.mkdir(parents=True)
        box.mounts.append(f"/dev/sdb1 /run/kickbuild-drive.{other.pid}/1 ext4 ro,noload 0 0")
        done = box.run("check", "--json", script=script)
        assert done.failed == {"agent.busy"}
        assert place.is_dir()
        other.communicate(b"\n")


def test_nobody_but_root_mounts(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = box.unplugged()
    box.program("id", "echo 1000")
    assert box.run("check", "--json", script=script).failed == {"drive.missing", "privileges"}
    assert log(box) == []


def test_a_mounted_drive_is_taken_before_others_are_looked_for(tmp_path: Path) -> None:
    box = Box(tmp_path, EL7)
    box.disk("sdc", "IMAGE2", "sdc1")
    box.device("sdc1", "ext4")
    assert box.run("check").code == 0
    assert log(box) == []
