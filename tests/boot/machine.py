"""A machine as a value, the QEMU command line that it means, and one run of it with a deadline.

Only TCG is asked for: a /dev/kvm that opens may still hang the guest.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from transcript import Transcript, parse_transcript

if TYPE_CHECKING:
    from pathlib import Path

QEMU: Final = "qemu-system-x86_64"
_POLL_SECONDS: Final = 0.1
#: Boots after which a machine is taken to loop: the Rebuild entry, what comes after it, and one to spare.
_BOOTS: Final = 3
#: What Linux says last before a reboot.
_REBOOTS: Final = b"reboot: Restarting system"
#: What a machine says that waits for its power to be cut.
_HELD: Final = "OLD-OS-HELD"


class Bus(StrEnum):
    """How a disk is attached; the kernel's name and udev's links follow from it."""

    VIRTIO = "virtio"
    SATA = "sata"
    SCSI = "scsi"


@dataclass(frozen=True, slots=True)
class Disk:
    """A raw image as a disk. ``first`` makes it the one that the firmware boots, wherever it is attached."""

    image: Path
    serial: str = ""
    bus: Bus = Bus.VIRTIO
    first: bool = False


@dataclass(frozen=True, slots=True)
class Uefi:
    """UEFI firmware: its code, and this machine's own copy of the variables."""

    code: Path
    variables: Path


@dataclass(frozen=True, slots=True)
class Machine:
    """A headless machine; its disks are found by the kernel in the order in which they stand here."""

    disks: tuple[Disk, ...]
    uefi: Uefi | None = None
    memory: int = 640
    """MiB."""


class Ending(StrEnum):
    """Why a run ended."""

    POWERED_OFF = "powered off"
    DEADLINE = "was stopped at the deadline"
    LOOPED = "booted again and again"
    DIED = "QEMU failed"
    CUT = "had its power cut where it waited for that"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run showed. ``seconds`` is wall clock; ``complaints`` is what QEMU itself wrote."""

    ending: Ending
    transcript: Transcript
    seconds: float
    complaints: str

    def __str__(self) -> str:
        """Return everything that helps to see why a run went wrong."""
        head = f"the machine {self.ending} after {self.seconds:.1f} s"
        return "\n".join([head, *self.transcript.lines[-150:], self.complaints])


def qemu_argv(machine: Machine, serial: Path) -> list[str]:
    """Return the command line; the first serial port is written to the file ``serial``."""
    argv = [QEMU, "-accel", "tcg", "-machine", "pc", "-m", str(machine.memory), "-nodefaults", "-no-user-config"]
    argv += ["-display", "none", "-vga", "std", "-chardev", f"file,id=serial,append=on,path={_escape(serial)}"]
    argv += ["-serial", "chardev:serial", "-no-reboot"]
    if machine.uefi is not None:
        argv += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={_escape(machine.uefi.code)}"]
        argv += ["-drive", f"if=pflash,format=raw,unit=1,file={_escape(machine.uefi.variables)}"]
    if any(disk.bus is Bus.SCSI for disk in machine.disks):
        argv += ["-device", "virtio-scsi-pci,id=scsi"]
    for number, disk in enumerate(machine.disks):
        argv += ["-drive", f"if=none,id=disk{number},format=raw,cache=unsafe,file={_escape(disk.image)}"]
        argv += ["-device", _device(disk, number)]
    return argv


def _device(disk: Disk, number: int) -> str:
    # Every disk has a place in the boot order: UEFI firmware may leave the others unconnected, and GRUB without them.
    kinds = {
        Bus.VIRTIO: "virtio-blk-pci",
        Bus.SATA: f"ide-hd,bus=ide.{number // 2},unit={number % 2}",
        Bus.SCSI: f"scsi-hd,bus=scsi.0,lun={number}",
    }
    serial = f",serial={disk.serial}" if disk.serial else ""
    return f"{kinds[disk.bus]},drive=disk{number}{serial}" + f",bootindex={0 if disk.first else number + 1}"


def _escape(path: Path) -> str:
    return str(path).replace(",", ",,")


def boot(machine: Machine, directory: Path, *, deadline: float, boots: int = _BOOTS) -> Run:
    """Run the machine until it powers off, waits for its power to be cut, boots more than ``boots`` times, dies, or
    ``deadline`` seconds are over; nothing of it stays alive.

    Ending QEMU takes away what the guest had not handed to its disks, all of its page cache. It does not take away what
    a disk holds in a cache of its own: the image has whatever the guest wrote, in that order, flushed or not.
    """
    serial, complaints = directory / "serial.log", directory / "qemu.log"
    serial.write_bytes(b"")
    complaints.write_bytes(b"")
    started = time.monotonic()
    ending, reboots = Ending.POWERED_OFF, True
    while ending is Ending.POWERED_OFF and reboots:
        said = serial.stat().st_size
        ending = _run_once(machine, directory, started + deadline, boots)
        reboots = _REBOOTS in serial.read_bytes()[said:]
    return Run(
        ending,
        parse_transcript(serial.read_bytes()),
        time.monotonic() - started,
        complaints.read_text(errors="replace"),
    )


def _run_once(machine: Machine, directory: Path, end: float, boots: int) -> Ending:
    """Run QEMU until the machine switches itself off or reboots; a reboot is then a new start of QEMU.

    Emulating a second boot in the same process takes twice as long: what the first one ran is kept, translated, and
    every write to its memory checks for that.
    """
    serial = directory / "serial.log"
    with (directory / "qemu.log").open("ab") as errors:
        process = subprocess.Popen(
            qemu_argv(machine, serial), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, cwd=directory
        )
        try:
            return _wait(process, serial, end, boots)
        finally:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], serial: Path, end: float, boots: int) -> Ending:
    while process.poll() is None:
        if time.monotonic() > end:
            return Ending.DEADLINE
        transcript = parse_transcript(serial.read_bytes())
        if transcript.all(_HELD):
            return Ending.CUT
        if transcript.boots > boots:
            return Ending.LOOPED
        time.sleep(_POLL_SECONDS)
    if parse_transcript(serial.read_bytes()).boots > boots:
        return Ending.LOOPED
    return Ending.POWERED_OFF if process.returncode == 0 else Ending.DIED
