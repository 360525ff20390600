"""Real boot loaders and firmware of this machine: where they are, and GRUB 2's core made for one disk."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.errors import LackingError
from kickbuild.files import file_in_memory
from kickbuild.rehearse.machine import Firmware
from kickbuild.run import find_tool, run
from kickbuild.units import MIB

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Firmware without Secure Boot: code, and variables that fit it.
_OVMF: Final = (
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
)
_GRUB: Final = "/usr/lib/grub"
_PLATFORMS: Final = {Firmware.BIOS: "i386-pc", Firmware.UEFI: "x86_64-efi"}
_MODULES_OF: Final = {
    Firmware.BIOS: ("grub-pc-bin", "grub2-pc-modules"),
    Firmware.UEFI: ("grub-efi-amd64-bin", "grub2-efi-x64-modules"),
}
#: What the old system's configuration and the Rebuild entry use.
_NEEDED: Final = (
    *("normal", "configfile", "search", "search_fs_uuid", "search_label", "search_fs_file", "linux", "loadenv", "test"),
    *("echo", "sleep", "halt", "ls", "part_gpt", "part_msdos", "ext2", "xfs", "fat"),
)
_NEEDED_ON: Final = {
    Firmware.BIOS: ("biosdisk", "serial", "terminal"),
    # A module of its own in RHEL 7 alone: later ones have it in "linux", upstream's GRUB nowhere.
    Firmware.UEFI: ("linuxefi",),
}
_GRUB_LEGACY: Final = ("/usr/lib/grub/x86_64-pc", "/usr/lib/grub/i386-pc", "/usr/share/grub/x86_64-redhat")
_SECTOR: Final = 512


def find_ovmf(candidates: Sequence[tuple[str, str]] = _OVMF) -> tuple[Path, Path]:
    """Return the files of UEFI firmware: code and variables. Raises LackingError."""
    for code, variables in candidates:
        if Path(code).is_file() and Path(variables).is_file():
            return Path(code), Path(variables)
    raise LackingError(
        "UEFI firmware for QEMU (OVMF) is not installed",
        hint="install the package that brings it: ovmf (Debian), edk2-ovmf (Fedora, RHEL); or use --firmware bios",
    )


def require_grub2(firmware: Firmware) -> Path:
    """Return the directory of GRUB 2's modules for a firmware. Raises LackingError."""
    if find_tool("grub-mkimage") is None and find_tool("grub2-mkimage") is None:
        raise LackingError(
            "the program grub2-mkimage is not installed",
            hint="install the package that brings it: grub-common (Debian), grub2-tools (Fedora, RHEL)",
        )
    place = Path(os.environ.get("KICKBUILD_GRUB_LIBRARY", _GRUB)) / _PLATFORMS[firmware]
    if not (place / "kernel.img").is_file() or (firmware is Firmware.BIOS and not (place / "boot.img").is_file()):
        debian, fedora = _MODULES_OF[firmware]
        raise LackingError(
            f"GRUB 2 for {firmware} is not in {place}",
            hint=f"install the package that brings it: {debian} (Debian), {fedora} (Fedora, RHEL)",
        )
    return place


def make_grub2(firmware: Firmware, early_config: str, more: Sequence[str] = ()) -> bytes:
    """Return GRUB 2 in one piece, which runs ``early_config`` first; ``more`` are modules beside the ones needed.

    Raises LackingError and ToolError.
    """
    modules = require_grub2(firmware)
    program = "grub-mkimage" if find_tool("grub-mkimage") else "grub2-mkimage"
    wanted = (*_NEEDED, *_NEEDED_ON[firmware], *more)
    names = [name for name in wanted if (modules / f"{name}.mod").is_file()]
    with file_in_memory(early_config.encode()) as config, file_in_memory() as core:
        words: list[str | Path] = [
            program,
            "-d",
            modules,
            "-O",
            _PLATFORMS[firmware],
            "-c",
            config,
            "-p",
            "/boot/grub",
            "-o",
            core,
        ]
        run([*words, *names])
        return core.read_bytes()


def put_grub2(disk: Path, core: bytes, boot: bytes) -> None:
    """Put GRUB 2 between the partition table and the first partition, as grub-bios-setup does (GRUB, util/setup.c).

    ``boot``, GRUB's boot.img, learns the first sector of the core, whose first sector learns where its rest lies and is
    to be loaded.
    """
    sectors = -(-len(core) // _SECTOR)
    if sectors >= MIB // _SECTOR:
        raise LackingError(f"GRUB 2 has {len(core)} bytes, more than there is room for before the first partition")
    padded = bytearray(core.ljust(sectors * _SECTOR, b"\0"))
    struct.pack_into("<QHH", padded, _SECTOR - 12, 2, sectors - 1, 0x820)
    first = bytearray(boot)
    struct.pack_into("<Q", first, 0x5C, 1)
    _put_before_partitions(disk, bytes(first), bytes(padded))


def find_grub_legacy(candidates: Sequence[str] = _GRUB_LEGACY) -> tuple[bytes, bytes]:
    """Return stage1 and stage2 of GRUB legacy. Raises LackingError."""
    own = os.environ.get("KICKBUILD_GRUB_LEGACY")
    for place in map(Path, [own] if own else candidates):
        if (place / "stage1").is_file() and (place / "stage2").is_file():
            return (place / "stage1").read_bytes(), (place / "stage2").read_bytes()
    raise LackingError(
        "GRUB legacy is not installed: there is no stage1 and stage2",
        hint="install grub-legacy (Debian); or unpack the grub package of a RHEL 6 ISO and name the directory that "
        "holds the two in KICKBUILD_GRUB_LEGACY; or rehearse with --loader grub2",
    )


def put_grub_legacy(disk: Path, config: str) -> None:
    """Put GRUB legacy between the partition table and the first partition, where it reads ``config``.

    stage1 loads the sector behind it, and stage2's first sector all that follows: they are made so (GRUB 0.97,
    stage1/stage1.S, stage2/start.S). What is filled in is the partition and the path of the configuration
    (stage2/asm.S: the partition at 0x208, and the path after the version's text at 0x212).
    """
    stage1, stage2 = find_grub_legacy()
    body = bytearray(stage2.ljust(-(-len(stage2) // _SECTOR) * _SECTOR, b"\0"))
    if len(stage1) != _SECTOR or not re.match(rb"0\.97\0", body[0x212:0x217]) or len(body) >= MIB - _SECTOR:
        raise LackingError("the stage1 and stage2 that are installed are not those of GRUB 0.97")
    struct.pack_into("<I", body, 0x208, 0x0000FFFF)
    path = config.encode() + b"\0"
    body[0x217 : 0x217 + len(path)] = path
    _put_before_partitions(disk, stage1, bytes(body))


def _put_before_partitions(disk: Path, first: bytes, rest: bytes) -> None:
    with disk.open("r+b") as file:
        table = file.read(_SECTOR)[440:]
        file.seek(0)
        file.write(first[:440] + table + rest)
