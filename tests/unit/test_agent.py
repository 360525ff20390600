"""The agent as a program: under every shell, on made-up boxes of each release's layout."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from agent_box import BLS, EL6, EL7, EL8_UEFI, EL9_UEFI, GRUB_CONF, LAYOUTS, SAVED, SHELLS, UUID, Box, Layout
from conftest import needs_tools
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kickbuild.agent import AGENT, render_agent
from kickbuild.boot.edit import append_entry, find_blocks, remove_entry

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = needs_tools("dash", "bash", "busybox", "grub-editenv")

ENTRY = "kickbuild-web"
by_shell = pytest.mark.parametrize("shell", SHELLS)
#: What the main path has shown for every shell is shown elsewhere for these; all of them with --all.
by_two_shells = pytest.mark.parametrize(
    "shell",
    [
        "dash",
        pytest.param("bash", marks=pytest.mark.slow),
        pytest.param("bash --posix", marks=pytest.mark.slow),
        "busybox sh",
    ],
)
by_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


def differing(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


@needs_tools("shellcheck")
def test_the_whole_program_is_clean(tmp_path: Path) -> None:
    (tmp_path / "agent").write_text(render_agent())
    done = subprocess.run(
        ["shellcheck", "--exclude=SC2317", "agent"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@by_shell
@by_layout
def test_arm_boot_once_and_disarm(tmp_path: Path, layout: Layout, shell: str) -> None:
    box = Box(tmp_path, layout)
    before = box.tree()
    checked = box.run("check", "--json", shell=shell)
    assert (checked.code, checked.err) == (0, ""), checked.out + checked.err
    assert checked.json["loader"] == layout.loader
    assert checked.json["config"] == layout.config
    assert checked.json["target"] == "sda"
    assert box.tree() == before

    armed = box.run("arm", "--json", shell=shell)
    assert (armed.code, armed.err, armed.json["changed"]) == (0, "", True), armed.out + armed.err
    assert box.next_boot() == ENTRY
    assert box.run("status", "--json", shell=shell).json["state"] == "armed"
    armed_tree = box.tree()

    again = box.run("arm", "--json", shell=shell)
    assert (again.code, again.json["changed"]) == (0, False)
    assert box.tree() == armed_tree

    disarmed = box.run("disarm", "--json", shell=shell)
    assert (disarmed.code, disarmed.err) == (0, "")
    assert differing(before, box.tree()) == set()
    assert box.run("disarm", "--json", shell=shell).json["changed"] is False
    assert differing(before, box.tree()) == set()


@by_layout
def test_every_shell_writes_the_same(tmp_path: Path, layout: Layout) -> None:
    trees = []
    for number, shell in enumerate(SHELLS):
        (tmp_path / str(number)).mkdir()
        box = Box(tmp_path / str(number), layout)
        assert box.run("arm", shell=shell).code == 0
        trees.append({path: data for path, data in box.tree().items() if not path.endswith("armed.state")})
    assert all(tree == trees[0] for tree in trees)


@by_layout
def test_the_entry_is_the_one_that_kickbuild_entry_puts(tmp_path: Path, layout: Layout) -> None:
    box = Box(tmp_path, layout)
    box.run("arm")
    text = box.path(layout.config).read_bytes()
    assert [block.entry_id for block in find_blocks(text)] == [ENTRY]
    stanza = (box.drive / f"kickbuild/web/entry.{layout.loader}").read_bytes()
    if layout.loader == "grub2":
        assert text == append_entry(b"", ENTRY, stanza)
    elif layout.loader == "grub-legacy":
        head = b"### kickbuild: for one boot, from here to the end mark ###\ndefault saved\nfallback 0\n"
        head += b"### kickbuild: end mark ###\n"
        assert remove_entry(text, ENTRY) == GRUB_CONF.encode().replace(b"title Old system", head + b"title Old system")
        assert b"\troot (hd0,0)\n\tsavedefault 0\n\tkernel /kickbuild-web-vmlinuz ks=" in text


@by_layout
def test_once_and_then_home(tmp_path: Path, layout: Layout) -> None:
    box = Box(tmp_path, layout)
    before = box.tree()
    box.run("arm")
    assert [box.boot(), box.boot(), box.boot()] == [ENTRY, "old", "old"]
    (box.drive / "kickbuild/web/last-refusal.log").write_text("kickbuild: - no disk is the one to erase.\n")
    status = box.run("status", "--json").json
    assert (status["state"], status["last"]) == ("spent", "refused")
    assert status["last_reason"] == "no disk is the one to erase."
    assert box.run("arm").code == 0
    assert box.next_boot() == ENTRY
    assert box.run("disarm").code == 0
    left = differing(before, box.tree())
    assert left <= {"mnt/rebuild/kickbuild/web/last-refusal.log", layout.env.strip("/")}
    assert box.next_boot() == "old"


def test_the_environment_block_is_what_it_was(tmp_path: Path) -> None:
    """GRUB leaves an empty next_entry behind, and that is given back too."""
    box = Box(tmp_path)
    subprocess.run([box.bin / "grub2-editenv", box.path(EL7.env), "set", "next_entry="], check=True)
    before = box.tree()
    box.run("arm")
    box.run("disarm")
    assert differing(before, box.tree()) == set()


def test_an_environment_block_is_made_and_removed(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.path(EL7.env).unlink()
    before = box.tree()
    assert box.run("arm").code == 0
    assert "next_entry=kickbuild-web" in box.path(EL7.env).read_text()
    box.run("disarm")
    assert differing(before, box.tree()) == set()


CONFIGS = (b"", b"\n", b"set x=1", b"set x=1\r\n", b"set x=1\r\nset y=2", b"# \xe9\xff\n\n\n", b"menuentry a {\n}\n")


@pytest.mark.parametrize("text", CONFIGS)
@by_two_shells
def test_foreign_text_stays_to_the_byte(tmp_path: Path, shell: str, text: bytes) -> None:
    box = Box(tmp_path)
    path = box.write(EL7.config, text)
    path.chmod(0o640)
    assert box.run("arm", shell=shell).code == 0
    stanza = (box.drive / "kickbuild/web/entry.grub2").read_bytes()
    assert path.read_bytes() == append_entry(text, ENTRY, stanza)
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.with_name("custom.cfg.kickbuild-backup").read_bytes() == text
    box.run("disarm", shell=shell)
    assert path.read_bytes() == text
    assert not path.with_name("custom.cfg.kickbuild-backup").exists()


@pytest.mark.parametrize("text", CONFIGS)
def test_an_entry_that_follows_inherits_the_missing_line_end(tmp_path: Path, text: bytes) -> None:
    box = Box(tmp_path)
    box.write(EL7.config, text)
    box.run("arm")
    path = box.path(EL7.config)
    both = append_entry(path.read_bytes(), "kickbuild-db", b"menuentry db { true; }\n")
    path.write_bytes(both)
    box.run("disarm")
    assert path.read_bytes() == remove_entry(both, ENTRY)


def test_changes_of_others_while_armed_stay(tmp_path: Path) -> None:
    box = Box(tmp_path)
    path = box.write(EL7.config, "set x=1\n")
    box.run("arm")
    path.write_bytes(b"set before=1\n" + path.read_bytes() + b"set after=1\n")
    box.run("disarm")
    assert path.read_bytes() == b"set before=1\nset x=1\nset after=1\n"


@pytest.mark.parametrize("layout", [EL7, EL6], ids=lambda layout: layout.name)
def test_an_entry_that_was_there_stays(tmp_path: Path, layout: Layout) -> None:
    box = Box(tmp_path, layout)
    box.run("arm")
    path = box.path(layout.config)
    block = next(iter(find_blocks(path.read_bytes())))
    there = path.read_bytes()[block.start : block.end]
    box.run("disarm")
    before = (path.read_bytes() if path.exists() else b"") + there
    path.write_bytes(before)
    box.run("arm")
    assert box.next_boot() == ENTRY
    box.run("disarm")
    assert box.next_boot() == "old"
    assert path.read_bytes() == before


@pytest.mark.parametrize("env", [None, SAVED, "0\n"])
@pytest.mark.parametrize("default", ["default=1", "default saved", "default=saved", ""])
@by_two_shells
def test_grub_legacy_keeps_its_default(tmp_path: Path, shell: str, default: str, env: str | None) -> None:
    box = Box(tmp_path, EL6)
    conf = GRUB_CONF.replace("default=0\n", f"{default}\n" if default else "")
    box.write(EL6.config, conf)
    if env is not None:
        box.write(EL6.env, env)
    before = box.tree()
    old = {"default=1": "1", "": "0"}.get(default, (env or "0")[0])
    assert box.run("arm", shell=shell).code == 0
    assert f"savedefault {old}\n" in box.path(EL6.config).read_text()
    assert box.next_boot() == ENTRY
    # Before the choice the file names the old system, in the length that GRUB needs to write to it.
    assert box.path(EL6.env).read_text().startswith("2\n#\n")
    assert box.run("disarm", shell=shell).code == 0
    assert differing(before, box.tree()) == set()
    box.run("arm", shell=shell)
    assert [box.boot(), box.boot()] == [ENTRY, "old"]
    box.run("disarm", shell=shell)
    assert differing(before, box.tree()) == set()


def test_another_profile_clears_the_first(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.fill_drive("web", "db")
    before = box.tree()
    assert box.run("arm", "--json").failed == {"profile.several"}
    box.run("arm", "--profile", "web")
    done = box.run("arm", "--profile=db", "--json")
    assert (done.code, done.found["armed.earlier"]) == (0, "info")
    assert box.next_boot() == "kickbuild-db"
    assert [b.entry_id for b in find_blocks(box.path(EL7.config).read_bytes())] == ["kickbuild-db"]
    assert box.run("disarm", "--profile", "web").code == 5
    assert box.run("disarm").code == 0
    assert differing(before, box.tree()) == set()


def test_dry_runs_write_nothing(tmp_path: Path) -> None:
    for number, layout in enumerate(LAYOUTS):
        (tmp_path / str(number)).mkdir()
        box = Box(tmp_path / str(number), layout)
        before = box.tree()
        done = box.run("arm", "--dry-run", "--json")
        assert (done.code, done.json["dry_run"], done.json["changed"]) == (0, True, False)
        assert len(done.json["steps"]) >= 4
        assert box.tree() == before
        box.run("arm")
        armed = box.tree()
        assert box.run("disarm", "--dry-run", "--json").json["steps"]
        assert box.tree() == armed


def test_disarm_without_the_drive(tmp_path: Path) -> None:
    for number, layout in enumerate((EL6, EL7)):
        (tmp_path / str(number)).mkdir()
        box = Box(tmp_path / str(number), layout)
        before = box.tree("/boot")
        box.run("arm")
        script = tmp_path / str(number) / "pushed"
        shutil.copy(box.drive / "kickbuild/agent", script)
        box.remount("/mnt/rebuild", "")
        shutil.rmtree(box.drive)
        status = box.run("status", "--json", script=script)
        assert (status.json["state"], status.found) == ("armed", {"drive.missing": "warning"})
        assert box.run("disarm", script=script).code == 0
        assert differing(before, box.tree("/boot")) == set()


def test_status_of_a_box_that_is_not_armed(tmp_path: Path) -> None:
    box = Box(tmp_path)
    done = box.run("status", "--json")
    assert (done.code, done.json["state"], done.json["last"]) == (0, "none", "none")
    assert box.run("status").out == "nothing is armed\n"


def test_status_says_since_when_and_by_whom(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.run("arm", SUDO_USER="ann", SSH_CONNECTION="192.0.2.7 1 192.0.2.8 22")
    value = box.run("status", "--json").json
    assert (value["by"], value["armed_on"], value["profile"], value["release"]) == (
        "ann from 192.0.2.7", "box1", "web", "centos7",
    )  # fmt: skip
    assert value["since"].endswith("Z")


# What is wrong with a box, and the id under which the agent says so.
def no_mount(box: Box) -> None:
    box.remount("/mnt/rebuild", "")


def twin(box: Box) -> None:
    box.blkid(f"UUID={UUID}", "sdb1", "sdc1")


def wrong_drive(box: Box) -> None:
    box.blkid(f"UUID={UUID}", "sdc1")


def renamed(box: Box) -> None:
    (box.top / "blkid" / f"UUID={UUID}").unlink()


def read_only(box: Box) -> None:
    box.remount("/mnt/rebuild", "/dev/sdb1 /mnt/rebuild ext4 ro,relatime 0 0")


def full(box: Box) -> None:
    box.program("df", "echo head; echo /dev/x 100 100 10 1% /x")


def changed_ks(box: Box) -> None:
    (box.drive / "kickbuild/web/ks.cfg").write_text("KB_MIN_SIZE=1\nKB_FIRMWARE=''\n")


def no_ks(box: Box) -> None:
    (box.drive / "kickbuild/web/ks.cfg").unlink()


def short_iso(box: Box) -> None:
    (box.drive / "centos7/x.iso").write_bytes(b"iso")


def no_manifest(box: Box) -> None:
    (box.drive / "kickbuild/manifest.json").unlink()


def cut_manifest(box: Box) -> None:
    path = box.drive / "kickbuild/manifest.json"
    path.write_bytes(path.read_bytes()[:-30])


def boot_on_lvm(box: Box) -> None:
    box.mapped("dm-0", "LVM-abc", "sda3")
    box.remount("/boot", "/dev/dm-0 /boot xfs rw 0 0")


def boot_on_raid(box: Box) -> None:
    box.mapped("md127", "", "sda1")
    box.remount("/boot", "/dev/md127 /boot ext4 rw 0 0")


def boot_on_luks(box: Box) -> None:
    box.mapped("dm-1", "CRYPT-LUKS2-abc", "sda3")
    box.remount("/boot", "/dev/dm-1 /boot ext4 rw 0 0")


def boot_on_btrfs(box: Box) -> None:
    box.remount("/boot", "/dev/sda1 /boot btrfs rw,subvol=/boot 0 0")


def boot_read_only(box: Box) -> None:
    box.remount("/boot", "/dev/sda1 /boot xfs ro 0 0")


def no_grub_cfg(box: Box) -> None:
    box.path("/boot/grub2/grub.cfg").unlink()


def both_grubs(box: Box) -> None:
    box.write("/boot/grub/grub.conf", GRUB_CONF)


def no_custom(box: Box) -> None:
    path = box.path("/boot/grub2/grub.cfg")
    path.write_text(path.read_text().replace("custom.cfg", "other.cfg"))


def no_one_shot(box: Box) -> None:
    path = box.path("/boot/grub2/grub.cfg")
    path.write_text(path.read_text().replace("next_entry", "other"))


def damaged(box: Box) -> None:
    box.write(EL7.config, "### BEGIN kickbuild-web ###\nmenuentry x {\n}\n")


def nested(box: Box) -> None:
    box.write(EL7.config, "### BEGIN kickbuild-a ###\n### BEGIN kickbuild-b ###\n### END kickbuild-a ###\n")


def backslash(box: Box) -> None:
    box.write(EL7.config, "set x=1 \\\n")


def binary(box: Box) -> None:
    box.write(EL7.config, b"set x=\0\n")


def foreign_choice(box: Box) -> None:
    subprocess.run([box.bin / "grub2-editenv", box.path(EL7.env), "set", "next_entry=other"], check=True)


def small_memory(box: Box) -> None:
    box.write("/proc/meminfo", "MemTotal: 500000 kB\n")


def other_machine(box: Box) -> None:
    box.program("uname", "echo aarch64")


def installer(box: Box) -> None:
    box.write("/proc/cmdline", "BOOT_IMAGE=vmlinuz inst.ks=hd:UUID=x:/ks.cfg\n")


def not_root(box: Box) -> None:
    box.program("id", "echo 1000")


def twins(box: Box) -> None:
    box.disk("sdc", "TARGET1")


def gone(box: Box) -> None:
    (box.root / "sys/block/sda/device/serial").write_text("OTHER\n")


def is_the_drive(box: Box) -> None:
    gone(box)
    (box.root / "sys/block/sdb/device/serial").write_text("TARGET1\n")


def too_small(box: Box) -> None:
    box.fill_drive(ks=f"KB_MIN_SIZE={1 << 40}\nKB_FIRMWARE=''\n")


def other_firmware(box: Box) -> None:
    box.fill_drive(ks="KB_MIN_SIZE=0\nKB_FIRMWARE=uefi\n")


BAD_DAYS: dict[str, tuple[Callable[[Box], None], ...]] = {
    "drive.not-mounted": (no_mount,),
    "drive.twins": (twin,),
    "drive.identity": (wrong_drive, renamed),
    "drive.read-only": (read_only,),
    "drive.full": (full,),
    "boot.full": (full,),
    "file.changed": (changed_ks,),
    "file.missing": (no_ks,),
    "file.size": (short_iso,),
    "manifest.damaged": (cut_manifest,),
    "oneshot.abstraction": (boot_on_lvm, boot_on_raid, boot_on_luks),
    "oneshot.filesystem": (boot_on_btrfs,),
    "boot.read-only": (boot_read_only,),
    "loader.none": (no_grub_cfg,),
    "loader.several": (both_grubs,),
    "loader.no-custom": (no_custom,),
    "loader.no-one-shot": (no_one_shot,),
    "config.markers": (damaged, nested),
    "config.backslash": (backslash,),
    "config.no-text": (binary,),
    "oneshot.foreign": (foreign_choice,),
    "memory": (small_memory,),
    "arch": (other_machine,),
    "box.installer": (installer,),
    "privileges": (not_root,),
    "target.several": (twins,),
    "target.missing": (gone,),
    "target.is-drive": (is_the_drive,),
    "target.small": (too_small,),
    "firmware": (other_firmware,),
}


# The shell of busybox runs its own df and blkid whatever stands on PATH: a tool that is faked is not faked for it.
@pytest.mark.parametrize("shell", ["dash", pytest.param("bash", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("says", "spoil"), [(key, spoil) for key, spoils in BAD_DAYS.items() for spoil in spoils])
def test_bad_days(tmp_path: Path, shell: str, says: str, spoil: Callable[[Box], None]) -> None:
    box = Box(tmp_path)
    spoil(box)
    before = box.tree()
    checked = box.run("check", "--json", shell=shell)
    assert checked.code == 1, checked.out
    assert says in checked.failed, checked.out
    assert all(f["hint"] for f in checked.json["findings"] if f["severity"] == "error")
    done = box.run("arm", "--json", shell=shell)
    assert done.code == (4 if says == "privileges" else 5)
    assert done.failed == checked.failed
    assert (done.json["changed"], done.json["steps"]) == (False, [])
    assert box.tree() == before


def test_everything_is_said_at_once(tmp_path: Path) -> None:
    box = Box(tmp_path)
    for spoil in (twin, changed_ks, short_iso, boot_on_lvm, small_memory, gone, installer, not_root):
        spoil(box)
    checked = box.run("check", "--json")
    assert checked.failed == {
        *("drive.twins", "file.changed", "file.size", "oneshot.abstraction", "memory", "target.missing"),
        *("box.installer", "privileges"),
    }
    assert checked.json["summary"] == "not ready: 8 errors"


def test_a_drive_without_a_manifest(tmp_path: Path) -> None:
    box = Box(tmp_path)
    no_manifest(box)
    checked = box.run("check", "--json")
    assert checked.failed == {"drive.missing"}
    assert checked.json["summary"] == "not ready: 1 error"
    assert box.run("arm").out.splitlines()[-1] == "refused: 1 error; nothing was written"


def test_a_root_of_which_no_mounts_are_known(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.mounts = []
    checked = box.run("check", "--json")
    assert "drive.not-mounted" in checked.failed
    assert "on an unknown filesystem, not" in checked.out


def test_two_drives(tmp_path: Path) -> None:
    box = Box(tmp_path)
    script = tmp_path / "pushed"
    shutil.copy(box.drive / "kickbuild/agent", script)
    assert box.run("check", "--json", script=script).code == 0
    shutil.copytree(box.drive, box.root / "mnt/other drive")
    box.mounts.append("/dev/sdc1 /mnt/other\\040drive ext4 rw 0 0")
    done = box.run("check", "--json", script=script)
    assert done.failed == {"drive.several"}
    assert "/mnt/other drive" in done.out
    assert box.run("check", "--json").code == 0


def test_a_changed_iso_is_found_when_all_of_it_is_read(tmp_path: Path) -> None:
    box = Box(tmp_path)
    (box.drive / "centos7/x.iso").write_bytes(b"osi" * 1000)
    assert box.run("check", "--json").found["file.iso-not-read"] == "info"
    assert box.run("check", "--full", "--json").failed == {"file.changed"}


def test_legacy_without_room_in_boot(tmp_path: Path) -> None:
    box = Box(tmp_path, EL6)
    box.program("df", "echo head; echo /dev/x 9999 100 900 1% /x")
    assert box.run("check", "--json").failed == {"boot.full"}


@pytest.mark.parametrize("default", ["default=2", "default=7"])
def test_legacy_whose_default_would_be_the_entry(tmp_path: Path, default: str) -> None:
    box = Box(tmp_path, EL6)
    box.write(EL6.config, GRUB_CONF.replace("default=0", default))
    assert box.run("arm", "--json").failed == {"loader.default"}


def test_legacy_whose_entries_disagree(tmp_path: Path) -> None:
    box = Box(tmp_path, EL6)
    box.write(EL6.config, GRUB_CONF + "title C\n\troot (hd1,0)\n\tkernel /vmlinuz-3 ro\n")
    assert box.run("arm", "--json").failed == {"loader.boot-partition"}


def test_legacy_on_uefi(tmp_path: Path) -> None:
    box = Box(tmp_path, EL6)
    (box.root / "sys/firmware/efi").mkdir(parents=True)
    box.write("/boot/efi/EFI/redhat/grub.conf", GRUB_CONF)
    assert box.run("arm", "--json").failed == {"loader.legacy-uefi"}


def test_bls_without_a_boot_partition(tmp_path: Path) -> None:
    box = Box(tmp_path, BLS)
    box.remount("/boot", "")
    assert box.run("arm").code == 0
    assert "\nlinux /boot/kickbuild-web-vmlinuz\n" in box.path(BLS.config).read_text()


@pytest.mark.parametrize(("os_id", "severity"), [("rocky", "info"), ("rhel", "warning"), ('"; rm -rf /', "warning")])
def test_secure_boot(tmp_path: Path, os_id: str, severity: str) -> None:
    box = Box(tmp_path, EL9_UEFI)
    box.write("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", b"\6\0\0\0\1")
    box.write("/etc/os-release", f"ID={os_id}\n")
    done = box.run("check", "--json")
    assert (done.code, done.found["secure-boot"]) == (0, severity)


def test_a_clock_that_is_wrong(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.program("date", "case $* in *%s) echo 100 ;; *) echo 1970-01-01T00:01:40Z ;; esac")
    done = box.run("arm", "--json")
    assert (done.code, done.found["clock"]) == (0, "warning")


def test_a_link_out_of_the_root_is_not_followed(tmp_path: Path) -> None:
    box = Box(tmp_path)
    outside = tmp_path / "outside"
    outside.write_text("theirs\n")
    box.path(EL7.config).symlink_to(outside)
    assert box.run("arm", "--json").failed == {"config.link"}
    assert outside.read_text() == "theirs\n"


def test_another_agent_at_work(tmp_path: Path) -> None:
    box = Box(tmp_path)
    with subprocess.Popen(["sh", "-c", "read x # agent"], stdin=subprocess.PIPE) as other:
        box.write("/run/kickbuild-agent.lock", f"{other.pid}\n")
        assert box.run("arm", "--json").failed == {"agent.busy"}
        other.communicate(b"\n")
    assert box.run("arm", "--json").code == 0
    assert not box.path("/run/kickbuild-agent.lock").exists()


@pytest.mark.parametrize("tool", ["mv", "grub2-editenv", "cp"])
@pytest.mark.parametrize("after", range(4))
def test_a_tool_that_fails_leaves_the_box_as_it_was(tmp_path: Path, tool: str, after: int) -> None:
    box = Box(tmp_path)
    box.write(EL7.config, "set x=1\n")
    before = box.tree()
    real = (box.bin / tool).resolve()
    count = tmp_path / "count"
    box.program(
        tool,
        f'case $* in *list*) exec {real} "$@" ;; esac\n'
        f'echo x >>{count}\n[ "$(wc -l <{count})" -ne {after + 1} ] || exit 1\nexec {real} "$@"',
    )
    done = box.run("arm", "--json")
    assert done.code in {0, 6}
    if done.code == 6:
        assert "arm.failed" in done.failed
        assert box.next_boot() == "old"
        assert differing(before, box.tree()) == set()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "a command is needed"),
        (("arm", "check"), "only one command"),
        (("arm", "--force"), "unknown: --force"),
        (("arm", "--profile"), "unknown: /"),
        (("arm", "--profile", "../x"), "no name of a profile"),
    ],
)
def test_usage(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    done = Box(tmp_path).run(*words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_help(tmp_path: Path) -> None:
    done = Box(tmp_path).run("--help")
    assert done.code == 0
    assert all(
        f"\n  {command} " in done.out for command in ("status", "report", "check", "arm", "disarm", "enter", "leave")
    )


TITLES = ('It\'s a "Rebuild"', "Neubau für Zürich: ½", "日本語 $HOME `id` \\ %s", "a  b", "$(touch x)")


@pytest.mark.parametrize("title", TITLES)
@by_two_shells
def test_titles_survive(tmp_path: Path, shell: str, title: str) -> None:
    for number, layout in enumerate((EL6, EL8_UEFI)):
        (tmp_path / str(number)).mkdir()
        box = Box(tmp_path / str(number), layout, title=title)
        done = box.run("arm", "--json", shell=shell)
        assert done.code == 0, done.out + done.err
        assert f"({title})" in done.json["summary"]
        stanza = (box.drive / f"kickbuild/web/entry.{layout.loader}").read_text("utf-8")
        line = next(line for line in stanza.splitlines() if line.startswith(("title", "menuentry")))
        assert line in box.path(layout.config).read_text("utf-8").splitlines()


@given(st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), max_size=40))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_json_for_any_name(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        box = Box(Path(folder))
        box.write("/proc/sys/kernel/hostname", f"{name}\n")
        for shell in ("dash", "busybox sh"):
            box.run("arm", shell=shell)
            found = json.loads(box.run("status", "--json", shell=shell).out)["armed_on"]
            plain = "".join("?" if ord(c) < 0x20 or ord(c) == 0x7F else c for c in name)
            assert found.strip() == plain.strip(" \t?") or found.strip() == plain.strip()
            box.run("disarm", shell=shell)


@given(st.binary(max_size=40).filter(lambda b: b"\n" not in b and b"\0" not in b))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_json_for_any_bytes(name: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        box = Box(Path(folder))
        box.write("/proc/sys/kernel/hostname", name + b"\n")
        box.run("arm")
        assert box.run("status", "--json").json["state"] == "armed"


def test_a_hostile_log_is_data(tmp_path: Path) -> None:
    box = Box(tmp_path)
    (box.drive / "kickbuild/web/last-refusal.log").write_bytes(b"kickbuild: - \x1b[2J\xff$(id)`id`'\"\n" * 3)
    done = box.run("status", "--json")
    assert "\x1b" not in done.json["last_reason"]
    assert "$(id)`id`'\"" in done.json["last_reason"]
    assert "\x1b" not in Box.run(box, "check").out


def test_it_lies_where_the_manifest_says() -> None:
    assert AGENT == "/kickbuild/agent"
    assert render_agent() == render_agent()
    assert render_agent().startswith("#!/bin/sh\n")
