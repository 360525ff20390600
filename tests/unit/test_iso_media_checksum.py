"""The checksum in an ISO, in files that were written byte by byte; real ones are in the integration tests."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from raw_iso import SECTOR, RawIso, dots

from kickbuild.copying import Ranges, whole_file
from kickbuild.errors import IsoError
from kickbuild.iso.facts import MediaChecksum
from kickbuild.iso.media_checksum import find_media_checksum, verify_media_checksum
from kickbuild.progress import Silent

if TYPE_CHECKING:
    from pathlib import Path

PLACE = 16 * SECTOR + 883


class Counter(Silent):
    """Counts bytes."""

    def __init__(self) -> None:
        self.done = 0

    def advance(self, amount: int) -> None:
        self.done += amount


def implanted(skip: int = 2) -> bytes:
    data = bytearray(RawIso(dots(), {30: b"x" * 5000}).data())
    data[PLACE : PLACE + 512] = b" " * 512
    counted = data[: len(data) - skip * SECTOR]
    md5 = hashlib.md5(counted, usedforsecurity=False).hexdigest()
    text = f"ISO MD5SUM = {md5};SKIPSECTORS = {skip};RHLISOSTATUS=0;".encode()
    data[PLACE : PLACE + len(text)] = text
    return bytes(data)


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "x.iso"
    path.write_bytes(data)
    return path


def verify(path: Path) -> MediaChecksum:
    assert find_media_checksum(path) is MediaChecksum.PRESENT
    return verify_media_checksum(whole_file(path), Silent())


def test_a_right_one(tmp_path: Path) -> None:
    assert verify(write(tmp_path, implanted())) is MediaChecksum.VALID


@pytest.mark.parametrize("place", [0, 17 * SECTOR, PLACE + 512, 31 * SECTOR])
def test_a_changed_byte(tmp_path: Path, place: int) -> None:
    data = bytearray(implanted(skip=0))
    data[place] ^= 0x40
    path = write(tmp_path, bytes(data))
    assert verify_media_checksum(whole_file(path), Silent()) is MediaChecksum.INVALID


def test_what_is_skipped_does_not_count(tmp_path: Path) -> None:
    data = bytearray(implanted())
    data[-1] ^= 1
    assert verify(write(tmp_path, bytes(data))) is MediaChecksum.VALID


def test_a_truncated_iso_is_invalid(tmp_path: Path) -> None:
    assert verify(write(tmp_path, implanted()[: -4 * SECTOR])) is MediaChecksum.INVALID


@pytest.mark.parametrize(
    "data", [b"", b"x" * 50_000, RawIso(dots()).data(), RawIso(dots()).data()[: 16 * SECTOR + 900]]
)
def test_none(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path, data)
    assert find_media_checksum(path) is MediaChecksum.ABSENT
    assert verify_media_checksum(whole_file(path), Silent()) is MediaChecksum.ABSENT


@pytest.mark.parametrize("cut", [1, 100, 16 * SECTOR + 900, PLACE + 3])
def test_an_iso_that_lies_in_pieces_of_another_file(tmp_path: Path, cut: int) -> None:
    data = implanted()
    path = tmp_path / "drive.img"
    path.write_bytes(b"#" * 777 + data[cut:] + b"#" * 50 + data[:cut] + b"#")
    rest = len(data) - cut
    ranges = Ranges(path, ((777 + rest + 50, cut), (777, rest)))
    progress = Counter()
    assert verify_media_checksum(ranges, progress) is MediaChecksum.VALID
    assert progress.done == len(data) - 2 * SECTOR


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(IsoError, match="cannot be read"):
        find_media_checksum(tmp_path / "none")
    with pytest.raises(IsoError, match="ended while"):
        verify_media_checksum(Ranges(write(tmp_path, b"x"), ((0, 100_000),)), Silent())
