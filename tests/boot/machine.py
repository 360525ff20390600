"""One run of a box of the boot tests, over all its boots: the machines are those of rehearsals.

Only TCG is asked for: a /dev/kvm that opens may still hang the guest.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from transcript import Transcript, parse_transcript

from kickbuild.rehearse import guest
from kickbuild.rehearse.console import Console
from kickbuild.rehearse.guest import Watch, boot_once
from kickbuild.rehearse.machine import Bus, Disk, Identity, Machine, Uefi
from kickbuild.rehearse.scratch import workplace

if TYPE_CHECKING:
    from pathlib import Path

QEMU: Final = "qemu-system-x86_64"
#: Boots after which a machine is taken to loop: the Rebuild entry, what comes after it, and one to spare.
_BOOTS: Final = 3
#: What a machine says that waits for its power to be cut.
_HELD: Final = "OLD-OS-HELD"


class Ending(StrEnum):
    """Why a run ended."""

    POWERED_OFF = "powered off"
    DEADLINE = "was stopped at the deadline"
    LOOPED = "booted again and again"
    DIED = "QEMU failed"
    CUT = "had its power cut where it waited for that"


_ENDINGS: Final = {
    guest.Ending.OFF: Ending.POWERED_OFF,
    guest.Ending.REACHED: Ending.POWERED_OFF,
    guest.Ending.REBOOT: Ending.LOOPED,
    guest.Ending.CUT: Ending.CUT,
    guest.Ending.DEADLINE: Ending.DEADLINE,
}


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


def raw_disk(image: Path, serial: str = "", bus: Bus = Bus.VIRTIO, *, first: bool = False) -> Disk:
    """Return a raw image as a disk. ``first`` makes it the one that the firmware boots, wherever it is attached."""
    return Disk(image, Identity(serial), bus, first=first, format="raw")


def boot(
    disks: tuple[Disk, ...],
    directory: Path,
    *,
    deadline: float,
    uefi: Uefi | None = None,
    memory: int = 640,
    boots: int = _BOOTS,
) -> Run:
    """Run a machine until it powers off, waits for its power to be cut, boots more than ``boots`` times, dies, or
    ``deadline`` seconds are over; nothing of it stays alive.

    Ending QEMU takes away what the guest had not handed to its disks, all of its page cache. It does not take away what
    a disk holds in a cache of its own: the image has whatever the guest wrote, in that order, flushed or not.
    """
    machine = Machine(disks=disks, memory=memory, cpus=1, accel="tcg", uefi=uefi)
    console, began = Console("no words of an old system"), time.monotonic()
    watch = Watch(console=console, began=began, deadline=deadline, stop=threading.Event(), cut_at_words=_HELD)
    with workplace(directory) as place:
        while True:
            end = boot_once(machine, watch, place, program=QEMU)
            transcript = parse_transcript(bytes(console.head + console.tail))
            if end.ending is not guest.Ending.REBOOT or transcript.boots > boots:
                break
    ending = _ENDINGS.get(end.ending, Ending.DIED)
    if transcript.boots > boots:
        ending = Ending.LOOPED
    return Run(ending, transcript, time.monotonic() - began, end.complaints)
