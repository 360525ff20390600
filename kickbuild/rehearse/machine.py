"""A machine as a value, and the QEMU command line that it means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path


class Bus(StrEnum):
    """How a disk is attached; the kernel's name and udev's links follow from it."""

    VIRTIO = "virtio"
    IDE = "ide"
    SATA = "sata"
    SCSI = "scsi"
    NVME = "nvme"
    USB = "usb"


class Firmware(StrEnum):
    """What starts the machine."""

    BIOS = "bios"
    UEFI = "uefi"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a disk says of itself."""

    serial: str = ""
    wwn: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of a machine. ``first`` makes it the one that the firmware boots, wherever it is attached.

    A ``slow`` disk takes one write in a second: what happens at its first writes is not over before it is seen.
    """

    file: Path
    identity: Identity
    bus: Bus
    first: bool = False
    slow: bool = False
    format: str = "qcow2"


@dataclass(frozen=True, slots=True)
class Uefi:
    """UEFI firmware: its code, and this machine's own copy of the variables."""

    code: Path
    variables: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a machine is built from, by what QEMU has: builds of distributions leave things out."""

    chipset: str = "pc"
    """``pc``, which has parallel ATA, or ``q35``, which has not."""
    card: str = ""
    """The network card, in a network that answers DHCP and lets nothing out; empty for none."""
    has_screen: bool = True


BOARD: Final = Board()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine; the kernel finds the disks of one bus in the order in which they stand here."""

    disks: tuple[Disk, ...]
    memory: int
    """MiB."""
    cpus: int
    accel: str
    uefi: Uefi | None = None
    board: Board = BOARD


#: The controllers that the disks of a bus need; the machine itself has one for the four disks of parallel ATA. A USB
#: disk brings a SCSI bus of its own, which QEMU calls scsi.0: the controller's must have another name.
_CONTROLLERS: Final = {
    Bus.SATA: "ich9-ahci,id=sata",
    Bus.SCSI: "virtio-scsi-pci,id=hba",
    Bus.USB: "qemu-xhci,id=usb",
}


def qemu_argv(machine: Machine, *, program: str, serial: int, control: int) -> list[str]:
    """Return the command line. ``serial`` and ``control`` are connected sockets that QEMU inherits.

    A reboot of the guest ends QEMU, so that each boot is a start of its own: it is what a cold start is, and emulating
    a second boot in the same process takes twice as long.
    """
    board = machine.board
    argv = [program, "-accel", machine.accel, "-machine", board.chipset, "-m", str(machine.memory)]
    argv += ["-smp", str(machine.cpus), "-cpu", "host" if machine.accel == "kvm" else "max"]
    argv += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-name", "kickbuild-rehearsal"]
    argv += ["-vga", "std" if board.has_screen else "none", *_network(board.card)]
    argv += ["-chardev", f"socket,id=serial,fd={serial}", "-serial", "chardev:serial"]
    argv += ["-chardev", f"socket,id=control,fd={control}", "-mon", "chardev=control,mode=control"]
    if machine.uefi is not None:
        argv += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={escaped(machine.uefi.code)}"]
        argv += ["-drive", f"if=pflash,format=raw,unit=1,file={escaped(machine.uefi.variables)}"]
    for bus, controller in _CONTROLLERS.items():
        if any(disk.bus is bus for disk in machine.disks) and not _has_ports(board, bus):
            argv += ["-device", controller]
    for number, disk in enumerate(machine.disks):
        slow = ",throttling.iops-write=1" if disk.slow else ""
        argv += ["-drive", f"if=none,id=disk{number},format={disk.format},cache=unsafe{slow},file={escaped(disk.file)}"]
        argv += ["-device", _device(disk, number, board)]
    return argv


def _network(card: str) -> list[str]:
    if not card:
        return ["-net", "none"]
    # Without a ROM no firmware boots from it. slirp holds back IPv4 alone in some versions: there is no other.
    return ["-netdev", "user,id=net,restrict=on,ipv6=off", "-device", f"{card},netdev=net,romfile="]


def _has_ports(board: Board, bus: Bus) -> bool:
    return bus is Bus.SATA and board.chipset == "q35"


def _device(disk: Disk, number: int, board: Board) -> str:
    kinds = {
        Bus.VIRTIO: "virtio-blk-pci",
        Bus.IDE: f"ide-hd,bus=ide.{number // 2},unit={number % 2}",
        Bus.SATA: f"ide-hd,bus={'ide' if _has_ports(board, Bus.SATA) else 'sata'}.{number}",
        Bus.SCSI: f"scsi-hd,bus=hba.0,scsi-id={number}",
        Bus.NVME: "nvme",
        Bus.USB: "usb-storage,bus=usb.0",
    }
    # Every disk has a place in the boot order: UEFI firmware may leave the others unconnected, and GRUB without them.
    words = [kinds[disk.bus], f"drive=disk{number}", f"bootindex={0 if disk.first else number + 1}"]
    own = disk.identity
    words += [f"serial={escaped(own.serial)}"] if own.serial else []
    words += [f"wwn={own.wwn}"] if own.wwn else []
    if own.model:
        words.append(f"{'product' if disk.bus is Bus.SCSI else 'model'}={escaped(own.model)}")
    return ",".join(words)


def escaped(text: Path | str) -> str:
    """Return a value as QEMU reads it among others: a comma ends it, two are one."""
    return str(text).replace(",", ",,")
