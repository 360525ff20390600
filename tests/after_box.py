"""Made-up installers at their end: a drive, a new system, and the programs that the scripts call, all as files."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guard_box import DIGEST, ID, UUID, read_state

from kickbuild.drive.ref import DriveRef, RefKind
from kickbuild.kickstart.after import after_section
from kickbuild.releases.find import parse_release

if TYPE_CHECKING:
    from pathlib import Path

OLD_ID = "0" * 31 + "1"
NEW_ID = "f" * 32
KERNEL = "5.14.0-427.el9.x86_64"
#: Where each release's installer has the drive mounted when %post runs, and the new system; with its options.
INSTALLERS = {
    "rhel6": ("/mnt/isodir", "rw", "/mnt/sysimage"),
    "centos7": ("/run/install/isodir", "rw", "/mnt/sysimage"),
    "rocky8.2": ("/run/install/isodir", "ro", "/mnt/sysimage"),
    "rocky8.10": ("/run/install/sources/mount-0000-hdd-device", "ro", "/mnt/sysroot"),
    "alma9.4": ("/run/install/sources/mount-0000-hdd-device", "ro", "/mnt/sysroot"),
    "centos-stream10": ("/run/install/sources/mount-0001-hdd-device", "ro", "/mnt/sysroot"),
    "fedora43": ("/run/install/sources/mount-0000-hdd-device", "ro", "/mnt/sysroot"),
}
KEPT = {
    "ssh/ssh_host_ed25519_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nold\n",
    "ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA old\n",
    "ssh/ssh_host_rsa_key": "rsa old\n",
    "machine-id": f"{OLD_ID}\n",
    "hostname": "web1.example.org\n",
    "network/system-connections/Wired connection 1.nmconnection": "[connection]\nid=old\n",
}
KEEP = ("ssh_host_keys", "machine_id", "hostname", "network")
_STAND_INS = ("blkid", "chown", "chroot", "mount", "sync", "umount")
_TOOLS = ("cat", "date", "ln", "ls", "mkdir", "mv", "readlink", "rm", "rmdir", "sed", "sleep", "tail", "sh")


@dataclass
class Ended:
    """What the script left."""

    code: int
    output: str
    stamp: dict[str, str]
    state: dict[str, str]


class AfterBox:
    """An installer of a release below a directory, when its %post scripts run."""

    def __init__(self, root: Path, release: str = "alma9.4") -> None:
        self.root = root
        self.release = release
        point, self.options, system = INSTALLERS[release]
        self.point = point
        self.drive = root / point.strip("/")
        self.system = root / system.strip("/")
        self.home = self.drive / "kickbuild" / "web"
        self.keep = self.home / "keep"
        self.bin = root / "programs"
        for folder in (self.home, self.system, self.bin, root / "dev/disk/by-uuid", root / "proc", root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        (root / "made-up-machine").touch()
        (root / "dev" / "sdb1").touch()
        (root / "dev" / "disk" / "by-uuid" / UUID).symlink_to(root / "dev" / "sdb1")
        (self.drive / "kickbuild" / "manifest.json").write_text("{}\n")
        self.mounts = [f"/dev/sdb1 {point} ext4 {self.options},relatime 0 0"]
        for tool in _TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        self.program("sync", ":")
        self.program("blkid", "exit 2")
        self.program("chown", f'echo "$*" >>{root}/chowned')
        self.program("mount", f'echo "mount $*" >>{root}/called')
        self.program("umount", f'echo "umount $*" >>{root}/called')
        self.chroot()
        self.install()
        self.begin()

    def program(self, name: str, body: str) -> None:
        """Put a program on the installer's PATH."""
        path = self.bin / name
        # It may be a link to the real one, which must not be written to.
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def chroot(self, *, entered: int = 0, says: str = "") -> None:
        """Say what the programs of the new system do: ``entered`` is how the agent ends."""
        grubenv = self.system / "boot" / "grub2" / "grubenv"
        self.program(
            "chroot",
            f"""echo "chroot $*" >>{self.root}/called
case $2 in
grub2-editenv) [ -f {grubenv} ] || exit 1
    case $4 in list) cat {grubenv} ;; set) echo "$5" >{grubenv} ;; esac ;;
sh) echo '{says}'; exit {entered} ;;
esac""",
        )

    def write(self, path: str, text: str = "", mode: int = 0o644) -> None:
        """Write a file of the new system."""
        file = self.system / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def read(self, path: str) -> str | None:
        """Read a file of the new system."""
        file = self.system / path
        return file.read_text() if file.is_file() else None

    def mode(self, path: str) -> int:
        """Return the permissions of a file of the new system."""
        return (self.system / path).stat().st_mode & 0o7777

    def install(self) -> None:
        """Make the new system as this release's installer leaves it."""
        for folder in ("usr/sbin", "mnt", "etc/ssh", "boot"):
            (self.system / folder).mkdir(parents=True)
        self.write("etc/fstab")
        self.write("etc/group", "root:x:0:\nssh_keys:x:993:\n")
        if self.release == "rhel6":
            self.write("etc/init.d/network")
            self.write("etc/sysconfig/network", "NETWORKING=yes\nHOSTNAME=localhost.localdomain\n")
            self.write("etc/sysconfig/network-scripts/ifcfg-lo", "DEVICE=lo\n")
            self.write("etc/sysconfig/network-scripts/ifcfg-eth0", "BOOTPROTO=dhcp\n")
            (self.system / "var/lib/dbus").mkdir(parents=True)
            return
        self.write("etc/machine-id", f"{NEW_ID}\n", 0o444)
        self.write("etc/hostname", "localhost.localdomain\n")
        self.write("usr/sbin/NetworkManager")
        (self.system / "usr/lib/systemd").mkdir(parents=True)
        (self.system / "etc/NetworkManager/system-connections").mkdir(parents=True)
        if self.release in {"centos7", "rocky8.2", "rocky8.10", "alma9.4"}:
            self.write("usr/lib64/NetworkManager/1.46/libnm-settings-plugin-ifcfg-rh.so")
            self.write("etc/sysconfig/network-scripts/ifcfg-eno1", "BOOTPROTO=dhcp\n")
        else:
            self.write("etc/NetworkManager/system-connections/eno1.nmconnection", "installer\n", 0o600)
        if self.release != "centos7":
            entries = "boot/loader/entries"
            self.write(f"{entries}/{NEW_ID}-{KERNEL}.conf", f"linux /vmlinuz-{KERNEL}\n")
            rescue = f"linux /vmlinuz-0-rescue-{NEW_ID}\ninitrd /initramfs-0-rescue-{NEW_ID}.img\n"
            self.write(f"{entries}/{NEW_ID}-0-rescue.conf", rescue)
            self.write(f"boot/vmlinuz-0-rescue-{NEW_ID}", "rescue kernel")
            self.write(f"boot/initramfs-0-rescue-{NEW_ID}.img", "rescue initrd")
            self.write("boot/grub2/grubenv", f"saved_entry={NEW_ID}-{KERNEL}\n")

    def begin(self, number: str = ID) -> None:
        """Leave what the guard left in the installer's memory and on the drive."""
        text = f"schema=1\nid={number}\nprofile=web\ndigest={DIGEST}\noutcome=started\nstarted=2024-05-01T10:00:00Z\n"
        (self.root / "tmp" / "kickbuild-rebuild.state").write_text(text)
        (self.home / "rebuild.state").write_text(text)

    def arm(self, kept: dict[str, str] | None = None, *, words: tuple[str, ...] = KEEP) -> None:
        """Keep on the drive what arming keeps."""
        (self.drive / "kickbuild" / "armed.state").write_text(f"phase=armed\nid={ID}\nprofile=web\n")
        for name, text in (KEPT if kept is None else kept).items():
            file = self.keep / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (self.keep / "keep.state").write_text(f"id={ID}\nkept={','.join(words)}\n")

    def script(self, kind: str, keep: tuple[str, ...]) -> str:
        """Return the program of ``%post`` or ``%onerror``."""
        section = after_section(
            profile_name="web",
            profile_digest=DIGEST,
            source=DriveRef(RefKind.UUID, UUID),
            release=self.release,
            keep=keep,
            onerror=parse_release(self.release).can.onerror,
        )
        return section.split(f"\n{kind} ", 1)[1].split("\n", 1)[1].split("\n%end\n", 1)[0] + "\n"

    def run(
        self, *, shell: str = "dash", kind: str = "%post", keep: tuple[str, ...] = KEEP, killed_at: int = 0
    ) -> Ended:
        """Run the script; ``killed_at`` is the number of the program call at which everything is killed."""
        (self.root / "proc" / "mounts").write_text("".join(f"{line}\n" for line in self.mounts))
        script = self.root / "script"
        # busybox would take programs of its own, which change this machine, for those on the PATH.
        own = [f'{name}() {{ {self.bin}/{name} "$@"; }}\n' for name in _STAND_INS if shell.startswith("busybox")]
        script.write_text("".join(own) + self.script(kind, keep))
        environment = {"PATH": str(self.bin), "KB_TEST_ROOT": str(self.root), "KILLED_AT": str(killed_at)}
        with (self.root / "output").open("wb") as output:
            process = subprocess.Popen(
                [shutil.which(shell.split(maxsplit=1)[0]) or "sh", *shell.split()[1:], str(script)],
                env=environment,
                cwd=self.root,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                code = process.wait(timeout=120)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return Ended(
            code,
            (self.root / "output").read_text(errors="replace"),
            read_state(self.system / "etc" / "kickbuild-release"),
            read_state(self.home / "rebuild.state"),
        )

    def called(self) -> list[str]:
        """Return what mount, umount and chroot were called with, without the made-up machine's own place."""
        file = self.root / "called"
        return file.read_text().replace(str(self.root), "").splitlines() if file.is_file() else []
