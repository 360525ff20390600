"""A real ISO with bytes changed: facts or an error that says something, nothing else."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

import media
import pytest
from conftest import needs_tools
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kickbuild.copying import whole_file
from kickbuild.errors import InputError
from kickbuild.iso.facts import IsoFacts
from kickbuild.iso.inspect import read_facts
from kickbuild.iso.media_checksum import verify_media_checksum
from kickbuild.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.tools, needs_tools("xorriso", "genisoimage", "implantisomd5")]

FIRST = 16 * 2048
WRONG = [b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\xff" * 8, b"\0" * 8]


class Target(NamedTuple):
    path: Path
    right: bytes
    used: list[int]
    """Offsets in the metadata where there is something but zeros."""


@pytest.fixture(scope="module", params=["rock ridge", "joliet", "plain", "udf"])
def iso(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    path = tmp_path_factory.mktemp("fuzz") / "x.iso"
    media.make_iso(
        path,
        rock_ridge=request.param == "rock ridge",
        joliet=request.param == "joliet",
        udf=request.param == "udf",
        kernel=b"k",
        initrd=b"i",
        install_image=b"s",
        implant_md5=True,
    )
    data = path.read_bytes()
    end = data.index(b"[checksums]") if request.param != "udf" else min(len(data), 300 * 2048)
    yield Target(path, data, [n for n in range(FIRST, end + 2000) if data[n]])
    path.unlink()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_changed_bytes(iso: Target, data: st.DataObject) -> None:
    changed = bytearray(iso.right)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.sampled_from(iso.used) | st.integers(FIRST, iso.used[-1]))
        wrong = data.draw(st.sampled_from(WRONG) | st.binary(min_size=1, max_size=8))
        changed[place : place + len(wrong)] = wrong
    cut = data.draw(st.just(len(changed)) | st.integers(0, len(changed)))
    iso.path.write_bytes(changed[:cut])
    with contextlib.suppress(InputError):
        assert isinstance(read_facts(iso.path), IsoFacts)
    verify_media_checksum(whole_file(iso.path), Silent())
