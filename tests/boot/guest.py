"""A box whose old system runs the real agent: what it does is a script, what the agent says comes on the serial line.

It has its own disk, which is the one to erase, the rebuild drive, and a disk that holds the script. They stay from one
run to the next, as a box's disks do when its power comes back.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import old_os
from boot_parts import BootParts, run
from drive_watch import files_of, read_file
from initrd import box_initrd
from lab import IMAGES, TARGET, Lab, Loader
from machine import boot, raw_disk

from kickbuild.rehearse.machine import Bus, Uefi

if TYPE_CHECKING:
    from pathlib import Path

    from machine import Run
    from transcript import Marker, Transcript

#: What the largest installer needs, in MiB; the kernel keeps some of it for itself.
_MEMORY: Final = 2560
_DEADLINE: Final = 240.0
_SCRIPT_SIZE: Final = 65536
#: Above what the profile wants at the least.
_DISK_SIZE: Final = 2 << 30


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of box: its loader, what it becomes, and the shell that its old system has as sh."""

    loader: Loader
    release: int
    find_by: str
    bus: Bus
    shell: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run of the agent said."""

    command: str
    code: int
    facts: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        """Return the fact ``key``."""
        return self.facts[key]

    @property
    def errors(self) -> list[str]:
        """The ids of the errors that it found."""
        return [found["id"] for found in self.facts["findings"] if found["severity"] == "error"]


@dataclass(frozen=True, slots=True)
class Guest:
    """One box, with its disks in the directory ``place``."""

    parts: BootParts
    kind: Kind
    place: Path

    @property
    def old(self) -> Path:
        """The disk of the old system."""
        return self.place / "old.img"

    @property
    def drive(self) -> Path:
        """The rebuild drive."""
        return self.place / "drive.img"

    @property
    def steps(self) -> Path:
        """The disk with the script."""
        return self.place / "steps.img"

    def twin(self, place: Path) -> Guest:
        """Return another box with the same on its disks."""
        place.mkdir(parents=True)
        other = Guest(self.parts, self.kind, place)
        for path in self.place.iterdir():
            if path.suffix in {".img", ".fd"}:
                _copy(path, place / path.name)
        return other

    def run(self, script: str, *, serial: str = TARGET, boots: int = 3) -> Run:
        """Let the box run until it switches itself off, or its power is cut where the script waits for that.

        ``script`` begins anew: its ``$boot`` is 1 at the old system's first boot of this run. With another ``serial``
        the box's own disk is not the one to erase.
        """
        padded = script.encode().ljust(_SCRIPT_SIZE, b"\0")
        assert len(padded) == _SCRIPT_SIZE
        self.steps.write_bytes(padded + b"\0" * _SCRIPT_SIZE)
        bus = self.kind.bus
        disks = (
            raw_disk(self.old, serial, bus, first=True),
            raw_disk(self.drive, IMAGES, bus),
            raw_disk(self.steps, "STEPS1"),
        )
        uefi = None
        if self.kind.loader is Loader.GRUB2_UEFI:
            uefi = Uefi(self.parts.root / "usr/share/OVMF/OVMF_CODE_4M.fd", self.place / "variables.fd")
        return boot(disks, self.place, uefi=uefi, memory=_MEMORY, deadline=_DEADLINE, boots=boots)

    def boot_files(self) -> dict[str, str]:
        """Return the sha256 of each file of /boot."""
        return files_of(self.old, self.place)


def make_guest(lab: Lab, kind: Kind, place: Path) -> Guest:
    """Return a box whose rebuild drive was prepared and which is not armed."""
    place.mkdir()
    guest = Guest(lab.parts, kind, place)
    drive = lab.drive(kind.release, kind.find_by, keeps=True)
    uuid = json.loads(read_file(drive, "/kickbuild/manifest.json"))["drive"]["uuid"]
    conf = f"boot_uuid={old_os.BOOT_UUID}\ndrive_uuid={uuid}\n"
    system = old_os.OldSystem(lab.parts, box_initrd(lab.parts, kind.shell, conf))
    make = {
        Loader.GRUB2_BIOS: old_os.grub2_bios,
        Loader.GRUB2_UEFI: old_os.grub2_uefi,
        Loader.GRUB_LEGACY: old_os.grub_legacy,
    }[kind.loader]
    make(system, place, None).rename(guest.old)
    _copy(drive, guest.drive)
    os.truncate(guest.old, _DISK_SIZE)
    if kind.loader is Loader.GRUB2_UEFI:
        shutil.copy(lab.parts.root / "usr/share/OVMF/OVMF_VARS_4M.fd", place / "variables.fd")
    return guest


def answers(transcript: Transcript) -> list[Answer]:
    """Return what the agent said, in its order."""
    return [_answer(marker) for marker in transcript.all("OLD-OS-ANSWER")]


def _answer(marker: Marker) -> Answer:
    facts = json.loads(base64.b64decode(marker["json"]))
    assert facts["schema"] == 1
    return Answer(marker["command"], int(marker["code"]), facts)


def _copy(source: Path, target: Path) -> None:
    run(["cp", "--sparse=always", str(source), str(target)])
