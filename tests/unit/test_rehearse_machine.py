"""Machines, disks and scenarios as values."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kickbuild.errors import LackingError
from kickbuild.rehearse.console import FIRST, LAST, Console, Event, Sign
from kickbuild.rehearse.identity import target_of
from kickbuild.rehearse.loaders import find_grub_legacy, find_ovmf
from kickbuild.rehearse.machine import Board, Bus, Disk, Identity, Machine, Uefi, qemu_argv
from kickbuild.rehearse.old_system import default_file, environment_block, speaking_boot_sector
from kickbuild.rehearse.png import look_alike, png_of_ppm
from kickbuild.rehearse.scenario import NAMES, SCENARIOS, Expected, Kind, Role, scenarios_for
from kickbuild.rehearse.scratch import require_room, workplace
from kickbuild.units import GIB, MIB

if TYPE_CHECKING:
    from collections.abc import Mapping


def argv_of(*disks: Disk, accel: str = "tcg", uefi: Uefi | None = None, board: Board | None = None) -> list[str]:
    machine = Machine(disks=disks, memory=2048, cpus=2, accel=accel, uefi=uefi, board=board or Board())
    return qemu_argv(machine, program="qemu", serial=7, control=8)


def test_a_machine_is_a_command_line() -> None:
    argv = argv_of(
        Disk(Path("/a"), Identity("ONE"), Bus.VIRTIO),
        Disk(Path("/b,c"), Identity("TWO", "0x5000c500a1b2c3d4", "BIG DISK"), Bus.SATA, first=True),
        Disk(Path("/d"), Identity("A,B", model="M"), Bus.SCSI),
        Disk(Path("/e"), Identity("N"), Bus.NVME),
        Disk(Path("/f"), Identity("U"), Bus.USB, slow=True),
    )
    text = " ".join(argv)
    assert [argv[at + 1] for at, word in enumerate(argv) if word == "-device"] == [
        "ich9-ahci,id=sata",
        "virtio-scsi-pci,id=hba",
        "qemu-xhci,id=usb",
        "virtio-blk-pci,drive=disk0,bootindex=1,serial=ONE",
        "ide-hd,bus=sata.1,drive=disk1,bootindex=0,serial=TWO,wwn=0x5000c500a1b2c3d4,model=BIG DISK",
        "scsi-hd,bus=hba.0,scsi-id=2,drive=disk2,bootindex=3,serial=A,,B,product=M",
        "nvme,drive=disk3,bootindex=4,serial=N",
        "usb-storage,bus=usb.0,drive=disk4,bootindex=5,serial=U",
    ]
    assert "file=/b,,c" in text
    assert text.count("throttling.iops-write=1,file=/f") == text.count("throttling") == 1
    assert "fd=7" in text
    assert "-accel tcg" in text
    assert "-no-reboot" in argv
    assert "pflash" not in text


def test_a_board_is_chipset_screen_and_a_card_that_no_firmware_boots_from() -> None:
    board = Board(chipset="q35", card="e1000e", has_screen=False)
    argv = argv_of(Disk(Path("/a"), Identity("A"), Bus.SATA), board=board)
    text = " ".join(argv)
    assert "-machine q35" in text
    assert "-vga none" in text
    assert "-netdev user,id=net,restrict=on,ipv6=off -device e1000e,netdev=net,romfile=" in text
    assert "-net none" not in text
    assert "ahci" not in text
    assert "ide-hd,bus=ide.0,drive=disk0" in text
    assert "-net none" in " ".join(argv_of())


def test_uefi_gets_its_code_read_only_and_its_variables_writable() -> None:
    argv = argv_of(uefi=Uefi(Path("/code"), Path("/vars")))
    assert "if=pflash,format=raw,unit=0,readonly=on,file=/code" in argv
    assert "if=pflash,format=raw,unit=1,file=/vars" in argv


@pytest.mark.parametrize(
    ("keys", "bus", "identity"),
    [
        ({"serial": " S1\t"}, Bus.VIRTIO, Identity("S1")),
        ({"wwn": "0x5000C500A1B2C3D4"}, Bus.SATA, Identity("REHEARSALTARGET", "0x5000c500a1b2c3d4")),
        ({"wwn": "naa.5000c500a1b2c3d4"}, Bus.SCSI, Identity("REHEARSALTARGET", "0x5000c500a1b2c3d4")),
        ({"by_id": "/dev/disk/by-id/virtio-S1"}, Bus.VIRTIO, Identity("S1")),
        ({"by_id": "ata-WDC_WD10_WD-WX1"}, Bus.SATA, Identity("WD-WX1", model="WDC_WD10")),
        ({"by_id": "wwn-0x5000c500a1b2c3d4"}, Bus.SATA, Identity("REHEARSALTARGET", "0x5000c500a1b2c3d4")),
        ({"by_id": "nvme-QEMU_NVMe_Ctrl_S1"}, Bus.NVME, Identity("S1")),
        ({"model": "M"}, Bus.SATA, Identity("REHEARSALTARGET", model="M")),
        ({"only_other_disk": "true"}, Bus.USB, Identity("REHEARSALTARGET")),
    ],
)
def test_the_target_gets_the_identity_that_the_profile_asks_for(
    keys: Mapping[str, str], bus: Bus, identity: Identity
) -> None:
    assert target_of(keys, bus).identity == identity


@pytest.mark.parametrize(
    ("keys", "bus"),
    [
        ({"by_path": "pci-0000:00:1f.2-ata-1"}, Bus.SATA),
        ({"by_id": "ata-WDC_WD10_WD-WX1"}, Bus.VIRTIO),
        ({"by_id": "dm-name-x"}, Bus.SATA),
        ({"serial": "X" * 21}, Bus.VIRTIO),
        ({"serial": "X\x1b"}, Bus.VIRTIO),
        ({"wwn": "0x5000c500a1b2c3d4"}, Bus.VIRTIO),
        ({"wwn": "0x6000c500a1b2c3d46000c500a1b2c3d4"}, Bus.SATA),
        ({"model": "M"}, Bus.NVME),
        ({"min_size": "much"}, Bus.SATA),
    ],
)
def test_an_identity_that_no_disk_here_can_have_is_refused_with_a_reason(keys: Mapping[str, str], bus: Bus) -> None:
    with pytest.raises(LackingError) as caught:
        target_of(keys, bus)
    assert caught.value.problems[0].message


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["serial", "wwn", "by_id", "by_path", "model", "min_size", "max_size"]), st.text())
)
def test_a_target_from_outside_is_a_disk_or_a_refusal(keys: dict[str, str]) -> None:
    for bus in Bus:
        try:
            target = target_of(keys, bus)
        except LackingError:
            continue
        assert target.size >= MIB
        assert all(text.isprintable() for text in (target.identity.serial, target.identity.wwn, target.identity.model))


def test_sizes_are_within_what_the_profile_allows() -> None:
    assert target_of({"serial": "S"}, Bus.SATA).size == 64 * GIB
    assert target_of({"serial": "S", "min_size": "1.0 TiB"}, Bus.SATA).size > 1024 * GIB
    assert target_of({"serial": "S", "max_size": "10.0 GiB"}, Bus.SATA).size < 10 * GIB


def test_every_scenario_has_one_drive_and_one_first_disk() -> None:
    assert len(set(NAMES)) == len(SCENARIOS) == 9
    for kind in Kind:
        for scenario in scenarios_for((), kind):
            assert scenario.skip or scenario.disks.count(Role.DRIVE) == 1
            assert scenario.skip or sum(role in {Role.TARGET, Role.OLD} for role in scenario.disks) == 1


def test_what_must_happen_follows_from_how_the_target_is_known() -> None:
    (decoy,) = scenarios_for(("decoy",), Kind.BY_IDENTITY)
    (alike,) = scenarios_for(("decoy",), Kind.BY_MODEL)
    (absent,) = scenarios_for(("absent",), Kind.ONLY_OTHER)
    assert decoy.expected is Expected.INSTALLED
    assert alike.expected is Expected.REFUSED
    assert absent.skip


def test_no_twins_are_played_where_linux_rejects_the_second() -> None:
    for bus in Bus:
        for kind in Kind:
            skipped = {scenario.name for scenario in scenarios_for((), kind, bus) if "NVMe" in scenario.skip}
            assert skipped == ({"twins"} if bus is Bus.NVME else set())


def test_firmware_and_loaders_that_are_not_there_are_named_with_their_packages() -> None:
    with pytest.raises(LackingError) as ovmf:
        find_ovmf([("/nowhere/code", "/nowhere/vars")])
    with pytest.raises(LackingError) as legacy:
        find_grub_legacy(["/nowhere"])
    assert "edk2-ovmf" in ovmf.value.problems[0].hint
    assert "grub-legacy" in legacy.value.problems[0].hint


def test_too_little_room_is_told_before_anything_begins(tmp_path: Path) -> None:
    with pytest.raises(LackingError) as caught:
        require_room(tmp_path, 1 << 40)
    assert "--work" in caught.value.problems[0].hint


def test_scratch_files_have_no_name(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        file = place.file(4096)
        file.write_bytes(b"x")
        assert file.read_bytes() == b"x"
        assert list(tmp_path.iterdir()) == []
    assert not file.exists()


def test_files_of_boot_loaders_have_the_sizes_that_they_write_to() -> None:
    block = environment_block({"next_entry": "kickbuild-web"})
    assert len(block) == 1024
    assert block.startswith(b"# GRUB Environment Block\nnext_entry=kickbuild-web\n#")
    assert default_file(1).startswith(b"1\n#\n")
    sector = speaking_boot_sector("HELLO")
    assert len(sector) == 512
    assert sector.endswith(b"\x55\xaa")


def test_a_screen_becomes_a_png_with_the_same_pixels() -> None:
    pixels = bytes(range(24))
    png = png_of_ppm(b"P6\n# made by a test\n4 2\n255\n" + pixels)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (4, 2)
    data = re.search(rb"IDAT(.*)....IEND", png, re.DOTALL)
    assert data
    assert zlib.decompress(data[1][:-4]) == b"\0" + pixels[:12] + b"\0" + pixels[12:]


def test_screens_look_alike_where_a_cursor_alone_blinks() -> None:
    screen = bytes(640 * 400 * 3)
    blinking = b"\xff" * 9 * 16 * 3 + screen[9 * 16 * 3 :]
    written = b"\xff" * 9 * 16 * 3 * 2 + screen[9 * 16 * 3 * 2 :]
    assert look_alike(screen, screen)
    assert look_alike(screen, blinking)
    assert not look_alike(screen, written)
    assert not look_alike(screen, screen[3:])
    assert not look_alike(screen, b"")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_what_is_no_screen_is_an_error(data: bytes) -> None:
    if not re.match(rb"P6\s", data):
        with pytest.raises(ValueError, match="PPM"):
            png_of_ppm(data)


def test_a_flood_keeps_its_beginning_and_its_end() -> None:
    console = Console("OLD")
    console.feed(b"the beginning\n", 0)
    for _ in range(80):
        console.feed(b"x" * (1 << 16), 1)
    console.feed(b"\nthe end\n", 2)
    lines = console.lines()
    assert lines[0] == "the beginning"
    assert lines[-1] == "the end"
    assert any("bytes left out" in line for line in lines)
    assert len(console.head) + len(console.tail) <= FIRST + 2 * LAST


def test_events_are_told_from_what_is_said() -> None:
    console = Console("OLD-7")
    console.add(Event(0, Sign.POWER_ON, "boot 1"))
    console.feed(
        b"\x1b[2J\x1b[01;01HRebuilding from UUID=1 ...\r\n[    0.1] Linux version 6.1 (x)\r\nReached target Multi-User",
        1,
    )
    console.feed(b" System\r\nSTANDIN-STARTED release=9\r\nkickbuild: - no disk\r\nkickbuild: - no disk\r\n", 2)
    console.add(Event(3, Sign.POWER_ON, "boot 2"))
    console.feed(b"OLD-7\r\nbox login: ", 4)
    assert [(event.sign, event.text) for event in console.events] == [
        (Sign.POWER_ON, "boot 1"),
        (Sign.ENTRY, "Rebuilding from UUID=1 ..."),
        (Sign.KERNEL, "Linux version 6.1"),
        (Sign.STAND_IN, "STANDIN-STARTED release=9"),
        (Sign.GUARD, "kickbuild: - no disk"),
        (Sign.POWER_ON, "boot 2"),
        (Sign.OLD_SYSTEM, "the old system was reached"),
        (Sign.NEW_SYSTEM, "box login:"),
    ]


def test_a_kernel_tells_its_command_line_once() -> None:
    console = Console("OLD")
    words = "BOOT_IMAGE=(hd1)/vmlinuz inst.ks=hd:UUID=1:/ks.cfg"
    console.feed(f"[    0.0] Command line: {words}\r\n[    0.1] Kernel command line: {words}\r\n".encode(), 1)
    assert [(event.sign, event.text) for event in console.events] == [(Sign.ENTRY, f"Command line: {words}")]


def test_who_listens_hears_each_event_that_is_kept() -> None:
    heard: list[Event] = []
    console = Console("OLD", heard=heard.append)
    console.add(Event(0, Sign.POWER_ON, "boot 1"))
    console.feed(b"kickbuild: - no disk\r\nkickbuild: - no disk\r\n", 2)
    assert heard == console.events
    assert len(heard) == 2


def test_a_panic_is_told_once() -> None:
    console = Console("OLD")
    words = "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"
    console.feed(
        f"[    2.0] {words}\r\n[    2.1] Rebooting in 60 seconds..\r\n[    2.2] ---[ end {words} ]---\r\n".encode(), 1
    )
    assert [(event.sign, event.text) for event in console.events] == [(Sign.PANIC, words)]


def test_a_long_line_is_looked_at_in_pieces() -> None:
    """Otherwise a guest that says one word on and on keeps its watcher busy, by the square of what it says."""
    console = Console("OLD")
    console.feed(b"anaconda " + b"x " * 1000 + b"installer\n", 1)
    console.feed(b"x " * 1000 + b"Linux version 6" + b" x" * 600 + b"OLD", 1)
    console.feed(b"\nanaconda installer\n", 2)
    assert [event.sign for event in console.events] == [Sign.OLD_SYSTEM, Sign.INSTALLER]


def test_what_turns_text_round_is_not_shown() -> None:
    console = Console("OLD")
    console.feed("kickbuild: - \u202ewritten\u2066 \u2028 not\ufffe".encode(), 1)
    console.feed(b"\n", 2)
    assert console.events[0].text == "kickbuild: - written  not"
    assert console.lines() == ["kickbuild: - written  not"]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_console_takes_any_bytes(pieces: list[bytes]) -> None:
    console = Console("OLD")
    for number, piece in enumerate(pieces):
        console.feed(piece, number)
    assert all(line.isprintable() or not set(line) & {chr(c) for c in range(32) if c != 9} for line in console.lines())
