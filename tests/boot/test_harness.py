"""The boot tests' own tools, tried without booting anything."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest
from boot_parts import run
from conftest import needs_tools
from drive_watch import changed_sectors, is_blank
from initrd import STANDIN, Archive, new_system
from machine import Ending, boot
from rehearsed import fake_qemu, pids
from transcript import Marker, parse_transcript

if TYPE_CHECKING:
    from pathlib import Path


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
        ("time.sleep(60)", Ending.DEADLINE),
        ("sys.exit('no such accelerator')", Ending.DIED),
        ("serial.send(b'OLD-OS-REACHED\\n'); control.send(REBOOT)", Ending.LOOPED),
        ("serial.send(b'OLD-OS-REACHED\\n')", Ending.POWERED_OFF),
        ("serial.send(b'OLD-OS-HELD before=mv\\n'); time.sleep(60)", Ending.CUT),
    ],
    ids=["hangs", "dies", "reboots", "ends", "is-cut"],
)
def test_no_machine_outlives_its_run(
    program: str, ending: Ending, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reboot = 'REBOOT = b\'{"event": "SHUTDOWN", "data": {"reason": "guest-reset"}}\\n\'\n'
    monkeypatch.setenv("PATH", fake_qemu(tmp_path / "bin", reboot + program))
    result = boot((), tmp_path, deadline=2 if ending is Ending.DEADLINE else 30)
    assert result.ending is ending
    assert ("no such accelerator" in result.complaints) == (ending is Ending.DIED)
    assert pids(tmp_path / "bin")
    for pid in pids(tmp_path / "bin"):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


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
