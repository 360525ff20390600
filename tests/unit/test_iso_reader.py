"""Reading ISOs that were written byte by byte: looking up, and everything that an ISO can lie about."""

from __future__ import annotations

import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from raw_iso import ROOT, SECTOR, RawIso, both, ce, dots, nm, px, record

from kickbuild.errors import ExitCode, IsoError
from kickbuild.iso.facts import IsoFile
from kickbuild.iso.reader import IsoReader

if TYPE_CHECKING:
    from pathlib import Path

PVD = 16 * SECTOR
DATA = ROOT + 5


def write(tmp_path: Path, iso: RawIso | bytes) -> Path:
    path = tmp_path / "x.iso"
    path.write_bytes(iso if isinstance(iso, bytes) else iso.data())
    return path


#: Bytes that reading any ISO, however hostile, may take; a lying one made pycdlib take gigabytes.
LARGEST = 100 * 1024 * 1024


def refusal(tmp_path: Path, iso: RawIso | bytes) -> str:
    path = write(tmp_path, iso)
    tracemalloc.start()
    try:
        with pytest.raises(IsoError) as caught:
            IsoReader(path)
        assert tracemalloc.get_traced_memory()[1] < LARGEST
    finally:
        tracemalloc.stop()
    assert caught.value.exit_code == ExitCode.INPUT
    assert {problem.where for problem in caught.value.problems} == {str(path)}
    assert all(problem.hint for problem in caught.value.problems)
    return str(caught.value)


def simple() -> RawIso:
    return RawIso(
        [
            *dots(),
            record(b"IMAGES", ROOT + 1, SECTOR, directory=True),
            record(b"README.TXT;1", DATA, 5),
            record(b"VMLINUZ.;1", DATA + 1, 3000),
        ],
        {
            ROOT + 1: b"".join([*dots(ROOT + 1), record(b"INSTALL.IMG;1", DATA, 4)]),
            DATA: b"hello",
            DATA + 1: b"k" * 3000,
        },
        # The path table names the second directory, as pycdlib wants it.
        patches={
            PVD + 132: both(24),
            18 * SECTOR + 10: b"\6\0" + (ROOT + 1).to_bytes(4, "little") + b"\1\0IMAGES",
            19 * SECTOR + 10: b"\6\0" + (ROOT + 1).to_bytes(4, "big") + b"\0\1IMAGES",
        },
    )


def test_files_are_found_whatever_the_case(tmp_path: Path) -> None:
    with IsoReader(write(tmp_path, simple())) as iso:
        assert iso.list_directory() == ("IMAGES", "README.TXT", "VMLINUZ")
        assert iso.list_directory("images") == ("INSTALL.IMG",)
        assert iso.list_directory("nowhere") is None
        assert iso.find("vmlinuz") == IsoFile("VMLINUZ", 3000, (((DATA + 1) * SECTOR, 3000),))
        assert iso.find("/Images/install.img") == IsoFile("IMAGES/INSTALL.IMG", 4, ((DATA * SECTOR, 4),))
        assert iso.read("readme.txt") == b"hello"
        assert iso.has_directory("images")
        for missing in ("images", "vmlinuz/x", "vmlinu", "../vmlinuz", "images/../vmlinuz", ".", "", "//"):
            assert iso.find(missing) is None
        assert iso.read("nothing") is None
        assert not iso.has_directory("vmlinuz")


def test_a_file_of_several_extents_is_one_file(tmp_path: Path) -> None:
    pieces = [record(b"BIG.;1", DATA, SECTOR), record(b"BIG.;1", DATA + 3, SECTOR), record(b"BIG.;1", DATA + 6, 7)]
    sectors = {DATA: b"a" * SECTOR, DATA + 3: b"b" * SECTOR, DATA + 6: b"c" * 7}
    with IsoReader(write(tmp_path, RawIso([*dots(), *pieces], sectors))) as iso:
        found = iso.find("big")
        assert found is not None
        assert found.extents == ((DATA * SECTOR, SECTOR), ((DATA + 3) * SECTOR, SECTOR), ((DATA + 6) * SECTOR, 7))
        assert iso.read("big") == b"a" * SECTOR + b"b" * SECTOR + b"c" * 7


def test_a_text_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with IsoReader(write(tmp_path, simple())) as iso, pytest.raises(IsoError, match="3000 bytes"):
        iso.read("vmlinuz", 2999)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (b"", "the file is empty"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b"x" * 100, "only 100 bytes"),
        (b"\0" * 100_000, "no ISO 9660 volume"),
        ((b"\0" * 510 + b"\x55\xaa").ljust(100_000, b"\0"), "a disk image"),
    ],
)
def test_what_is_no_iso_is_called_by_its_name(tmp_path: Path, start: bytes, says: str) -> None:
    assert says in refusal(tmp_path, start)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    paths = {"none.iso": "cannot be read: No such file", "": "it is a directory", "pipe": "a device or a pipe"}
    for name, says in paths.items():
        with pytest.raises(IsoError, match=says) as caught:
            IsoReader(tmp_path / name)
        assert caught.value.problems[0].where == str(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, simple())
    path.chmod(0)
    with pytest.raises(IsoError, match="cannot be read: Permission denied"):
        IsoReader(path)


def test_a_truncated_iso_says_how_much_is_missing(tmp_path: Path) -> None:
    data = simple().data().ljust(100 * SECTOR, b"\0")
    data = data[: PVD + 80] + both(100) + data[PVD + 88 :]
    assert f"{len(data) // 2} of its {len(data)} bytes are missing" in refusal(tmp_path, data[: len(data) // 2])


@pytest.mark.parametrize("size", [PVD + 1, PVD + 2000, PVD + SECTOR, PVD + SECTOR + 100])
def test_an_iso_that_ends_within_its_descriptors_is_refused(tmp_path: Path, size: int) -> None:
    assert "ISO" in refusal(tmp_path, simple().data()[:size])


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        ({PVD + 132: both(0xFFFF_FFF0)}, "path table of 4294967280 bytes"),
        ({PVD + 132: both(0)}, "path table of 0 bytes"),
        ({PVD + 140: b"\xff\xff\xff\x7f"}, "path table of the ISO lies outside"),
        ({PVD + 156 + 10: both(0xFFFF_F800)}, "root directory should take 4294965248 bytes"),
        ({PVD + 156 + 2: both(0xFFFF_FFFF)}, "root directory should take"),
        ({PVD + 128: both(512, "H")}, "blocks of 512 bytes"),
        ({PVD + 80: both(0xFFFF_FFFF)}, "truncated"),
        ({PVD + SECTOR: b"\x02CD001" + bytes(82) + b"%/E" + bytes(60)}, ""),
        ({PVD: b"\x07CD001"}, "no primary volume descriptor"),
        ({17 * SECTOR: b"\x07CD002"}, "break off"),
    ],
)
def test_a_lying_descriptor_is_refused(tmp_path: Path, patch: dict[int, bytes], says: str) -> None:
    iso = simple()
    iso.patches |= patch
    assert says in refusal(tmp_path, iso)


def test_descriptors_without_end_are_refused(tmp_path: Path) -> None:
    iso = simple()
    iso.patches[PVD + SECTOR] = (b"\x07CD001".ljust(SECTOR, b"\0")) * 200
    assert "more than 64 volume descriptors" in refusal(tmp_path, iso.data().ljust(300 * SECTOR, b"\0"))


def test_descriptors_behind_the_last_are_not_believed(tmp_path: Path) -> None:
    """The library would go on reading there, and take a second primary descriptor with a path table of 4 GiB."""
    data = bytearray(simple().data())
    moved = {18: 40, 19: 41}
    for old, new in moved.items():
        data[len(data) :] = bytes(max(0, (new + 1) * SECTOR - len(data)))
        data[new * SECTOR : (new + 1) * SECTOR] = data[old * SECTOR : (old + 1) * SECTOR]
    data[PVD + 140 : PVD + 144] = (40).to_bytes(4, "little")
    data[PVD + 148 : PVD + 152] = (41).to_bytes(4, "big")
    second = bytearray(data[PVD : PVD + SECTOR])
    second[0] = 2
    second[88:91] = b"%/E"
    second[132:140] = both(0xFFFF_FFF0)
    data[18 * SECTOR : 19 * SECTOR] = second
    with IsoReader(write(tmp_path, bytes(data))) as iso:
        assert iso.find("vmlinuz")


def test_a_loop_of_directories_is_refused(tmp_path: Path) -> None:
    iso = RawIso([*dots(), record(b"LOOP", ROOT, SECTOR, directory=True)])
    assert "form a loop at /LOOP" in refusal(tmp_path, iso)


def packages(*records: bytes) -> RawIso:
    iso = simple()
    iso.records.insert(3, record(b"PACKAGES", ROOT + 2, SECTOR, directory=True))
    iso.sectors[ROOT + 2] = b"".join(records)
    iso.patches |= {
        PVD + 132: both(40),
        18 * SECTOR + 24: b"\x08\0" + (ROOT + 2).to_bytes(4, "little") + b"\1\0PACKAGES",
        19 * SECTOR + 24: b"\x08\0" + (ROOT + 2).to_bytes(4, "big") + b"\0\1PACKAGES",
    }
    return iso


def test_the_names_of_packages_are_left_out(tmp_path: Path) -> None:
    package = record(b"BASH.RPM;1", 0x7FFF_FFFF, 5)
    with IsoReader(write(tmp_path, packages(*dots(ROOT + 2), package))) as iso:
        assert iso.list_directory() == ("IMAGES", "PACKAGES", "README.TXT", "VMLINUZ")
        assert iso.has_directory("Packages")
        assert iso.list_directory("Packages") == ()
        assert iso.find("Packages/bash.rpm") is None
        assert iso.read("readme.txt") == b"hello"


def test_what_stands_in_place_of_the_dots_of_packages_is_looked_at(tmp_path: Path) -> None:
    assert "broken entry" in refusal(tmp_path, packages(b"\x05abcd"))
    message = refusal(tmp_path, packages(dots()[0], record(b"A\nB", DATA, 1)))
    assert "name that no installation medium has" in message
    crowd = record(b"\0", ROOT + 2, SECTOR, directory=True, system_use=b"PD\x04\x01" * 40)
    assert "too many Rock Ridge entries" in refusal(tmp_path, packages(crowd))


def test_a_path_table_that_contradicts_the_directories_is_refused(tmp_path: Path) -> None:
    iso = simple()
    iso.patches = {}
    assert "its directories are broken" in refusal(tmp_path, iso)


BAD_NAMES = [b"..", b".", b"A/B", b"A\nB", b"A\x1b[2J", b"A\x7f"]


def rock_ridge_dots() -> list[bytes]:
    identification = b"ER" + bytes([8 + 10, 1, 10, 0, 0, 1]) + b"RRIP_1991A"
    first = b"SP\x07\x01\xbe\xef\0" + px() + identification
    return [
        record(b"\0", ROOT, SECTOR, directory=True, system_use=first),
        record(b"\1", ROOT, SECTOR, directory=True, system_use=px()),
    ]


@pytest.mark.parametrize("name", [*BAD_NAMES, b"A\x85"])
def test_a_dangerous_name_is_refused(tmp_path: Path, name: bytes) -> None:
    message = refusal(tmp_path, RawIso([*dots(), record(name, DATA, 5)], {DATA: b"hello"}))
    assert "name that no installation medium has" in message
    assert message.isprintable()


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_dangerous_name_of_rock_ridge_is_refused(tmp_path: Path, name: bytes) -> None:
    entry = record(b"A.;1", DATA, 5, system_use=px() + nm(name))
    message = refusal(tmp_path, RawIso([*rock_ridge_dots(), entry], {DATA: b"hello"}))
    assert "name that no installation medium has" in message
    assert message.isprintable()


def test_a_file_outside_the_iso_is_refused(tmp_path: Path) -> None:
    for sector, length in ((DATA, 0xFFFF_FFFF), (0x7FFF_FFFF, 1)):
        iso = RawIso([*dots(), record(b"A.;1", sector, length)], {DATA: b"hello"})
        assert "/A.;1 should take" in refusal(tmp_path, iso)


@pytest.mark.parametrize("broken", [b"\x05abcd", b"\x22" + bytes(33), b"\x30" + bytes(31) + b"\xff" + bytes(20)])
def test_a_broken_record_is_refused(tmp_path: Path, broken: bytes) -> None:
    assert "broken entry" in refusal(tmp_path, RawIso([*dots(), broken]))


def many(count: int) -> list[bytes]:
    return [record(b"F%07d.;1" % number, DATA, 0) for number in range(count)]


def test_too_many_names_are_refused(tmp_path: Path) -> None:
    assert "more than 30000 names" in refusal(tmp_path, RawIso([*dots(), *many(31_000)]))


def test_names_in_reverse_order_are_refused(tmp_path: Path) -> None:
    """The library sorts them by insertion: all that may be would take it minutes."""
    assert "not in order" in refusal(tmp_path, RawIso([*dots(), *reversed(many(4000))]))


def test_rock_ridge_entries_do_not_pile_up(tmp_path: Path) -> None:
    crowd = [record(b"F%07d.;1" % n, DATA, 0, system_use=px() + b"PD\x04\x01" * 20) for n in range(10)]
    assert "too many Rock Ridge entries" in refusal(tmp_path, RawIso([*dots(), *crowd]))
    crowd = [record(b"F%07d.;1" % n, DATA, 0, system_use=px() + b"ES\x05\x01\0" * 10) for n in range(200)]
    assert "too many Rock Ridge entries" in refusal(tmp_path, RawIso([*dots(), *crowd]))
    links = [record(b"F%07d.;1" % n, DATA, 0, system_use=px() + ce(DATA, n, 1)) for n in range(300)]
    assert "too many Rock Ridge entries" in refusal(tmp_path, RawIso([*dots(), *links]))


def test_a_continuation_area_larger_than_a_sector_is_refused(tmp_path: Path) -> None:
    """60,000 bytes of padding entries there took the library 450 MB."""
    entry = record(b"A.;1", DATA, 0, system_use=px() + ce(DATA, 0, 60_000))
    assert "read without end" in refusal(tmp_path, RawIso([*rock_ridge_dots(), entry], {DATA: b"PD\x04\x01" * 30_000}))
