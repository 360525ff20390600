"""Made-up machines for the guard: sysfs, /dev and /proc as files, and the programs it calls as scripts."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kickbuild.build.manifest import FileRecord, Manifest, ProfileRecord, render_manifest
from kickbuild.drive.ref import DriveRef, RefKind
from kickbuild.kickstart.guard import INCLUDE, render_guard
from kickbuild.releases.find import parse_release

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.profile.model import Target

UUID = "3bde0ee8-e6a9-4960-94e6-3fd6e3149de6"
DIGEST = "d" * 64
ID = "0123456789abcdef0123456789abcdef"
ISO = "/rocky9/x.iso"
KS = "/kickbuild/web/ks.cfg"
SHELLS = ("dash", "bash", "bash --posix", "busybox sh")
LINES = (
    ("", "ignoredisk --drives=@OTHERS@"),
    ("", "clearpart --all --initlabel --drives=@TARGET@"),
    ("uefi", "part /boot/efi --ondisk=@TARGET@"),
    ("bios", "part biosboot --ondisk=@TARGET@"),
)


def read_state(path: Path) -> dict[str, str]:
    """Return what a file of "key=text" says; nothing where it is not there."""
    return dict(line.split("=", 1) for line in path.read_text().splitlines()) if path.is_file() else {}


@dataclass
class Disk:
    """One disk of a made-up machine. ``properties`` are udev's."""

    name: str
    gib: int = 100
    serial: str = ""
    model: str = ""
    wwn: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    partitions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    read_only: bool = False


@dataclass
class Result:
    """What the guard did."""

    code: int
    output: str
    include: str | None
    rebooted: bool
    log: str | None
    state: dict[str, str]
    """What rebuild.state on the drive says."""


class Box:
    """A made-up machine below a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "programs"
        self.drive = root / "run" / "install" / "isodir"
        self.mounts: list[str] = []
        folders = ("sys/block", "sys/class/block", "dev/disk", "proc", "tmp", "programs", "run/install/isodir")
        for folder in folders:
            (root / folder).mkdir(parents=True)
        (root / "made-up-machine").touch()
        (root / "dev" / "console").touch()
        (root / "proc" / "mounts").touch()
        self.program("mount", f'for last; do :; done\nmkdir -p "$last"\ncp -r {self.drive}/. "$last"/')
        self.program("umount", ":")
        # The real one would wait for everything else that this machine has to write.
        self.program("sync", ":")
        for tool in ("cat", "cp", "date", "ls", "mkdir", "mv", "readlink", "rm", "sha256sum", "sleep", "tr", "sh"):
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        self.blkid: dict[str, list[str]] = {}
        self.udev: dict[str, dict[str, str]] = {}
        self.size = 12345

    def program(self, name: str, body: str) -> None:
        """Put a program on the machine's PATH."""
        path = self.bin / name
        # It may be a link to the real one, which must not be written to.
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def add(self, disk: Disk) -> Disk:
        """Plug a disk in."""
        folder = self.root / "sys" / "block" / disk.name.replace("/", "!")
        (folder / "device").mkdir(parents=True)
        (folder / "size").write_text(f"{disk.gib * 1024**3 // 512}\n")
        (folder / "ro").write_text(f"{int(disk.read_only)}\n")
        if disk.serial:
            (folder / "device" / "serial").write_text(f"{disk.serial}\n")
        if disk.model:
            (folder / "device" / "model").write_text(f"{disk.model}  \n")
        if disk.wwn:
            (folder / "device" / "wwid").write_text(f"{disk.wwn}\n")
        self._node(disk.name)
        for partition in disk.partitions:
            (folder / partition.replace("/", "!")).mkdir()
            self._node(partition)
        for link in disk.links:
            self.link(link, disk.name)
        self.udev[disk.name] = disk.properties
        return disk

    def _node(self, name: str) -> None:
        path = self.root / "dev" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def link(self, link: str, name: str) -> None:
        """Make a link below /dev/disk; a later one of the same name takes its place, as udev does it."""
        path = self.root / "dev" / "disk" / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(self.root / "dev" / name)

    def image(self, partition: str, *, uuid: str = UUID, label: str = "REBUILD") -> None:
        """Say that the image drive's filesystem is on a partition."""
        self.link(f"by-uuid/{uuid}", partition)
        self.link(f"by-label/{label}", partition)
        if not self.mounts:
            self.mounts.append(f"/dev/{partition} /run/install/isodir ext4 ro 0 0")
        self.blkid.setdefault(f"UUID={uuid}", []).append(f"/dev/{partition}")
        self.blkid.setdefault(f"LABEL={label}", []).append(f"/dev/{partition}")

    def fill_drive(self, *, digest: str = DIGEST, recorded: int | None = None, ks: bytes = b"ks\n") -> None:
        """Put on the drive what prepare would have put there."""
        iso = self.drive / ISO.strip("/")
        iso.parent.mkdir(exist_ok=True)
        with iso.open("wb") as file:
            file.truncate(self.size)
        home = self.drive / "kickbuild" / "web"
        home.mkdir(parents=True, exist_ok=True)
        (home / "ks.cfg").write_bytes(b"ks\n")
        record = ProfileRecord(
            digest=digest, release="rocky9", arch="x86_64", handler="RHEL9", title="T", find_by="uuid",
            directory="/rocky9", iso=ISO, target={}, files=(ISO, KS),
        )  # fmt: skip
        size = self.size if recorded is None else recorded
        files = {ISO: FileRecord("a" * 64, size, "x.iso 1 2"), KS: FileRecord(hashlib.sha256(ks).hexdigest(), 3)}
        manifest = Manifest(uuid=UUID, label="REBUILD", profiles={"web": record}, files=files)
        (self.drive / "kickbuild" / "manifest.json").write_bytes(render_manifest(manifest))

    def run(
        self,
        target: Target,
        *,
        shell: str = "dash",
        release: str = "rocky9",
        by: RefKind = RefKind.UUID,
        firmware: str = "",
        lines: tuple[tuple[str, str], ...] = LINES,
        absent: set[str] | frozenset[str] = frozenset(),
        proc: bool = True,
    ) -> Result:
        """Run the guard on this machine; ``proc`` tells whether it can read what is mounted."""
        self._programs()
        for name in absent:
            (self.bin / name).unlink()
        mounts = self.root / "proc" / "mounts"
        mounts.write_text("".join(f"{line}\n" for line in self.mounts))
        if not proc:
            mounts.unlink()
        text = render_guard(
            profile_name="web",
            profile_digest=DIGEST,
            source=DriveRef(by, UUID if by is RefKind.UUID else "REBUILD"),
            target=target,
            capabilities=parse_release(release).can,
            release=release,
            kickstart_path=KS,
            iso_path=ISO,
            iso_size=self.size,
            storage_lines=lines,
            firmware=firmware,
        )
        script = self.root / "guard"
        script.write_text(text)
        environment = {"PATH": str(self.bin), "KB_TEST_ROOT": str(self.root)}
        done = subprocess.run(
            [shutil.which(shell.split(maxsplit=1)[0]) or "sh", *shell.split()[1:], str(script)],
            env=environment,
            cwd=self.root,
            capture_output=True,
            timeout=60,
            check=False,
        )
        include = self.root / INCLUDE.strip("/")
        logs = sorted(self.root.rglob("last-refusal.log"))
        return Result(
            done.returncode,
            (done.stdout + done.stderr).decode("utf-8", "replace"),
            include.read_text() if include.is_file() else None,
            (self.root / "rebooted").exists(),
            logs[0].read_text() if logs else None,
            read_state(self.drive / "kickbuild" / "web" / "rebuild.state"),
        )

    def arm(self, number: str = ID, profile: str = "web") -> None:
        """Leave on the drive what arming leaves there."""
        (self.drive / "kickbuild" / "armed.state").write_text(f"phase=armed\nid={number}\nprofile={profile}\n")

    def _programs(self) -> None:
        rows = "\n".join(f"'{tag}') printf '%s\\n' {' '.join(devices)} ;;" for tag, devices in self.blkid.items())
        if not (self.bin / "blkid").exists():
            self.program("blkid", f"for last; do :; done\ncase $last in\n{rows}\n*) exit 2 ;;\nesac")
        for name, properties in self.udev.items():
            file = self.root / f"udev-{name.replace('/', '-')}"
            file.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        find = f'for last; do :; done\nname=${{last#--name=/dev/}}\ncat "{self.root}/udev-$(echo "$name" | tr / -)"'
        self.program("udevadm", find)
