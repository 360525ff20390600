"""Whether KVM does what it promises: measured with a guest, because a /dev/kvm that opens says little.

Seen: a host inside a virtual machine whose KVM emulates each instruction. Firmware and boot loader come through, and a
kernel that needs a second elsewhere is not unpacked in ten minutes.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final

from kickbuild.errors import LackingError, ToolError
from kickbuild.rehearse.console import Console
from kickbuild.rehearse.guest import Watch, boot_once
from kickbuild.rehearse.machine import Disk, Identity, Machine
from kickbuild.rehearse.old_system import boot_sector
from kickbuild.units import MIB

if TYPE_CHECKING:
    from kickbuild.rehearse.machine import Bus
    from kickbuild.rehearse.qemu import Qemu
    from kickbuild.rehearse.scratch import Workplace

_SECONDS: Final = 10.0
_SAYS: Final = "kickbuild-kvm-works"
#: A processor counts so far in less than a tenth of a second, and QEMU's own emulation (TCG) in one.
_ROUNDS: Final = 100_000_000


def choose_accelerator(wanted: str, qemu: Qemu, bus: Bus, place: Workplace) -> str:
    """Return ``kvm`` or ``tcg``. Raises LackingError where the wanted one does not work, or none does.

    ``bus`` is one on which this QEMU makes disks.
    """
    if wanted == "tcg" and qemu.has_tcg:
        return wanted
    if wanted == "tcg":
        raise LackingError(f"{qemu.program} has no TCG", hint="use --accel kvm")
    why = "/dev/kvm cannot be opened"
    if os.access("/dev/kvm", os.R_OK | os.W_OK):
        if accelerator_works("kvm", qemu, bus, place):
            return "kvm"
        why = f"a guest that needs an instant did not finish within {_SECONDS:g} s"
    if wanted == "auto" and qemu.has_tcg:
        return "tcg"
    hint = "use --accel tcg, which is slower and needs nothing" if qemu.has_tcg else f"{qemu.program} has no TCG either"
    raise LackingError(f"KVM does not work here: {why}", hint=hint)


def accelerator_works(accel: str, qemu: Qemu, bus: Bus, place: Workplace) -> bool:
    """Tell whether a guest that counts, says a word and switches itself off does so in time."""
    base = place.file(MIB)
    base.write_bytes(counting_boot_sector(_SAYS).ljust(MIB, b"\0"))
    disk = Disk(place.overlay(base), Identity(), bus, first=True)
    machine = Machine(disks=(disk,), memory=64, cpus=1, accel=accel, board=qemu.board)
    console = Console(_SAYS)
    watch = Watch(console=console, began=time.monotonic(), deadline=_SECONDS, stop=threading.Event())
    try:
        boot_once(machine, watch, place, program=qemu.program)
    except ToolError:
        return False
    return any(_SAYS in line for line in console.lines())


def counting_boot_sector(said: str, rounds: int = _ROUNDS) -> bytes:
    """Return a boot sector that does what a kernel does before all else: it turns on paging and the 64 bits, and works.

    Then it prints a line on the first serial port and switches a QEMU machine off.
    """
    code = bytes.fromhex(
        "fa fc 6631c0 8ed8 8ec0 8ed0"  # cli; cld; ds = es = ss = eax = 0
        "bf0010 b90018 f3ab"  # clear three pages at 0x1000
        "c70600100320 c70600200330 c606003083"  # level 4 -> level 3 -> level 2 -> the first 2 MiB
        "b020 0f22e0 b80010 0f22d8"  # cr4 = physical address extension; cr3 = 0x1000
        "66b9800000c0 0f32 80cc01 0f30"  # long mode is to come (EFER)
        "0f0116527c 0f20c0 660d01000080 0f22c0"  # lgdt; cr0: protected mode and paging
        "ea687c0800"  # far jump to the 64 bits
        "0f00 587c0000"  # 0x52: limit and address of the descriptors
        "0000000000000000 00000000009a2000"  # 0x58: none; code of 64 bits
        "b9"  # 0x68: ecx = rounds
    )
    code += rounds.to_bytes(4, "little") + bytes.fromhex(
        "ffc9 75fc be9f7c0000"  # until it is 0: ecx -= 1; esi = message
        "ac 84c0 7416 88c4"  # next: al = *rsi++; jump to done at its end; ah = al
        "bafd030000 ec a820 74fb"  # wait until the transmitter is empty
        "baf8030000 88e0 ee ebe5"  # send; next
        "ba04060000 66b80020 66ef f4 ebfd"  # done: power off; halt
    )
    return boot_sector(code, said)
