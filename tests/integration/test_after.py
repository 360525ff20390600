"""The script at an installation's end with a real drive, real mounts and the real agent: an installer of busybox."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from after_box import KEEP, NEW_ID, OLD_ID, AfterBox
from conftest import needs_root, needs_tools
from guard_box import DIGEST, ID, UUID, read_state

from kickbuild.agent import render_agent
from kickbuild.build.manifest import FileRecord, Manifest, ProfileRecord, render_manifest

pytestmark = [needs_root(), needs_tools("busybox", "losetup", "mke2fs", "unshare", "chroot", "mount")]
ENTRY = "menuentry 'Rebuild' --id kickbuild-web {\n  true\n}\n"
#: What GRUB's own program does, as far as it is asked for here.
EDITENV = """#!/bin/sh
case $2 in
list) cat /boot/grub2/grubenv ;;
set) echo "$3" >/boot/grub2/grubenv ;;
esac
"""
#: $1 is the installer's root, $2 the drive's image, $3 where this release has it mounted, $4 how.
STEPS = """set -eu
device=$(losetup -f --show "$2")
trap 'umount -l "$1$3"; losetup -d "$device"' EXIT
mount -o "$4" "$device" "$1$3"
for root in "$1" "$1/mnt/sysimage"; do
    mount --rbind /proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
done
mount --rbind "$1/mnt/sysimage" "$1/mnt/sysroot"
chroot "$1" sh /script
cat "$1/proc/mounts" >"$1/mounts"
"""


def said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def make_root(root: Path) -> None:
    """Make a root filesystem in which busybox is every program."""
    binary = Path(shutil.which("busybox") or "busybox").resolve()
    for folder in ("bin", "dev", "mnt", "proc", "sys", "tmp"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copy(binary, root / "bin" / "busybox")
    for library in re.findall(r"/\S+", said_by("ldd", str(binary))):
        (root / library.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library.lstrip("/"))
    for applet in said_by("busybox", "--list").split():
        if not (root / "bin" / applet).exists():
            (root / "bin" / applet).symlink_to("busybox")
    # Nobody is asked for it here, but the agent wants it to be there.
    (root / "bin" / "blkid").unlink(missing_ok=True)
    (root / "bin" / "blkid").write_text("#!/bin/sh\nexit 2\n")
    (root / "bin" / "blkid").chmod(0o755)


def fill(drive: Path) -> None:
    """Put on a drive what prepare puts there, as far as the agent needs it to enter."""
    (drive / "kickbuild" / "agent").write_text(render_agent())
    (drive / "kickbuild" / "web" / "entry.grub2").write_text(ENTRY)
    path = "/kickbuild/web/entry.grub2"
    record = ProfileRecord(
        digest=DIGEST, release="alma9.4", arch="x86_64", handler="RHEL9", title="Rebuild", find_by="uuid",
        directory="/alma9.4", iso="/alma9.4/x.iso", target={"serial": "S"}, files=(path,), keep=KEEP,
    )  # fmt: skip
    files = {path: FileRecord(hashlib.sha256(ENTRY.encode()).hexdigest(), len(ENTRY))}
    manifest = Manifest(uuid=UUID, label="", profiles={"web": record}, files=files)
    (drive / "kickbuild" / "manifest.json").write_bytes(render_manifest(manifest))


@pytest.mark.parametrize(("release", "options"), [("alma9.4", "ro"), ("centos7", "rw")])
def test_the_whole_of_it(tmp_path: Path, release: str, options: str) -> None:
    box = AfterBox(tmp_path / "installer", release)
    box.arm()
    fill(box.drive)
    for root in (box.root, box.root / "mnt" / "sysimage", box.root / "mnt" / "sysroot"):
        root.mkdir(parents=True, exist_ok=True)
    if box.system.name == "sysroot":
        (box.root / "mnt" / "sysimage").rmdir()
        box.system = box.system.rename(box.root / "mnt" / "sysimage")
        (box.root / "mnt" / "sysroot").mkdir()
    for root in (box.root, box.system):
        make_root(root)
    for system_file, text in (("bin/grub2-editenv", EDITENV), ("boot/grub2/grub.cfg", "source custom.cfg\n")):
        box.write(system_file, text, 0o755)
    if release == "centos7":
        box.write("boot/grub2/grubenv", "saved_entry=CentOS\n")
    image = tmp_path / "drive.img"
    with image.open("wb") as file:
        file.truncate(64 * 1024**2)
    said_by("mke2fs", "-q", "-t", "ext4", "-U", UUID, "-d", str(box.drive), str(image))
    shutil.rmtree(box.drive)
    box.drive.mkdir()
    (box.root / "script").write_text(
        'mkdir -p /tmp/links\nln -s "$(sed -n "s, /run/install.*,,p" /proc/mounts)" /tmp/links/drive\n'
        + box.script("%post", KEEP).replace('"$root/dev/disk/by-$KB_SOURCE_KIND/$KB_SOURCE"', "/tmp/links/drive")
    )
    (box.root / "tmp" / "anaconda.log").write_text("10:00 INF it went well\n")
    steps = ["unshare", "-m", "sh", "-c", STEPS, "sh", str(box.root), str(image), box.point, options]
    done = subprocess.run(steps, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    stamp = read_state(box.system / "etc" / "kickbuild-release")
    assert (stamp["outcome"], stamp["id"], stamp["reason"]) == ("installed", ID, ""), done.stdout + done.stderr
    assert box.read("etc/hostname") == "web1.example.org\n"
    assert box.read("etc/machine-id") == f"{OLD_ID}\n"
    assert "### BEGIN kickbuild-web ###" in (box.read("boot/grub2/custom.cfg") or "")
    assert NEW_ID not in (box.read("boot/grub2/grubenv") or "")
    mounted = [line.split() for line in (box.root / "mounts").read_text().splitlines() if box.point in line]
    assert [words[3].split(",")[0] for words in mounted] == [options]
    assert not (box.system / "mnt" / "kickbuild-drive").exists()
    left = tmp_path / "left"
    left.mkdir()
    said_by("debugfs", "-R", f"rdump /kickbuild {left}", str(image))
    home = left / "kickbuild" / "web"
    assert read_state(home / "rebuild.state") == stamp
    assert (home / "log" / "anaconda.log").read_text() == "10:00 INF it went well\n"
    assert sorted(path.name for path in home.iterdir()) == ["entry.grub2", "log", "rebuild.state"]
