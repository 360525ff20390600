"""What the new system gets back: saved by arming, whole or not at all, for root alone, and removed again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from agent_box import BLS, EL6, EL7, EL9_UEFI, SHELLS, Box, Layout
from conftest import needs_tools

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = needs_tools("dash", "bash", "busybox", "grub-editenv")

ALL = ("ssh_host_keys", "machine_id", "hostname", "network")
SECRET = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LXRoYXQtbm9ib2R5LW1heS1zZWU\n"
MACHINE_ID = "0123456789abcdef0123456789abcdef"
EL10 = replace(EL9_UEFI, release="rocky10", handler="RHEL10")
IFCFG = "/etc/sysconfig/network-scripts/ifcfg-"
KEYFILE = "/etc/NetworkManager/system-connections/"


def make(folder: Path, layout: Layout = EL7, keep: tuple[str, ...] = ALL) -> Box:
    """Return a box that has everything to keep, and a drive that asks for some of it."""
    folder.mkdir(exist_ok=True)
    box = Box(folder, layout)
    for kind in ("rsa", "ed25519"):
        box.write(f"/etc/ssh/ssh_host_{kind}_key", SECRET + kind).chmod(0o640)
        box.write(f"/etc/ssh/ssh_host_{kind}_key.pub", f"ssh-{kind} public\n").chmod(0o644)
    box.write("/etc/ssh/ssh_host_rsa_key.rpmsave", "old")
    box.write("/etc/machine-id", f"{MACHINE_ID}\n")
    box.write("/etc/hostname", "box1.example.org\n")
    box.write(f"{IFCFG}ens3", "DEVICE=ens3\nIPADDR=192.0.2.7\n")
    box.write(f"{IFCFG}lo", "DEVICE=lo\n")
    box.write(f"{IFCFG}ens3.bak", "DEVICE=old\n")
    box.write("/etc/sysconfig/network-scripts/route-ens3", "default via 192.0.2.1\n")
    box.write("/etc/sysconfig/network-scripts/keys-wlan0", "KEY1=hidden-word\n")
    box.write(f"{KEYFILE}Büro 2.nmconnection", "[connection]\nid=x\n[wifi-security]\npsk=hidden-word\n")
    box.fill_drive(keep=keep)
    return box


def kept(box: Box) -> dict[str, bytes]:
    return {
        name.partition("/web/keep/")[2]: data for name, data in box.tree("/mnt/rebuild").items() if "/keep/" in name
    }


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_saved(tmp_path: Path, shell: str) -> None:
    box = make(tmp_path / "b")
    before = box.tree()
    checked = box.run("check", "--json", shell=shell)
    assert (checked.code, checked.json["keep"], box.tree()) == (0, ",".join(ALL), before), checked.out
    done = box.run("arm", "--json", shell=shell)
    assert (done.code, done.err) == (0, ""), done.out
    found = kept(box)
    assert found.pop("keep.state").decode() == f"id={done.json['id']}\nkept={','.join(ALL)}\n"
    assert found.pop("machine-id").decode() == f"{MACHINE_ID}\n"
    assert found.pop("hostname") == b"box1.example.org\n"
    scripts = ("ifcfg-ens3", "route-ens3", "keys-wlan0")
    sources = {
        **{f"ssh/ssh_host_{kind}_key{end}": "etc/ssh" for kind in ("rsa", "ed25519") for end in ("", ".pub")},
        **{f"network/network-scripts/{name}": "etc/sysconfig/network-scripts" for name in scripts},
        "network/system-connections/Büro 2.nmconnection": "etc/NetworkManager/system-connections",
    }  # fmt: skip
    assert found == {name: (box.root / where / name.rpartition("/")[2]).read_bytes() for name, where in sources.items()}
    folder = box.drive / "kickbuild/web/keep"
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    for command in ("status", "report", "arm", "check"):
        said = box.run(command, shell=shell)
        assert not any(word in said.out + said.err for word in ("OPENSSH", "c2VjcmV0", "hidden-word"))
    assert box.run("disarm", shell=shell).code == 0
    assert box.tree() == before
    assert not folder.exists()


def test_arming_again_saves_again_only_what_changed(tmp_path: Path) -> None:
    box = make(tmp_path / "b")
    first = box.run("arm", "--json").json["id"]
    again = box.run("arm", "--json").json
    assert (again["id"], again["changed"]) == (first, False)
    box.write("/etc/ssh/ssh_host_rsa_key", SECRET + "new")
    changed = box.run("arm", "--json").json
    assert (changed["id"] == first, changed["changed"]) == (False, True)
    assert kept(box)["ssh/ssh_host_rsa_key"].decode() == SECRET + "new"
    assert f"id={changed['id']}\n" in kept(box)["keep.state"].decode()


def test_without_keep_an_older_one_goes(tmp_path: Path) -> None:
    box = make(tmp_path / "b")
    box.run("arm")
    box.boot()
    assert box.run("status", "--json").found["keep.left"] == "warning"
    box.fill_drive()
    assert box.run("arm").code == 0
    assert kept(box) == {}


def test_what_is_left_of_a_rebuild_goes_with_disarm(tmp_path: Path) -> None:
    box = make(tmp_path / "b")
    box.run("arm")
    (box.drive / "kickbuild/armed.state").unlink()
    box.boot()
    assert box.run("disarm", "--dry-run", "--json").json["steps"] == [
        "remove from the drive what was kept for the new system"
    ]
    assert box.run("disarm", "--json").json["changed"] is True
    assert kept(box) == {}
    assert box.run("disarm", "--json").json["changed"] is False


def test_an_old_system_without_etc_hostname(tmp_path: Path) -> None:
    box = make(tmp_path / "b", EL6)
    for name in ("etc/hostname", "etc/machine-id"):
        (box.root / name).unlink()
    box.write("/etc/sysconfig/network", 'NETWORKING=yes\nHOSTNAME="old.example.org"\n')
    box.write("/var/lib/dbus/machine-id", f"{MACHINE_ID}\n")
    done = box.run("arm", "--json")
    # It reads no keyfiles, and there is one.
    assert (done.code, done.found.get("keep.network-part")) == (0, "warning"), done.out
    assert (kept(box)["hostname"], kept(box)["machine-id"]) == (b"old.example.org\n", f"{MACHINE_ID}\n".encode())


def no_keys(box: Box) -> None:
    for path in box.path("/etc/ssh").glob("*_key"):
        path.unlink()


def keys_elsewhere(box: Box) -> None:
    no_keys(box)
    (box.top / "theirs").write_text(SECRET)
    box.path("/etc/ssh/ssh_host_rsa_key").symlink_to(box.top / "theirs")


def no_machine_id(box: Box) -> None:
    box.write("/etc/machine-id", "uninitialized\n")


def hostile_name(box: Box) -> None:
    box.write("/etc/hostname", "$(reboot)\n")


def no_name(box: Box) -> None:
    box.write("/etc/hostname", "localhost.localdomain\n")


def no_network(box: Box) -> None:
    for folder in (IFCFG, KEYFILE):
        shutil.rmtree(box.path(folder).parent if folder is IFCFG else box.path(folder))


def on_vfat(box: Box) -> None:
    box.remount("/mnt/rebuild", "/dev/sdb1 /mnt/rebuild vfat rw 0 0")


def huge(box: Box) -> None:
    box.write(f"{KEYFILE}x", b"x" * 5_000_000)


BAD_DAYS: tuple[tuple[str, Callable[[Box], None]], ...] = (
    ("keep.ssh-host-keys", no_keys),
    ("keep.ssh-host-keys", keys_elsewhere),
    ("keep.machine-id", no_machine_id),
    ("keep.hostname", hostile_name),
    ("keep.hostname", no_name),
    ("keep.network", no_network),
    ("keep.filesystem", on_vfat),
    ("keep.large", huge),
)


@pytest.mark.parametrize(("says", "spoil"), BAD_DAYS)
def test_what_cannot_be_kept_is_refused(tmp_path: Path, says: str, spoil: Callable[[Box], None]) -> None:
    box = make(tmp_path / "b")
    spoil(box)
    before = box.tree()
    done = box.run("arm", "--json")
    assert (done.code, done.failed) == (5, {says}), done.out
    assert box.tree() == before
    assert all(f["hint"] for f in done.json["findings"] if f["severity"] == "error")
    # A profile that keeps nothing has nothing to do with it.
    box.fill_drive()
    assert box.run("check").code == 0


@pytest.mark.parametrize(
    ("layout", "without", "severity"),
    [
        (EL10, KEYFILE, "error"),
        (EL10, "", "warning"),
        (EL10, IFCFG, None),
        (EL9_UEFI, KEYFILE, None),
        (EL6, IFCFG, "error"),
        (EL6, KEYFILE, None),
    ],
)
def test_a_network_that_the_new_system_cannot_read(
    tmp_path: Path, layout: Layout, without: str, severity: str | None
) -> None:
    box = make(tmp_path / "b", layout, keep=("network",))
    if without:
        shutil.rmtree(box.path(without).parent if without is IFCFG else box.path(without))
    found = box.run("check", "--json").found
    assert found.get("keep.network-form" if severity == "error" else "keep.network-part") == severity


def test_names_of_interfaces_that_change(tmp_path: Path) -> None:
    box = make(tmp_path / "b", keep=("network",))
    box.write(f"{IFCFG}eth0", 'DEVICE="eth0"\nONBOOT=yes\n')
    done = box.run("check", "--json")
    assert (done.code, done.found["keep.network-names"]) == (0, "warning")
    box.write(f"{IFCFG}eth0", "DEVICE=eth0\nHWADDR=52:54:00:12:34:56\n")
    assert "keep.network-names" not in box.run("check", "--json").found


def test_something_that_this_agent_does_not_know(tmp_path: Path) -> None:
    box = make(tmp_path / "b", keep=("hostname",))
    path = box.drive / "kickbuild/manifest.json"
    path.write_text(path.read_text().replace('["hostname"]', '["hostname", "$(id) x"]'))
    assert box.run("arm", "--json").failed == {"keep.unknown"}


@pytest.mark.parametrize("tool", ["cp", "mkdir", "chmod", "mv"])
def test_a_drive_that_fills_up_meanwhile(tmp_path: Path, tool: str) -> None:
    box = make(tmp_path / "b")
    box.write(EL7.config, "set theirs=1\n")
    before = box.tree()
    real = (box.bin / tool).resolve()
    box.program(tool, f'case $* in *artial-keep*) echo "No space left on device" >&2; exit 1 ;; esac\nexec {real} "$@"')
    done = box.run("arm", "--json")
    assert (done.code, done.failed) == (6, {"arm.failed"}), done.out
    assert box.next_boot() == "old"
    assert box.tree() == before


def test_no_room_for_it(tmp_path: Path) -> None:
    box = make(tmp_path / "b", BLS)
    box.write(f"{KEYFILE}x", b"x" * 1_000_000)
    box.program("df", "echo head; echo /dev/x 9000 100 1000 1% /x")
    assert box.run("arm", "--json").failed == {"drive.full", "boot.full"}
