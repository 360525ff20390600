"""Initial RAM disks made from unpacked parts: the old system's, and the stand-in installer's."""

from __future__ import annotations

import gzip
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from boot_parts import run

from kickbuild.rehearse.old_system import speaking_boot_sector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from boot_parts import BootParts, Kernel

STANDIN: Final = Path(__file__).parents[1] / "standin"
_BUSYBOX: Final = "usr/bin/busybox"
_LIBRARIES: Final = "usr/lib/x86_64-linux-gnu"

#: Programs of the stand-in that are the distribution's own and not busybox's; ``mount`` knows UUID= as RHEL 6's does.
_PROGRAMS: Final = (
    "usr/bin/bash",
    "usr/bin/mount",
    "usr/bin/udevadm",
    "usr/bin/umount",
    "usr/sbin/blkid",
    "usr/sbin/blockdev",
    "usr/lib/udev/ata_id",
    "usr/lib/udev/scsi_id",
)
_EDITENV: Final = "usr/bin/grub-editenv"
#: What makes a box the one that it is: files of the old system, with their modes.
IDENTITY: Final = (
    ("etc/ssh/ssh_host_ed25519_key", b"the secret half of the box's key\n", 0o600),
    ("etc/ssh/ssh_host_ed25519_key.pub", b"ssh-ed25519 AAAA box\n", 0o644),
    ("etc/hostname", b"box1.example\n", 0o644),
)
#: The programs with which the agent changes files, before which it can be stopped.
HELD: Final = ("cp", "mv", "rm", "sync")
_RULES: Final = (
    "50-udev-default.rules",
    "60-block.rules",
    "60-cdrom_id.rules",
    "60-persistent-storage.rules",
)
#: Applets that no installer image has as programs (lorax share/runtime-cleanup.tmpl, anaconda upd-instroot): what is
#: tested must not lean on them.
_ABSENT: Final = frozenset(
    {
        *("comm", "findfs", "init", "install", "linuxrc", "mdev", "nproc", "printf", "stat", "test", "timeout"),
        *("truncate", "whoami", "yes"),
    }
)
#: Applets whose names are taken.
_ELSEWHERE: Final = frozenset({"bash", "blkid", "blockdev", "busybox", "mount", "sh", "umount"})
#: What that kernel has no driver for, no machine that boots it has; the rest is part of it.
_NOT_EVERYWHERE: Final = frozenset({"af_packet", "ahci", "crc32c_generic", "ext4", "nvme", "usb_storage", "xhci_pci"})
#: Modules, by what a PCI device that needs them says of itself (its modalias): vendor or class; every machine needs
#: the last. ext4 asks for its checksum by the name of the algorithm, and so does not depend on it.
_MODULES: Final = {
    "v00001AF4": ("virtio_pci", "virtio_blk", "virtio_scsi"),
    "bc01sc01": ("ata_piix",),
    "bc01sc06": ("ahci",),
    "bc01sc08": ("nvme",),
    "bc0Csc03": ("xhci_pci", "usb_storage"),
    "": ("sd_mod", "loop", "isofs", "crc32c_generic", "ext4", "vfat", "nls_ascii", "nls_cp437"),
}
_REGULAR, _SYMLINK, _DIRECTORY = 0o100000, 0o120000, 0o040000


@dataclass(slots=True)
class Archive:
    """Files for an initrd, by path without a leading slash; written as a ``newc`` archive."""

    entries: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def directory(self, path: str) -> None:
        """Add a directory and those above it."""
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            self.entries.setdefault("/".join(parts[:depth]), (_DIRECTORY | 0o755, b""))

    def add(self, path: str, content: bytes, *, mode: int = 0o755) -> None:
        """Add a file."""
        self.directory(path.rpartition("/")[0]) if "/" in path else None
        self.entries[path] = (_REGULAR | mode, content)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self.directory(path.rpartition("/")[0]) if "/" in path else None
        self.entries[path] = (_SYMLINK | 0o777, target.encode())

    def pack(self) -> bytes:
        """Return the archive, compressed."""
        members = [*self.entries.items(), ("TRAILER!!!", (0, b""))]
        packed = b"".join(_member(number, name, *entry) for number, (name, entry) in enumerate(members, start=1))
        return gzip.compress(packed, compresslevel=4, mtime=0)


def _member(number: int, name: str, mode: int, content: bytes) -> bytes:
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(f"{value:08X}".encode() for value in fields) + encoded
    return _padded(header) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def old_os_initrd(parts: BootParts) -> bytes:
    """Return the initrd of the old system."""
    archive = _base(parts)
    archive.add("init", (STANDIN / "old-os").read_bytes())
    return archive.pack()


def box_initrd(parts: BootParts, shell: str, conf: str) -> bytes:
    """Return the initrd of an old system in which the agent works, with ``bash`` or ``busybox`` as its sh."""
    archive = _base(parts)
    _add_userland(archive, parts, _EDITENV)
    archive.link("usr/bin/grub2-editenv", _EDITENV.rpartition("/")[2])
    archive.link("usr/bin/sh", shell)
    archive.add("init", (STANDIN / "box").read_bytes())
    archive.add("standin/devices.sh", (STANDIN / "devices.sh").read_bytes())
    held = (STANDIN / "held").read_bytes()
    for name in HELD:
        archive.add(f"held/{name}", held)
    archive.add("box.conf", conf.encode(), mode=0o644)
    for path, content, mode in IDENTITY:
        archive.add(path, content, mode=mode)
    archive.add("etc/os-release", b'NAME="Rocky Linux"\nID="rocky"\n', mode=0o644)
    _add_modules(archive, parts.kernel())
    return archive.pack()


def standin_initrd(parts: BootParts, kernel: Kernel, release: int, new_root: dict[str, bytes]) -> bytes:
    """Return the stand-in installer that follows the rules of a RHEL major version.

    ``new_root`` holds the new system's files, by their paths, besides its programs, which are the stand-in's own.
    """
    archive = _base(parts)
    for name in ("devices.sh", "stage1.sh", "storage.sh", "install.sh"):
        archive.add(f"standin/{name}", (STANDIN / name).read_bytes())
    archive.add("init", (STANDIN / "init").read_bytes())
    archive.add("release", f"{release}\n".encode())
    archive.add("new-system", new_system())
    archive.add("new-esp", new_esp(parts))
    for path, content in new_root.items():
        archive.add(f"new-root/{path}", content, mode=0o644)
    _add_userland(archive, parts, _EDITENV)
    archive.link("usr/bin/grub2-editenv", _EDITENV.rpartition("/")[2])
    _add_modules(archive, kernel)
    return archive.pack()


def _base(parts: BootParts) -> Archive:
    archive = Archive()
    for name in ("dev", "proc", "sys", "run", "tmp", "mnt", "etc", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64"):
        archive.directory(name)
    for name in ("bin", "sbin", "lib", "lib64"):
        archive.link(name, f"usr/{name}")
    archive.add(_BUSYBOX, (parts.root / _BUSYBOX).read_bytes())
    return archive


def _add_userland(archive: Archive, parts: BootParts, *more: str) -> None:
    programs = [*_PROGRAMS, *more]
    for applet in applets(parts):
        archive.link(f"usr/bin/{applet}", "busybox")
    archive.link("usr/bin/sh", "bash")
    for name in programs:
        archive.add(name, (parts.root / name).read_bytes())
    # The two are one program, which looks at the name it was started by.
    archive.link("usr/lib/systemd/systemd-udevd", "/usr/bin/udevadm")
    for name in _RULES:
        archive.add(f"usr/lib/udev/rules.d/{name}", (parts.root / "usr/lib/udev/rules.d" / name).read_bytes())
    archive.add("etc/passwd", b"root:x:0:0:root:/:/bin/sh\n", mode=0o644)
    archive.add("etc/group", b"root:x:0:\ndisk:x:6:\n", mode=0o644)
    for name in sorted(_needed(parts, programs)):
        archive.add(f"{_LIBRARIES}/{name}", (parts.root / _LIBRARIES / name).read_bytes())
    archive.link("usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")


def applets(parts: BootParts) -> list[str]:
    """Return the busybox applets that the stand-in has."""
    return sorted(set(run([str(parts.root / _BUSYBOX), "--list"]).split()) - _ABSENT - _ELSEWHERE)


def _needed(parts: BootParts, programs: list[str]) -> set[str]:
    """Return the libraries that programs name, and those that these name; every name is a string of the file."""
    there = {path.name for path in (parts.root / _LIBRARIES).glob("*.so*")}
    found: set[str] = {"ld-linux-x86-64.so.2"}
    todo = [parts.root / name for name in programs]
    while todo:
        content = todo.pop().read_bytes()
        names = {name.decode() for name in re.findall(rb"\0(lib[A-Za-z0-9_+.-]+\.so[0-9.]*)(?=\0)", content)}
        todo += [parts.root / _LIBRARIES / name for name in (names & there) - found]
        found |= names & there
    return found


def _add_modules(archive: Archive, kernel: Kernel) -> None:
    """Add the modules and what they depend on, and a list of them in an order in which they load."""
    known = known_modules(kernel)
    order: dict[str, None] = {}
    for device, names in _MODULES.items():
        for name, content in with_dependencies(known, names).items():
            archive.add(f"modules/{name}.ko", content, mode=0o644)
            order[f"modules/{name}.ko {device}"] = None
    archive.add("modules.order", "".join(f"{line}\n" for line in order).encode())


def known_modules(kernel: Kernel) -> dict[str, Path]:
    """Return the files of a kernel's modules by their names."""
    return {path.stem.replace("-", "_"): path for path in kernel.modules.rglob("*.ko")}


def with_dependencies(known: Mapping[str, Path], names: Iterable[str]) -> dict[str, bytes]:
    """Return modules and what they depend on, by their names, in an order in which they load."""
    found: dict[str, bytes] = {}
    for name in names:
        if name not in known and name in _NOT_EVERYWHERE:
            continue
        content = known[name].read_bytes()
        depends = re.search(rb"\0depends=([^\0]*)\0", content)
        others = depends[1].decode().replace("-", "_").split(",") if depends and depends[1] else []
        found |= with_dependencies(known, others) | {name: content}
    return found


def new_system() -> bytes:
    """Return a boot sector that stands for the newly installed system.

    It says so and switches the machine off. What it overwrites is the boot loader of the old system.
    """
    return speaking_boot_sector("NEW-SYSTEM-REACHED")


def new_esp(parts: BootParts) -> bytes:
    """Return the EFI partition of the newly installed system, whose boot loader says what that boot sector says."""
    with tempfile.TemporaryDirectory() as place:
        config, loader, image = (Path(place) / name for name in ("grub.cfg", "grub.efi", "esp"))
        config.write_text("echo NEW-SYSTEM-REACHED\nsleep 1\nhalt\n")
        grub = ["-d", str(parts.root / "usr/lib/grub/x86_64-efi"), "-O", "x86_64-efi", "-p", "/"]
        parts.run("usr/bin/grub-mkimage", *grub, "-c", str(config), "-o", str(loader), "echo", "sleep", "halt")
        run(["mformat", "-i", str(image), "-C", "-T", "2048", "-h", "16", "-s", "32", "::"])
        run(["mmd", "-i", str(image), "::/EFI", "::/EFI/BOOT"])
        run(["mcopy", "-i", str(image), str(loader), "::/EFI/BOOT/BOOTX64.EFI"])
        return image.read_bytes()
