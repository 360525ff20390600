"""Real QEMU takes the disks of every bus beside those of every other, in both orders."""

from __future__ import annotations

import itertools
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from conftest import needs_tools

from kickbuild.rehearse.machine import Board, Bus, Disk, Identity, Machine, qemu_argv

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_tools("qemu-system-x86_64")
#: Parallel ATA is the older chipset's.
BUSES = {"pc": tuple(Bus), "q35": tuple(bus for bus in Bus if bus is not Bus.IDE)}


def complaints(machine: Machine) -> str:
    """Start QEMU with its processors stopped, end it, and return what it complained of."""
    serial, serial_of_qemu = socket.socketpair()
    control, control_of_qemu = socket.socketpair()
    with serial, serial_of_qemu, control, control_of_qemu:
        ends = (serial_of_qemu.fileno(), control_of_qemu.fileno())
        argv = qemu_argv(machine, program="qemu-system-x86_64", serial=ends[0], control=ends[1])
        control.sendall(b'{"execute": "qmp_capabilities"}\n{"execute": "quit"}\n')
        done = subprocess.run([*argv, "-S"], pass_fds=ends, capture_output=True, text=True, timeout=60, check=False)
    return done.stderr if done.returncode == 0 else f"{done.returncode}: {done.stderr}"


@pytest.mark.parametrize("chipset", BUSES)
def test_disks_of_two_buses_go_together(tmp_path: Path, chipset: str) -> None:
    """A USB disk has a SCSI bus of its own, which must not be taken for the controller's."""
    images = [tmp_path / str(number) for number in range(3)]
    for image in images:
        image.write_bytes(bytes(1 << 20))
    found = {}
    for one, other in itertools.product(BUSES[chipset], repeat=2):
        disks = tuple(
            Disk(image, Identity(f"DISK{number}"), bus, format="raw")
            for number, (image, bus) in enumerate(zip(images, (one, one, other), strict=True))
        )
        board = Board(chipset=chipset)
        found[one, other] = complaints(Machine(disks=disks, memory=128, cpus=1, accel="tcg", board=board))
    assert {pair: words for pair, words in found.items() if words} == {}
