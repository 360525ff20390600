"""QEMU on this machine: which program, new enough, and what it can build a machine from.

Distributions leave devices out: RHEL's has no nvme, may have no user network, and RHEL 10's no machine but q35. It is
asked, because a word that QEMU does not know ends it with its usage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.errors import LackingError, Problem
from kickbuild.rehearse.machine import BOARD, Board, Bus
from kickbuild.run import find_tool, require_tool, run

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROGRAM: Final = "qemu-system-x86_64"
#: Where RHEL keeps it, outside of every PATH.
_OF_RHEL: Final = "/usr/libexec/qemu-kvm"
#: RHEL 8's. Sockets as descriptors, and the zero and present marks of `qemu-img map` are older.
_OLDEST: Final = (4, 2)
_ANSWER_SECONDS: Final = 10.0
#: The better one first: parallel ATA, and what old kernels know.
_CHIPSETS: Final = ("pc", "q35")
#: The one that every installer has a driver for first.
_CARDS: Final = ("virtio-net-pci", "e1000e", "e1000")
#: What a disk of each bus needs.
_DEVICES: Final = {
    Bus.VIRTIO: ("virtio-blk-pci",),
    Bus.IDE: ("ide-hd",),
    Bus.SATA: ("ide-hd", "ich9-ahci"),
    Bus.SCSI: ("scsi-hd", "virtio-scsi-pci"),
    Bus.NVME: ("nvme",),
    Bus.USB: ("usb-storage", "qemu-xhci"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Qemu:
    """QEMU: its program, what it accelerates with, and the disks that it makes."""

    program: str = _PROGRAM
    board: Board = BOARD
    buses: frozenset[Bus] = frozenset(Bus)
    has_tcg: bool = True


def require_qemu() -> Qemu:
    """Return this machine's QEMU. Raises LackingError where there is none, or one that is too old or has no PC."""
    found = find_tool(_PROGRAM)
    program = _PROGRAM if found or not Path(_OF_RHEL).is_file() else _OF_RHEL
    for tool in (program, "qemu-img", "qemu-io"):
        require_tool(tool)
    said = run([program, "--version"], timeout=_ANSWER_SECONDS).text
    match = re.search(r"version (\d+)\.(\d+)", said)
    if match is None or (int(match[1]), int(match[2])) < _OLDEST:
        version = said.splitlines()[0] if said.strip() else "it does not say"
        raise LackingError(
            f"QEMU is too old: {version}", hint=f"kickbuild rehearses with {_OLDEST[0]}.{_OLDEST[1]} or newer"
        )
    machines = set(re.findall(r"(?m)^(\S+) ", _told(program, "-machine")))
    chipset = next((name for name in _CHIPSETS if name in machines), None)
    if chipset is None:
        raise LackingError(
            f"{program} has no machine that is a PC: neither {' nor '.join(_CHIPSETS)}",
            hint="install a QEMU for x86_64: qemu-system-x86 (Debian), qemu-kvm (Fedora, RHEL)",
        )
    devices = set(re.findall(r'(?m)^name "([^"]+)"(?!.*\bno-user\b)', _told(program, "-device")))
    has_network = "user" in _told(program, "-netdev").split()
    card = next((name for name in _CARDS if name in devices and has_network), "")
    return Qemu(
        program=program,
        board=Board(chipset=chipset, card=card, has_screen="VGA" in devices),
        buses=frozenset(bus for bus in Bus if _has_bus(bus, chipset, devices)),
        has_tcg="tcg" in re.findall(r"\w+", _told(program, "-accel")),
    )


def require_buses(qemu: Qemu, buses: Iterable[Bus]) -> None:
    """Raise LackingError where this QEMU makes no disk on one of the buses."""
    others = ", ".join(bus for bus in Bus if bus in qemu.buses) or "none"
    problems = [
        Problem(f"{qemu.program} ({qemu.board.chipset}) makes no disk on {bus}", hint=f"it makes disks on: {others}")
        for bus in dict.fromkeys(buses)
        if bus not in qemu.buses
    ]
    if problems:
        raise LackingError(*problems)


def _told(program: str, option: str) -> str:
    done = run([program, option, "help"], timeout=_ANSWER_SECONDS, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def _has_bus(bus: Bus, chipset: str, devices: set[str]) -> bool:
    if chipset == "q35" and bus is Bus.IDE:
        return False
    # q35 has ports for SATA itself.
    needed = _DEVICES[bus][:1] if chipset == "q35" and bus is Bus.SATA else _DEVICES[bus]
    return devices.issuperset(needed)
