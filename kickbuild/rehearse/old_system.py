"""The disk of the old system: a real boot loader, and the Rebuild entry in it, armed for one boot as the agent does.

The old system itself is an entry that says so on the console and switches the machine off: what is rehearsed is that
the box comes back to it, and needs no kernel for that.
"""

from __future__ import annotations

import re
import uuid as uuids
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from kickbuild.boot.edit import append_entry
from kickbuild.boot.grub_conf import fill_in
from kickbuild.drive.debugfs import Volume
from kickbuild.errors import system_error
from kickbuild.files import file_in_memory
from kickbuild.rehearse.loaders import make_grub2, put_grub2, put_grub_legacy, require_grub2
from kickbuild.rehearse.machine import Firmware
from kickbuild.rehearse.scratch import Range
from kickbuild.run import run
from kickbuild.units import MIB

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ESP: Final = 64 * MIB
_BOOT: Final = 192 * MIB
_TITLE: Final = "Old system"

#: What grub-mkconfig's 00_header writes, as far as the choice of one boot needs it; it is heard on a serial line.
GRUB_HEADER: Final = """\
set timeout=0
if [ "$grub_platform" = pc ]; then
  serial --unit=0 --speed=115200
  terminal_output console serial
fi
if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="0"
fi
"""
# Red Hat's GRUB has these commands on UEFI from RHEL 7 to 10 (rhboot/grub2, loader/efi/linux.c and i386/efi/linux.c).
# Another one, that this machine has, is taught them; where they are commands, GRUB does not look for functions.
_EFI_COMMANDS: Final = """\
function linuxefi { linux "$@"; }
function initrdefi { initrd "$@"; }
"""
# An entry for the old system, and what 41_custom writes.
_OLD_ENTRY: Final = """\
menuentry 'Old system' --id old-system {{
  echo "{said}"
  sleep 1
  halt
}}
source $prefix/custom.cfg
"""

# As the installer of RHEL 6 writes it, with what the agent adds: the entry's number is in the file "default".
_GRUB_CONF: Final = """\
default=0
timeout=0
hiddenmenu
serial --unit=0 --speed=115200
terminal --timeout=1 serial console
### kickbuild: for one boot, from here to the end mark ###
default saved
fallback 0
### kickbuild: end mark ###
title Old system
	root (hd0,0)
	chainloader (hd0,0)/old-system
"""


class Loader(StrEnum):
    """The boot loader of the old system."""

    GRUB2 = "grub2"
    GRUB_LEGACY = "grub-legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The Rebuild entry as the drive keeps it, and what GRUB legacy needs beside it: kernel and initrd."""

    id: str
    text: str
    kernel: bytes = b""
    initrd: bytes = b""


@dataclass(frozen=True, slots=True)
class OldSystem:
    """What arming wrote: where the choice of one boot lies, which the boot loader takes back.

    ``initrd`` is where the middle byte of its own copy of the initrd lies, None where it has none.
    """

    one_shot: tuple[Range, ...]
    initrd: int | None = None


def make_old_system(disk: Path, loader: Loader, firmware: Firmware, entry: Entry, said: str) -> OldSystem:
    """Make an old system on an empty disk; reached, it writes ``said`` to the serial line.

    Raises LackingError and ToolError.
    """
    try:
        if loader is Loader.GRUB_LEGACY:
            return _with_grub_legacy(disk, entry, said)
        return _with_grub2(disk, firmware, entry, said)
    except OSError as error:
        raise system_error(error, "the old system's disk") from error


def _with_grub2(disk: Path, firmware: Firmware, entry: Entry, said: str) -> OldSystem:
    uuid = str(uuids.uuid4())
    early = f"search.fs_uuid {uuid} root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n"
    core = make_grub2(firmware, early)
    start = _ESP + MIB if firmware is Firmware.UEFI else MIB
    if firmware is Firmware.UEFI:
        _partition(disk, f"label: gpt\nstart=2048, size={_ESP // MIB}MiB, type=uefi\nsize={_BOOT // MIB}MiB\n")
        _make_esp(disk, core)
    else:
        _partition(disk, f"label: dos\nstart=2048, size={_BOOT // MIB}MiB, type=83, bootable\n")
        put_grub2(disk, core, (require_grub2(Firmware.BIOS) / "boot.img").read_bytes())
    header = GRUB_HEADER + (_EFI_COMMANDS if firmware is Firmware.UEFI else "")
    custom = append_entry(b"", entry.id, entry.text.encode())
    volume = _make_ext(disk, start, uuid, "ext4", [])
    files = {
        "/boot/grub/grub.cfg": (header + _OLD_ENTRY.format(said=said)).encode(),
        "/boot/grub/custom.cfg": custom,
        "/boot/grub/grubenv": environment_block({"next_entry": entry.id}),
    }
    _fill(volume, files, ("/boot", "/boot/grub"))
    return OldSystem(_places(volume, "/boot/grub/grubenv", len(files["/boot/grub/grubenv"])))


def _with_grub_legacy(disk: Path, entry: Entry, said: str) -> OldSystem:
    _partition(disk, f"label: dos\nstart=2048, size={_BOOT // MIB}MiB, type=83, bootable\n")
    put_grub_legacy(disk, "/grub/menu.lst")
    # The stock loader reads inodes of 128 bytes and no ext4.
    volume = _make_ext(disk, MIB, str(uuids.uuid4()), "ext3", ["-I", "128"])
    stanza = fill_in(entry.text.encode(), "(hd0,0)", "")
    armed = re.sub(rb"(?m)^(\s*root .*)$", rb"\1\n\tsavedefault 0", stanza, count=1)
    default = default_file(1)
    files = {
        "/grub/menu.lst": append_entry(_GRUB_CONF.encode(), entry.id, armed),
        "/grub/default": default,
        "/old-system": speaking_boot_sector(said),
        f"/{entry.id}-vmlinuz": entry.kernel,
        f"/{entry.id}-initrd.img": entry.initrd,
    }
    _fill(volume, files, ("/grub",))
    initrd = _middle(volume, f"/{entry.id}-initrd.img", len(entry.initrd))
    return OldSystem(_places(volume, "/grub/default", len(default)), initrd)


def environment_block(values: Mapping[str, str]) -> bytes:
    """Return GRUB 2's environment block (GRUB, grub-core/lib/envblk.c)."""
    lines = "".join(f"{key}={value}\n" for key, value in values.items())
    return ("# GRUB Environment Block\n" + lines).encode().ljust(1024, b"#")


def default_file(number: int) -> bytes:
    """Return GRUB legacy's file of the saved entry, in the size that it needs to write to it (grub-set-default)."""
    text = f"{number}\n" + "#\n" * 10
    text += "# WARNING: If you want to edit this file directly, do not remove any line\n"
    text += "# from this file, including this warning. Using `grub-set-default' is\n# strongly recommended.\n"
    return text.encode()


def speaking_boot_sector(said: str) -> bytes:
    """Return a boot sector that prints a line on the first serial port and switches a QEMU machine off.

    The machine's power is the ACPI control register at port 0x604.
    """
    code = bytes.fromhex(
        "fa fc 31c0 8ed8 be2a7c"  # cli; cld; ds = 0; si = message
        "ac 84c0 7412 88c4"  # next: al = *si++; jump to done at its end; ah = al
        "bafd03 ec a820 74fb"  # wait until the transmitter is empty
        "baf803 88e0 ee ebe9"  # send; next
        "ba0406 b80020 ef f4 ebfd"  # done: power off; halt
    )
    return boot_sector(code, said)


def boot_sector(code: bytes, said: str) -> bytes:
    """Return a boot sector: code, and right behind it the line that it prints, which ends with a zero."""
    return (code + b"\r\n" + said.encode("ascii") + b"\r\n\0").ljust(510, b"\0") + b"\x55\xaa"


def _partition(disk: Path, script: str) -> None:
    run(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", disk], stdin=script.encode())


def _make_esp(disk: Path, core: bytes) -> None:
    at = f"{disk}@@{MIB}"
    run(["mformat", "-i", at, "-T", str(_ESP // 512), "-h", "16", "-s", "32", "-v", "ESP", "::"])
    run(["mmd", "-i", at, "::/EFI", "::/EFI/BOOT"])
    with file_in_memory(core) as loader:
        run(["mcopy", "-i", at, loader, "::/EFI/BOOT/BOOTX64.EFI"])


def _make_ext(disk: Path, start: int, uuid: str, kind: str, options: list[str]) -> Volume:
    extended = f"offset={start},root_owner=0:0"
    words = ["mke2fs", "-q", "-F", "-t", kind, "-b", "4096", "-U", uuid, *options, "-E", extended]
    run([*words, disk, f"{(_BOOT - MIB) // 1024}k"])
    return Volume.opened(disk, start)


def _fill(volume: Volume, files: Mapping[str, bytes], directories: tuple[str, ...]) -> None:
    volume.change(*(f"mkdir {name}" for name in directories))
    for path, data in files.items():
        with file_in_memory(data) as source:
            volume.change(f"write {source} {path}")


def _places(volume: Volume, path: str, size: int) -> tuple[Range, ...]:
    text = volume.ask(f"blocks {path}").decode("ascii", "replace")
    block = volume.block
    ranges = tuple(Range(volume.offset + int(word) * block, block) for word in text.split() if word.isdecimal())
    return ranges[: -(-size // block)]


def _middle(volume: Volume, path: str, size: int) -> int:
    """Return where the middle byte of a file lies. Blocks are asked for by number: a long list has other kinds too."""
    number, rest = divmod(size // 2, volume.block)
    return volume.offset + int(volume.ask(f"bmap {path} {number}").split()[-1]) * volume.block + rest
