"""The scripts at an installation's end as programs: under every shell, in made-up installers of each release."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from after_box import INSTALLERS, KEEP, KEPT, KERNEL, NEW_ID, OLD_ID, AfterBox
from conftest import needs_root, needs_tools
from guard_box import DIGEST, ID, SHELLS

from kickbuild import __version__

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [needs_tools("dash", "bash", "busybox"), needs_root()]
CONNECTIONS = "etc/NetworkManager/system-connections"
SCRIPTS = "etc/sysconfig/network-scripts"
IFCFG = {
    **{name: text for name, text in KEPT.items() if not name.startswith("network/")},
    "network/network-scripts/ifcfg-eth0": "IPADDR=192.0.2.10\n",
    "network/network-scripts/keys-wifi": "KEY=1\n",
    "network/network-scripts/route-eth0": "default via 192.0.2.1\n",
}


@pytest.fixture
def box(tmp_path: Path) -> AfterBox:
    return AfterBox(tmp_path)


@pytest.mark.parametrize("release", INSTALLERS)
@pytest.mark.parametrize("shell", SHELLS)
def test_each_release(tmp_path: Path, release: str, shell: str) -> None:
    box = AfterBox(tmp_path, release)
    box.arm(IFCFG if release == "rhel6" else None)
    ended = box.run(shell=shell)
    assert ended.code == 0, ended.output
    assert re.fullmatch(r"20[0-9-]+T[0-9:]+Z", ended.stamp["ended"])
    assert ended.stamp == {
        "schema": "1",
        "id": ID,
        "profile": "web",
        "digest": DIGEST,
        "release": release,
        "kickbuild": __version__,
        "outcome": "installed",
        "started": "2024-05-01T10:00:00Z",
        "ended": ended.stamp["ended"],
        "reason": "",
    }
    assert ended.state == ended.stamp
    assert box.mode("etc/kickbuild-release") == 0o644
    assert not box.keep.exists()
    assert box.read("etc/ssh/ssh_host_ed25519_key") == KEPT["ssh/ssh_host_ed25519_key"]
    assert box.mode("etc/ssh/ssh_host_ed25519_key") == 0o600
    assert box.mode("etc/ssh/ssh_host_ed25519_key.pub") == 0o644
    if release == "rhel6":
        assert box.read("var/lib/dbus/machine-id") == f"{OLD_ID}\n"
        assert box.read("etc/sysconfig/network") == "NETWORKING=yes\nHOSTNAME=web1.example.org\n"
        assert box.read(f"{SCRIPTS}/ifcfg-eth0") == "IPADDR=192.0.2.10\n"
        assert (box.mode(f"{SCRIPTS}/keys-wifi"), box.mode(f"{SCRIPTS}/route-eth0")) == (0o600, 0o644)
        assert box.read(f"{SCRIPTS}/ifcfg-lo") == "DEVICE=lo\n"
    else:
        assert box.read("etc/machine-id") == f"{OLD_ID}\n"
        assert box.mode("etc/machine-id") == 0o444
        assert box.read("etc/hostname") == "web1.example.org\n"
        assert [path.name for path in (box.system / CONNECTIONS).iterdir()] == ["Wired connection 1.nmconnection"]
        assert box.mode(f"{CONNECTIONS}/Wired connection 1.nmconnection") == 0o600
        # A connection of the installer's could take the interface.
        assert box.read(f"{SCRIPTS}/ifcfg-eno1") is None
    point, options, system = INSTALLERS[release]
    inside = f"{system}/mnt/kickbuild-drive"
    called = [line for line in box.called() if "editenv" not in line]
    remounts = [f"mount -o remount,{mode} /dev/sdb1 {point}" for mode in ("rw", "ro")]
    expected = [
        f"mount --bind {point} {inside}",
        f"chroot {system} sh /mnt/kickbuild-drive/kickbuild/agent enter --profile web",
        f"umount {inside}",
    ]
    assert [line for line in called if line not in remounts] == expected
    assert not (box.system / "mnt" / "kickbuild-drive").exists()
    assert not list(box.root.rglob(".kickbuild-*"))
    assert options in {"ro", "rw"}


def test_the_entries_follow_the_machine_id(box: AfterBox) -> None:
    box.arm()
    assert box.run().state["reason"] == ""
    entries = {path.name: path.read_text() for path in (box.system / "boot/loader/entries").iterdir()}
    assert entries == {
        f"{OLD_ID}-{KERNEL}.conf": f"linux /vmlinuz-{KERNEL}\n",
        f"{OLD_ID}-0-rescue.conf": f"linux /vmlinuz-0-rescue-{OLD_ID}\ninitrd /initramfs-0-rescue-{OLD_ID}.img\n",
    }
    assert box.read(f"boot/vmlinuz-0-rescue-{OLD_ID}") == "rescue kernel"
    assert box.read(f"boot/vmlinuz-0-rescue-{NEW_ID}") is None
    assert box.read("boot/grub2/grubenv") == f"saved_entry={OLD_ID}-{KERNEL}\n"


def test_the_group_that_may_read_host_keys(box: AfterBox) -> None:
    """0640 is of use only where ssh-keysign belongs to the group; elsewhere sshd refuses such a key."""
    box.arm()
    box.write("usr/libexec/openssh/ssh-keysign")
    shutil.chown(box.system / "usr/libexec/openssh/ssh-keysign", group=993)
    box.run()
    assert box.mode("etc/ssh/ssh_host_rsa_key") == 0o640
    chowned = (box.root / "chowned").read_text().splitlines()
    assert chowned == [
        f"0:993 {box.system}/etc/ssh/.kickbuild-partial-{name}" for name in ("ssh_host_ed25519_key", "ssh_host_rsa_key")
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_kept_where_the_profile_says_so(box: AfterBox, shell: str) -> None:
    ended = box.run(shell=shell, keep=())
    assert ended.state["outcome"] == "installed"
    assert box.read("etc/machine-id") == f"{NEW_ID}\n"


def test_a_box_that_was_booted_by_hand(box: AfterBox) -> None:
    box.begin("")
    ended = box.run()
    assert ended.stamp["id"] == ""
    assert "was not armed" in ended.stamp["reason"]
    assert box.read("etc/hostname") == "localhost.localdomain\n"


def test_what_another_arming_kept_does_not_count(box: AfterBox) -> None:
    box.arm()
    (box.keep / "keep.state").write_text(f"id={ID[::-1]}\nkept={','.join(KEEP)}\n")
    assert "not of the last arming" in box.run().stamp["reason"]
    assert box.read("etc/hostname") == "localhost.localdomain\n"
    assert (box.keep / "ssh").is_dir()


@pytest.mark.parametrize("shell", SHELLS)
def test_one_step_that_fails_stops_no_other(box: AfterBox, shell: str) -> None:
    box.arm()
    shutil.rmtree(box.system / "etc" / "ssh")
    box.chroot(entered=6, says="it is a bad day")
    ended = box.run(shell=shell)
    assert ended.code == 0
    assert ended.state["outcome"] == "installed"
    assert ended.stamp["reason"].startswith(
        "the new system has no /etc/ssh; ssh_host_keys could not be restored; what is kept stays on the drive"
    )
    assert "the agent ended with 6: it is a bad day" in ended.stamp["reason"]
    assert box.read("etc/hostname") == "web1.example.org\n"
    assert (box.keep / "keep.state").is_file()


@pytest.mark.parametrize("release", ["centos-stream10", "rhel6"])
def test_network_files_that_the_new_system_does_not_read(tmp_path: Path, release: str) -> None:
    """Whatever the installer gave it is better than nothing."""
    box = AfterBox(tmp_path, release)
    box.arm(KEPT if release == "rhel6" else IFCFG)
    ended = box.run()
    assert "does not read" in ended.stamp["reason"]
    left = f"{SCRIPTS}/ifcfg-eth0" if release == "rhel6" else f"{CONNECTIONS}/eno1.nmconnection"
    assert box.read(left) in {"BOOTPROTO=dhcp\n", "installer\n"}
    assert (box.keep / "network").is_dir()


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_names_and_links_are_not_followed(box: AfterBox, shell: str) -> None:
    box.arm()
    secret = box.root / "secret"
    secret.write_text("secret\n")
    (box.keep / "ssh" / "ssh_host_ecdsa_key").symlink_to(secret)
    (box.keep / "ssh" / "ssh_host_$(touch x)_key").write_text("x")
    (box.keep / "ssh" / "ssh_host_\nx_key").write_text("x")
    (box.keep / "network" / "system-connections" / "a\nb").write_text("x")
    (box.keep / "hostname").write_text("$(reboot)\n")
    (box.keep / "machine-id").unlink()
    (box.keep / "machine-id").symlink_to(secret)
    ended = box.run(shell=shell)
    assert ended.code == 0
    assert sorted(path.name for path in (box.system / "etc/ssh").iterdir()) == sorted(
        name.removeprefix("ssh/") for name in KEPT if name.startswith("ssh/")
    )
    assert box.read("etc/hostname") == "localhost.localdomain\n"
    assert box.read("etc/machine-id") == f"{NEW_ID}\n"
    assert list((box.system / CONNECTIONS).iterdir()) == []
    assert box.read(f"{SCRIPTS}/ifcfg-eno1") is not None
    assert box.keep.is_dir()
    assert not list(box.root.rglob("x"))


@pytest.mark.parametrize("path", ["etc/ssh", "etc/NetworkManager"])
def test_a_link_in_the_new_system_leads_nowhere(box: AfterBox, path: str) -> None:
    """An absolute link means another place to the installer than to the new system."""
    box.arm()
    outside = box.root / "outside"
    (box.system / path).rename(outside)
    (box.system / path).symlink_to(outside)
    assert "could not be restored" in box.run().stamp["reason"]
    assert not [found for found in outside.rglob("*") if found.is_file()]


@pytest.mark.parametrize("shell", SHELLS)
def test_no_drive(box: AfterBox, shell: str) -> None:
    for path in (box.root / "dev" / "disk" / "by-uuid").iterdir():
        path.unlink()
    ended = box.run(shell=shell)
    assert ended.code == 0
    assert ended.stamp["outcome"] == "installed"
    assert ended.stamp["id"] == ID
    assert "carries UUID=" in ended.stamp["reason"]
    assert ended.state["outcome"] == "started"


def test_a_drive_that_the_installer_has_let_go(box: AfterBox) -> None:
    """RHEL 6 may have unmounted it; it is mounted, used and unmounted."""
    box.mounts.clear()
    drive = box.drive.rename(box.root / "drive")
    box.program(
        "mount", f'echo "mount $*" >>{box.root}/called\n[ "$1" = --bind ] || {{ rmdir "$2"; ln -s {drive} "$2"; }}'
    )
    box.run(keep=())
    assert "outcome=installed" in (drive / "kickbuild" / "web" / "rebuild.state").read_text()
    assert box.called()[0] == "mount /dev/sdb1 /tmp/kickbuild-drive"
    assert box.called()[-1] == "umount /tmp/kickbuild-drive"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_drive_that_is_mounted_read_only_is_so_again(box: AfterBox, shell: str) -> None:
    blocked = box.home / ".kickbuild-partial-try"
    blocked.mkdir()
    box.program("mount", f'echo "mount $*" >>{box.root}/called\ncase $2 in remount,rw) rmdir {blocked} ;; esac')
    assert box.run(shell=shell, keep=()).state["outcome"] == "installed"
    remounts = [line for line in box.called() if "remount" in line]
    assert remounts == [f"mount -o remount,{mode} /dev/sdb1 {box.point}" for mode in ("rw", "ro")]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_drive_that_takes_no_bytes(box: AfterBox, shell: str) -> None:
    box.arm()
    (box.home / ".kickbuild-partial-try").mkdir()
    (box.home / ".kickbuild-partial-rebuild.state").mkdir()
    (box.home / "log").write_text("no directory\n")
    ended = box.run(shell=shell)
    assert ended.code == 0
    assert ended.state["outcome"] == "started"
    assert ended.stamp["outcome"] == "installed"
    assert "the drive takes no bytes" in ended.stamp["reason"]
    assert box.read("etc/hostname") == "web1.example.org\n"


def test_a_drive_that_answers_no_more(box: AfterBox) -> None:
    """The box's own sleep takes no time."""
    box.program("sleep", ":")
    hang, mkdir = (shutil.which(name) for name in ("sleep", "mkdir"))
    box.program("mkdir", f'case $* in */log) exec {hang} 600 ;; esac\nexec {mkdir} "$@"')
    ended = box.run(keep=())
    assert ended.code == 0
    assert ended.state["outcome"] == "installed"
    assert "not all logs are on the drive" in ended.state["reason"]


def test_logs(box: AfterBox) -> None:
    (box.root / "tmp" / "anaconda.log").write_text("x" * 1048576 + "\nend\n")
    (box.root / "tmp" / "program.log").write_text(
        "INF rootpw --iscrypted geheim\npassword=geheim two\nurl http://me:geheim@example.org/\n"
        "hash $6$salt$geheim,\nPASSPHRASE: geheim\nplain line\n"
    )
    (box.root / "tmp" / "ks-script-1.log").write_text("geheim\n")
    (box.root / "tmp" / "anaconda-tb-1").write_text("geheim\n")
    (box.root / "tmp" / "storage.log").symlink_to("/etc/passwd")
    logs = box.home / "log"
    logs.mkdir()
    (logs / "old.log").write_text("old\n")
    box.chroot(says="password: geheim")
    box.run(keep=("hostname",))
    assert sorted(path.name for path in logs.iterdir()) == [
        *("anaconda.log", "kickbuild-enter.log", "kickbuild-restore.log", "program.log")
    ]
    assert "was not armed" in (logs / "kickbuild-restore.log").read_text()
    assert not [path for path in logs.iterdir() if "geheim" in path.read_text()]
    assert logs.stat().st_mode & 0o777 == 0o700
    assert (logs / "anaconda.log").stat().st_size == 1048576
    assert (logs / "anaconda.log").read_text().endswith("\nend\n")
    assert (logs / "anaconda.log").stat().st_mode & 0o777 == 0o600
    text = (logs / "program.log").read_text()
    assert "geheim" not in text
    assert "plain line" in text
    assert "http://(masked)@example.org/" in text


@pytest.mark.parametrize("shell", SHELLS)
def test_a_failure_is_told(box: AfterBox, shell: str) -> None:
    box.arm()
    box.write("etc/kickbuild-release", "outcome=installed\n")
    (box.root / "tmp" / "anaconda-tb-x1").write_text(
        'anaconda 34 exception report\nTraceback (most recent call first):\n  File "x.py", line 1\n'
        "pyanaconda.errors.PayloadError: no password=geheim package vim\n\nLocal variables:\nSomeError: x\n"
    )
    ended = box.run(shell=shell, kind="%onerror")
    assert ended.code == 0
    assert ended.state["outcome"] == "failed"
    assert ended.state["id"] == ID
    assert ended.state["reason"] == "pyanaconda.errors.PayloadError: no password=(masked)"
    assert ended.stamp == {}
    assert (box.keep / "keep.state").is_file()


def test_a_failure_of_which_only_the_log_tells(box: AfterBox) -> None:
    (box.root / "tmp" / "anaconda.log").write_text("1 ERR a: first\n2 CRT b: second\n3 INF c: third\n")
    assert box.run(kind="%onerror").state["reason"] == "2 CRT b: second"
    (box.root / "tmp" / "anaconda.log").unlink()
    assert box.run(kind="%onerror").state["reason"] == "the installer gave no reason"


COUNTED = """number=0
[ ! -f {root}/count ] || read -r number <{root}/count
number=$((number + 1))
echo $number >{root}/count
[ $number -ne "$KILLED_AT" ] || kill -9 0
exec {real} "$@"
"""


@pytest.mark.parametrize("release", ["alma9.4"])
def test_the_power_fails_at_any_file_change(tmp_path: Path, release: str) -> None:
    """What is kept is whole on the drive, or in the new system; and no stamp says more than is true."""
    number = 0
    seen: set[tuple[bool, bool, bool]] = set()
    while True:
        number += 1
        box = AfterBox(tmp_path / str(number), release)
        box.arm()
        for tool in ("mv", "rm", "ln", "cat", "mkdir"):
            box.program(tool, COUNTED.format(root=box.root, real=shutil.which(tool)))
        ended = box.run(killed_at=number)
        on_drive = (box.keep / "keep.state").is_file()
        if on_drive:
            assert all((box.keep / name).read_text() == text for name, text in KEPT.items()), number
        else:
            assert_all_is_back(box)
        if ended.stamp or ended.state["outcome"] == "installed":
            assert not on_drive, number
        # Each kernel has an entry whose files are there.
        for entry in (box.system / "boot/loader/entries").glob("*-0-rescue.conf"):
            for line in entry.read_text().splitlines():
                assert (box.system / "boot" / line.split("/")[1]).is_file(), number
        assert len(list((box.system / "boot/loader/entries").glob(f"*-{KERNEL}.conf"))) == 1
        seen.add((on_drive, bool(ended.stamp), ended.state["outcome"] == "installed"))
        shutil.rmtree(box.root)
        if ended.code == 0:
            break
    assert number > 25
    assert seen == {(True, False, False), (False, False, False), (False, True, False), (False, True, True)}


def assert_all_is_back(box: AfterBox) -> None:
    for name in ("ssh_host_ed25519_key", "ssh_host_ed25519_key.pub", "ssh_host_rsa_key"):
        assert box.read(f"etc/ssh/{name}") == KEPT[f"ssh/{name}"]
    assert box.read("etc/machine-id") == KEPT["machine-id"]
    assert box.read("etc/hostname") == KEPT["hostname"]
    assert box.read(f"{CONNECTIONS}/Wired connection 1.nmconnection") is not None
