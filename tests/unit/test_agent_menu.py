"""The entry in a menu without being chosen: as a rebuild leaves it in the new system."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from agent_box import BLS, EL6, EL7, LAYOUTS, Box, Layout
from conftest import needs_tools

from kickbuild.boot.edit import find_blocks

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_tools("dash", "bash", "busybox", "grub-editenv")

ENTRY = "kickbuild-web"


@pytest.mark.parametrize("shell", ["dash", pytest.param("bash", marks=pytest.mark.slow), "busybox sh"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_enter_arm_disarm_leave(tmp_path: Path, layout: Layout, shell: str) -> None:
    box = Box(tmp_path, layout)
    if layout.loader == "grub2":
        box.write(layout.config, "set theirs=1\n")
    before = box.tree()
    # In the installer, whose kernel has this command line.
    box.write("/proc/cmdline", "vmlinuz inst.ks=hd:UUID=x:/ks.cfg\n")
    done = box.run("enter", "--profile", "web", "--json", shell=shell)
    assert (done.code, done.err, done.json["changed"]) == (0, "", True), done.out
    entered = box.tree()
    assert box.next_boot() == "old"
    assert [b.entry_id for b in find_blocks(box.path(layout.config).read_bytes())] == [ENTRY]
    again = box.run("enter", "--json", shell=shell)
    assert (again.code, again.json["changed"], box.tree()) == (0, False, entered)
    box.write("/proc/cmdline", "vmlinuz root=/dev/sda3\n")
    status = box.run("status", "--json", shell=shell).json
    assert (status["state"], status["entry"]) == ("none", "present")

    assert box.run("arm", shell=shell).code == 0
    assert box.next_boot() == ENTRY
    assert box.run("leave", "--json", shell=shell).failed == {"menu.armed"}
    assert box.run("enter", "--json", shell=shell).failed == {"menu.armed"}
    assert box.run("disarm", shell=shell).code == 0
    # The backup is of the file without the entry, which leaving gives back without it, too.
    changed = {k for k in entered if not k.endswith("-backup") and box.tree().get(k) != entered[k]}
    assert (changed, box.next_boot()) == (set(), "old")

    assert box.run("leave", "--json", shell=shell).code == 0
    assert box.tree() == before
    assert box.run("leave", "--json", shell=shell).json["changed"] is False


@pytest.mark.parametrize("layout", [EL6, EL7, BLS], ids=lambda layout: layout.name)
def test_an_entry_of_an_older_drive_comes_back_as_it_was(tmp_path: Path, layout: Layout) -> None:
    box = Box(tmp_path, layout)
    box.run("enter")
    old = box.path(layout.config).read_bytes()
    box.fill_drive(title="Another name")
    box.run("arm")
    assert b"Another name" in box.path(layout.config).read_bytes()
    box.path(layout.config).write_bytes(b"# theirs\n" + box.path(layout.config).read_bytes())
    box.run("disarm")
    assert box.path(layout.config).read_bytes() == b"# theirs\n" + old


def test_legacy_that_is_booted_by_hand_saves_no_default(tmp_path: Path) -> None:
    box = Box(tmp_path, EL6)
    box.run("enter")
    assert "savedefault" not in box.path(EL6.config).read_text()
    box.run("arm")
    assert "savedefault 0" in box.path(EL6.config).read_text()
    box.run("disarm")
    assert "savedefault" not in box.path(EL6.config).read_text()


def test_what_was_armed_in_the_old_system_does_not_stand_in_the_way(tmp_path: Path) -> None:
    box = Box(tmp_path)
    armed = box.run("arm", "--json").json["id"]
    box.boot()
    # The new system: another disk's content, a stamp, and the entry put back.
    box.path(EL7.config).unlink()
    box.write("/etc/kickbuild-release", f"schema=1\nid={armed}\nprofile=web\noutcome=installed\n")
    assert box.run("enter", "--profile", "web").code == 0
    status = box.run("status", "--json").json
    assert (status["state"], status["id"], status["system_id"], status["entry"]) == ("none", "", armed, "present")
    entered = box.tree("/boot")
    assert box.run("arm").code == 0
    assert box.run("disarm").code == 0
    assert box.path(EL7.config).read_bytes() == entered["boot/grub2/custom.cfg"]


def test_a_profile_must_be_named_where_there_are_several(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.fill_drive("web", "db")
    assert box.run("enter", "--json").failed == {"profile.several"}
    assert box.run("enter", "--profile", "db").code == 0
    assert box.run("enter", "--profile", "web").code == 0
    assert box.run("leave", "--profile", "db").code == 0
    assert [b.entry_id for b in find_blocks(box.path(EL7.config).read_bytes())] == [ENTRY]


def test_leave_without_the_drive(tmp_path: Path) -> None:
    box = Box(tmp_path)
    before = box.tree("/boot")
    box.run("enter")
    script = box.unplugged()
    (box.top / "types/sdb1").unlink()
    assert box.run("leave", script=script).code == 0
    assert box.tree("/boot") == before


def test_a_boot_that_cannot_forget_a_choice_has_a_menu_too(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.mapped("dm-0", "LVM-abc", "sda3")
    box.remount("/boot", "/dev/dm-0 /boot xfs rw 0 0")
    assert box.run("enter").code == 0
    box.remount("/boot", "/dev/sda1 /boot xfs ro 0 0")
    assert box.run("leave", "--json").code in {0, 6}
    assert box.run("enter", "--json").failed <= {"boot.read-only"}


def test_dry(tmp_path: Path) -> None:
    box = Box(tmp_path)
    before = box.tree()
    assert box.run("enter", "--dry-run", "--json").json["steps"] == [f"put the entry {ENTRY} into {EL7.config}"]
    assert box.tree() == before


def test_a_choice_of_somebody_else_stays(tmp_path: Path) -> None:
    box = Box(tmp_path)
    subprocess.run([box.bin / "grub2-editenv", box.path(EL7.env), "set", "next_entry=other"], check=True)
    box.run("enter")
    assert "next_entry=other" in box.path(EL7.env).read_text()
