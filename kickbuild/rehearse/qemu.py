"""QEMU on this machine: which program, new enough, and whether KVM does what it promises."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.errors import LackingError, ToolError
from kickbuild.rehearse.console import Console
from kickbuild.rehearse.guest import Watch, boot_once
from kickbuild.rehearse.machine import Bus, Disk, Identity, Machine
from kickbuild.rehearse.old_system import speaking_boot_sector
from kickbuild.run import find_tool, require_tool, run

if TYPE_CHECKING:
    from kickbuild.rehearse.scratch import Workplace

_PROGRAM: Final = "qemu-system-x86_64"
#: Where RHEL keeps it, outside of every PATH.
_OF_RHEL: Final = "/usr/libexec/qemu-kvm"
#: RHEL 8's. Sockets as descriptors, and the zero and present marks of `qemu-img map` are older.
_OLDEST: Final = (4, 2)
_PROBE_SECONDS: Final = 10.0
_PROBE: Final = "kickbuild-kvm-works"


def require_qemu() -> str:
    """Return the program's name or path. Raises LackingError where there is none, or one that is too old."""
    found = find_tool(_PROGRAM)
    program = _PROGRAM if found or not Path(_OF_RHEL).is_file() else _OF_RHEL
    for tool in (program, "qemu-img", "qemu-io"):
        require_tool(tool)
    said = run([program, "--version"], timeout=_PROBE_SECONDS).text
    match = re.search(r"version (\d+)\.(\d+)", said)
    if match is None or (int(match[1]), int(match[2])) < _OLDEST:
        version = said.splitlines()[0] if said.strip() else "it does not say"
        raise LackingError(
            f"QEMU is too old: {version}", hint=f"kickbuild rehearses with {_OLDEST[0]}.{_OLDEST[1]} or newer"
        )
    return program


def choose_accelerator(wanted: str, program: str, place: Workplace) -> str:
    """Return ``kvm`` or ``tcg``. Raises LackingError where KVM is wanted and does not work.

    A /dev/kvm that opens may still hang every guest, so one is run that says a word and switches itself off.
    """
    if wanted == "tcg":
        return wanted
    why = "/dev/kvm cannot be opened"
    if os.access("/dev/kvm", os.R_OK | os.W_OK):
        if _kvm_works(program, place):
            return "kvm"
        why = f"a guest that needs an instant did not finish within {_PROBE_SECONDS:g} s"
    if wanted == "kvm":
        raise LackingError(f"KVM does not work here: {why}", hint="use --accel tcg, which is slower and needs nothing")
    return "tcg"


def _kvm_works(program: str, place: Workplace) -> bool:
    base = place.file(1 << 20)
    base.write_bytes(speaking_boot_sector(_PROBE).ljust(1 << 20, b"\0"))
    disk = Disk(place.overlay(base), Identity(), Bus.VIRTIO, first=True)
    machine = Machine(disks=(disk,), memory=64, cpus=1, accel="kvm")
    console = Console(_PROBE)
    watch = Watch(console=console, began=time.monotonic(), deadline=_PROBE_SECONDS, stop=threading.Event())
    try:
        boot_once(machine, watch, place, program=program)
    except ToolError:
        return False
    return any(_PROBE in line for line in console.lines())
