"""What the boot tests share: prepared drives, and boxes that boot them beside other disks."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import media
import old_os
from boot_parts import BootParts, run
from drive_watch import DriveState, changed_sectors, digest, look, read_file, replace_file
from initrd import old_os_initrd, standin_initrd
from machine import Run, boot, raw_disk

from kickbuild.rehearse.machine import Bus, Uefi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NAME: Final = "web"
TARGET: Final = "TARGET1"
OLD: Final = "OLDDISK1"
IMAGES: Final = "IMAGES1"
SPARE: Final = "SPARE1"
_DEADLINE: Final = 180.0
#: Above what the profile's layout needs at the least.
_DISK_SIZE: Final = 2 << 30

_PROFILE: Final = """\
schema = 1
name = "{name}"
title = "Rebuild the box"

[source]
iso = "{iso}"

[drive]
find_by = "{find_by}"
label = "REBUILD"

[target]
serial = "{target}"

[system]
root_password_hash = "$6$kickbuild.test${filler}"

[storage]
layout = "custom"

[[storage.part]]
mount = "/"
size = "256MiB"
grow = true

[boot]
kernel_args = ["console=ttyS0,115200"{quick}]
"""
#: A kernel that panics reboots at once: no test of many boots has to see the entry's own minute go by.
_QUICK: Final = ', "panic=1"'


#: Major version of the installer -> the layout of the media.
_LAYOUTS: Final = {6: "centos6", 7: "centos7", 8: "rocky8", 9: "rocky9", 10: "fedora43"}


class Loader(StrEnum):
    """The boot loader and firmware of a box."""

    GRUB2_BIOS = "grub2-bios"
    GRUB2_UEFI = "grub2-uefi"
    GRUB_LEGACY = "grub-legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box: its boot loader, what it becomes, and its disks besides the image drive, by their serials."""

    loader: Loader
    release: int
    find_by: str
    bus: Bus = Bus.VIRTIO
    old: str = OLD
    blank: tuple[str, ...] = (SPARE,)
    images: str | None = IMAGES
    """The image drive's serial; None where the drive is not attached."""
    images_first: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a box: the run, and its disks before and after."""

    run: Run
    drive_before: Path
    drive: Path
    old_before: Path
    old: Path
    blank: tuple[tuple[str, Path], ...]
    """The disks that were blank, with their serials."""
    work: Path

    def drive_is_untouched(self) -> bool:
        """Tell whether the image drive is the same to the byte."""
        return digest(self.drive_before) == digest(self.drive)

    def drive_states(self) -> tuple[DriveState, DriveState]:
        """Return what was on the image drive before, and what is now."""
        return look(self.drive_before, self.work), look(self.drive, self.work)

    def old_changes(self) -> int:
        """Return how many sectors of the old system's disk are different."""
        return len(changed_sectors(self.old_before, self.old))


@dataclass(slots=True)
class Lab:
    """Makes what boxes need, each thing once."""

    parts: BootParts
    place: Path
    _drives: dict[tuple[int, str, bool, bool], Path] = field(default_factory=dict)
    _old_initrd: bytes = b""

    @property
    def grub_legacy(self) -> Path:
        """The directory of GRUB legacy's stages."""
        return self.parts.root / "usr/lib/grub/x86_64-pc"

    def drive(self, release: int, find_by: str, *, keeps: bool = False, every_bus: bool = False) -> Path:
        """Return the image of a rebuild drive that ``kickbuild prepare --image`` made.

        ``keeps`` is whether its profile lets the new system have the old one's identity, and ``every_bus`` whether its
        installer has drivers for SATA and USB; one that has wastes no time when its kernel panics.
        """
        key = (release, find_by, keeps, every_bus)
        if key not in self._drives:
            self._drives[key] = self._prepare(*key)
        return self._drives[key]

    def _prepare(self, release: int, find_by: str, keeps: bool, every_bus: bool) -> Path:
        work = self.place / f"{release}-{find_by}-{keeps}-{every_bus}"
        work.mkdir()
        iso = self._iso(release, every_bus=every_bus)
        quick = _QUICK if every_bus else ""
        text = _PROFILE.format(name=NAME, iso=iso, find_by=find_by, target=TARGET, filler="x" * 86, quick=quick)
        if keeps:
            text += "\n[keep]\nssh_host_keys = true\nhostname = true\n"
        (work / "web.toml").write_text(text)
        image = work / "drive.img"
        kickbuild("prepare", str(work / "web.toml"), "--image", str(image), "--label", "REBUILD")
        return image

    def changed(self, drive: Path, image: Path, changes: Mapping[str, Callable[[str], str]]) -> Path:
        """Return a copy of a drive in which the files at some paths are others."""
        _copy(drive, image)
        for path, change in changes.items():
            replace_file(image, path, change(read_file(drive, path).decode()).encode())
        return image

    def _iso(self, release: int, *, every_bus: bool) -> Path:
        iso = self.place / f"el{release}{'-every-bus' if every_bus else ''}.iso"
        if not iso.exists():
            kernel = self.parts.kernel(every_bus=every_bus)
            new_root = old_os.new_root(self.parts, release, self.place)
            initrd = standin_initrd(self.parts, kernel, release, new_root)
            media.make_iso(iso, _LAYOUTS[release], kernel=kernel.vmlinuz, initrd=initrd)
        return iso

    def system(self) -> old_os.OldSystem:
        """Return what the old systems boot."""
        self._old_initrd = self._old_initrd or old_os_initrd(self.parts)
        return old_os.OldSystem(self.parts, self._old_initrd)

    def play(self, box: Box, work: Path, drive: Path | None = None) -> Played:
        """Boot the box with the Rebuild entry armed for one boot, and let it go on until it powers off."""
        before = drive or self.drive(box.release, box.find_by)
        image = _copy(before, work / "drive.img")
        old_before = self._old_disk(box, before, work)
        if box.old == TARGET:
            os.truncate(old_before, _DISK_SIZE)
        old = _copy(old_before, work / "old.img")
        blank = tuple((serial, _blank(work / f"blank{number}.img")) for number, serial in enumerate(box.blank))
        disks = [raw_disk(old, box.old, box.bus, first=True)]
        disks += [raw_disk(path, serial, box.bus) for serial, path in blank]
        if box.images is not None:
            disks.insert(0 if box.images_first else 1, raw_disk(image, box.images, box.bus))
        result = boot(tuple(disks), work, uefi=self._uefi(box, work), deadline=_DEADLINE)
        return Played(result, before, image, old_before, old, blank, work)

    def play_in_both_orders(self, box: Box, work: Path) -> tuple[Played, Played]:
        """Play the box with the image drive attached last, and with it first, at the same time."""
        drive = self.drive(box.release, box.find_by)
        self.system()
        boxes = (replace(box, images_first=False), replace(box, images_first=True))
        places = (work / "images-last", work / "images-first")
        for place in places:
            place.mkdir()
        with ThreadPoolExecutor(max_workers=2) as pool:
            last, first = pool.map(self.play, boxes, places, (drive, drive))
        return last, first

    def _old_disk(self, box: Box, drive: Path, work: Path) -> Path:
        mounted = _entries(drive, work / "mounted")
        if box.loader is Loader.GRUB_LEGACY:
            return self._grub_legacy_disk(drive, mounted, work)
        config = work / "custom.cfg"
        config.write_text("")
        kickbuild("entry", "append", str(config), "--drive", str(mounted), "--name", NAME)
        make = old_os.grub2_bios if box.loader is Loader.GRUB2_BIOS else old_os.grub2_uefi
        return make(self.system(), work, old_os.Armed(config.read_text(), f"kickbuild-{NAME}"))

    def _grub_legacy_disk(self, drive: Path, mounted: Path, work: Path) -> Path:
        config = work / "grub.conf"
        config.write_text(old_os.GRUB_CONF.replace("default=0", "default saved"))
        kickbuild("entry", "append", str(config), "--drive", str(mounted), "--name", NAME)
        profile = json.loads(read_file(drive, "/kickbuild/manifest.json"))["profiles"][NAME]
        files = {f"kickbuild-{NAME}-{kind}": work / kind for kind in ("vmlinuz", "initrd.img")}
        for path in files.values():
            path.write_bytes(read_file(drive, f"{profile['directory']}/{path.name}"))
        # What arming is for this loader: the entry itself makes the old system the next one.
        armed = re.sub(r"(?m)^(\troot .*)(\n\tkernel .*kickbuild.*)$", r"\1\n\tsavedefault 0\2", config.read_text())
        return old_os.grub_legacy(self.system(), work, old_os.Armed(armed, "1", files))

    def _uefi(self, box: Box, work: Path) -> Uefi | None:
        if box.loader is not Loader.GRUB2_UEFI:
            return None
        firmware = self.parts.root / "usr/share/OVMF"
        shutil.copy(firmware / "OVMF_VARS_4M.fd", work / "variables.fd")
        return Uefi(firmware / "OVMF_CODE_4M.fd", work / "variables.fd")


def _entries(drive: Path, mounted: Path) -> Path:
    """Return a directory that holds what the drive holds for its boot entries, as if it were mounted there."""
    home = mounted / "kickbuild" / NAME
    home.mkdir(parents=True)
    (mounted / "kickbuild/manifest.json").write_bytes(read_file(drive, "/kickbuild/manifest.json"))
    for kind in ("grub2", "grub-legacy", "bls"):
        (home / f"entry.{kind}").write_bytes(read_file(drive, f"/kickbuild/{NAME}/entry.{kind}"))
    return mounted


def kickbuild(*words: str) -> str:
    """Run the command line as a user does."""
    return run([sys.executable, "-m", "kickbuild", *words])


def _copy(source: Path, target: Path) -> Path:
    run(["cp", "--sparse=always", str(source), str(target)])
    return target


def _blank(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(_DISK_SIZE)
    return path
