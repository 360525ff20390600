"""What the tests of rehearsals share: a small drive, a program in QEMU's place, and verdicts made by hand."""

from __future__ import annotations

import os
import sys
import textwrap
from typing import TYPE_CHECKING

import media
from command import kickbuild

from kickbuild.rehearse.change import DriveChange
from kickbuild.rehearse.console import Console, Event, Sign
from kickbuild.rehearse.guest import Ending, Screenshot
from kickbuild.rehearse.play import Played, PlayedDisk
from kickbuild.rehearse.png import png_of_ppm
from kickbuild.rehearse.scenario import SCENARIOS, Role
from kickbuild.rehearse.scratch import Changes, Range

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.rehearse.scenario import Scenario

TARGET = "TARGET1"
#: Programs without which no rehearsal begins.
TOOLS = ("xorriso", "mke2fs", "debugfs", "e2fsck", "sfdisk", "qemu-img", "qemu-io", "grub-mkimage")
OLD = "KICKBUILD-OLD-SYSTEM-1"
_PROFILE = """\
schema = 1
name = "web"
[source]
iso = "{iso}"
[drive]
label = "REBUILD"
[target]
serial = "TARGET1"
[system]
root_password_hash = "$6$kickbuild.test${filler}"
"""


def make_drive(place: Path) -> Path:
    """Return the image of a drive whose installer is noise."""
    iso = media.make_iso(place / "el9.iso", "rocky9")
    (place / "web.toml").write_text(_PROFILE.format(iso=iso, filler="x" * 86))
    done = kickbuild("prepare", place / "web.toml", "--image", place / "drive.img")
    assert done.code == 0, done.err
    return place / "drive.img"


DEVICES = (
    *("virtio-blk-pci", "ide-hd", "ich9-ahci", "scsi-hd", "virtio-scsi-pci", "nvme", "usb-storage", "qemu-xhci"),
    *("VGA", "virtio-net-pci", "e1000"),
)
#: What a QEMU with everything answers to an option's ``help``.
ANSWERS = {
    "-machine": "Supported machines are:\npc    Standard PC (alias of pc-i440fx-7.2)\nq35   Standard PC (Q35 + ICH9)\n",
    "-device": "Storage devices:\n" + "".join(f'name "{name}", bus PCI\n' for name in DEVICES),
    "-netdev": "Available netdev backend types:\nsocket\nuser\n",
    "-accel": "Accelerators supported in QEMU binary:\ntcg\nkvm\n",
}


def fake_qemu(place: Path, body: str, **answers: str) -> str:
    """Return a PATH on which QEMU is a Python program with this body: ``serial`` and ``control`` are its sockets.

    ``answers`` are those of an option's ``help`` that are others than ``ANSWERS``, by the option without its dash.
    """
    told = ANSWERS | {f"-{option}": answer for option, answer in answers.items()}
    place.mkdir(exist_ok=True)
    program = place / "qemu-system-x86_64"
    program.write_text(
        f"#!{sys.executable} -S\nimport re, os, socket, sys, time\n"
        "if '--version' in sys.argv: print('QEMU emulator version 7.2.0'); sys.exit()\n"
        f"if sys.argv[2:] == ['help']: print({told!r}[sys.argv[1]]); sys.exit()\n"
        f"open({str(place / 'pids')!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
        "ends = [int(n) for n in re.findall(r'socket,id=\\w+,fd=(\\d+)', ' '.join(sys.argv))]\n"
        "serial, control = (socket.socket(fileno=end) for end in ends)\n" + textwrap.dedent(body)
    )
    program.chmod(0o755)
    return f"{place}:{os.environ['PATH']}"


def pids(place: Path) -> list[int]:
    """Return the numbers of the processes that took QEMU's place."""
    path = place / "pids"
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def scenario(name: str) -> Scenario:
    """Return a scenario as it is for a target with an identity."""
    return next(one for one in SCENARIOS if one.name == name)


def disk(role: Role, *changed: tuple[int, int], one_shot: int = 0, drive: DriveChange | None = None) -> PlayedDisk:
    """Return a disk with changes at these places; ``one_shot`` is where a sector may change."""
    ranges = tuple(Range(start, length) for start, length in changed)
    choice = (Range(one_shot, 4096),) if one_shot else ()
    change = drive or DriveChange()
    return PlayedDisk(role=role, size=1 << 30, changes=Changes(ranges, ranges), one_shot=choice, drive=change)


def played(
    name: str, text: str, *disks: PlayedDisk, endings: tuple[Ending, ...] = (Ending.REACHED,), complaints: str = ""
) -> Played:
    """Return a scenario in which the machine said ``text``; ``--boot--`` in it begins the next boot."""
    console = Console(OLD)
    for number, boot in enumerate(text.split("--boot--"), start=1):
        console.add(Event(number * 10.0, Sign.POWER_ON, f"boot {number}"))
        console.feed(boot.encode() + b"\n", number * 10.0 + 1)
    picture = Screenshot(11.0, "a screen", png_of_ppm(b"P6 2 2 255\n" + b"\x10" * 12))
    return Played(
        scenario=scenario(name),
        seconds=25.0,
        endings=endings,
        complaints=complaints,
        events=tuple(console.events),
        console=tuple(console.lines()),
        disks=disks,
        pictures=(picture,),
    )
