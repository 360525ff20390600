"""The boot tests' own tools, tried without booting anything."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from boot_parts import run
from conftest import needs_tools
from drive_watch import changed_sectors, is_blank
from initrd import STANDIN, Archive, new_system
from machine import Bus, Disk, Ending, Machine, Uefi, boot, qemu_argv
from transcript import Marker, parse_transcript


def test_the_command_line_asks_for_tcg_and_keeps_the_order_of_disks() -> None:
    disks = (
        Disk(Path("/a.img"), serial="ONE"),
        Disk(Path("/b,c.img"), bus=Bus.SATA, first=True),
        Disk(Path("/d.img"), serial="THREE", bus=Bus.SCSI),
    )
    argv = qemu_argv(Machine(disks), Path("/log"))
    assert argv[argv.index("-accel") + 1] == "tcg"
    assert [word for word in argv if "drive=disk" in word] == [
        "virtio-blk-pci,drive=disk0,serial=ONE,bootindex=1",
        "ide-hd,bus=ide.0,unit=1,drive=disk1,bootindex=0",
        "scsi-hd,bus=scsi.0,lun=2,drive=disk2,serial=THREE,bootindex=3",
    ]
    assert any(word.endswith("file=/b,,c.img") for word in argv)


def test_uefi_gets_its_code_read_only_and_its_variables_writable() -> None:
    argv = qemu_argv(Machine((), Uefi(Path("/code"), Path("/vars"))), Path("/log"))
    assert "if=pflash,format=raw,unit=0,readonly=on,file=/code" in argv
    assert "if=pflash,format=raw,unit=1,file=/vars" in argv


def test_markers_are_found_among_what_loaders_and_kernels_print() -> None:
    serial = (
        b"\x1b[2J\x1b[01;01HBooting `Rebuild'\r\n\r\n[    1.5] STANDIN-STARTED release=9\r\n"
        b"STANDIN-INSTALLED disk=vda serial=TARGET1\r\n[  2.0] NOT-STANDIN-STARTED\r\nOLD-OS-REACHED\r\nOLD-OS-REA"
    )
    transcript = parse_transcript(serial)
    assert transcript.markers == (
        Marker("STANDIN-STARTED", (("release", "9"),)),
        Marker("STANDIN-INSTALLED", (("disk", "vda"), ("serial", "TARGET1"))),
        Marker("OLD-OS-REACHED"),
    )
    assert transcript.boots == 2
    assert transcript.lines[0] == "Booting `Rebuild'"
    assert transcript.one("STANDIN-INSTALLED")["disk"] == "vda"


@pytest.mark.parametrize(
    ("program", "ending"),
    [
        ("exec sleep 60", Ending.DEADLINE),
        ("echo 'no such accelerator' >&2; exit 1", Ending.DIED),
        ("while :; do echo OLD-OS-REACHED >>serial.log; sleep 0.05; done", Ending.LOOPED),
        ("echo OLD-OS-REACHED >>serial.log; echo 'reboot: Restarting system' >>serial.log", Ending.LOOPED),
        ("echo OLD-OS-REACHED >>serial.log", Ending.POWERED_OFF),
        ("echo OLD-OS-HELD before=mv >>serial.log; exec sleep 60", Ending.CUT),
    ],
    ids=["hangs", "dies", "loops", "reboots", "ends", "is-cut"],
)
def test_no_machine_outlives_its_run(
    program: str, ending: Ending, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin/qemu-system-x86_64"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho $$ >pid\n{program}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    result = boot(Machine(()), tmp_path, deadline=2 if ending is Ending.DEADLINE else 30)
    assert result.ending is ending
    assert ("no such accelerator" in result.complaints) == (ending is Ending.DIED)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@needs_tools("cpio")
def test_an_archive_is_what_cpio_reads(tmp_path: Path) -> None:
    archive = Archive()
    archive.add("usr/bin/tool", b"#!/bin/sh\n")
    archive.link("bin", "usr/bin")
    packed = tmp_path / "initrd"
    packed.write_bytes(gzip.decompress(archive.pack()))
    run(["sh", "-c", f"cd {tmp_path} && cpio --quiet -idm <initrd"])
    assert (tmp_path / "bin/tool").read_bytes() == b"#!/bin/sh\n"
    assert os.access(tmp_path / "bin/tool", os.X_OK)


def test_the_new_system_is_a_boot_sector() -> None:
    assert len(new_system()) == 512
    assert new_system().endswith(b"\x55\xaa")


def test_a_blank_disk_is_told_from_one_that_was_written(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    with disk.open("wb") as file:
        file.truncate(3 << 20)
    assert is_blank(disk)
    with disk.open("r+b") as file:
        file.seek((3 << 20) - 1)
        file.write(b"x")
    assert not is_blank(disk)


def test_changed_sectors_are_counted(tmp_path: Path) -> None:
    before, after = tmp_path / "before.img", tmp_path / "after.img"
    for disk in (before, after):
        with disk.open("wb") as file:
            file.truncate(5 << 20)
            file.seek(3 << 20)
            file.write(b"same" * 1000)
    assert changed_sectors(before, after) == set()
    with after.open("r+b") as file:
        file.seek(512 * 7 + 500)
        file.write(b"x" * 20)
        file.seek((3 << 20) + 512)
        file.write(b"SAME")
    assert changed_sectors(before, after) == {7, 8, (3 << 20) // 512 + 1}


@needs_tools("shellcheck")
def test_the_stand_in_is_sound_shell() -> None:
    files = sorted(str(path) for path in STANDIN.iterdir())
    assert files
    run(["shellcheck", "-s", "dash", "-x", "-P", str(STANDIN.parents[1]), *files])
