"""The manifest: the same bytes for the same content, and damage found."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.build.manifest import FileRecord, Manifest, ProfileRecord, parse_manifest, render_manifest
from kickbuild.errors import InputError
from kickbuild.profile.keep import KEPT

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
DIRECTORY = st.from_regex(r"/[a-z0-9][a-z0-9.-]{0,9}", fullmatch=True)
NAME = st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True)
PATH = st.one_of(
    st.builds("/kickbuild/{}/{}".format, NAME, st.sampled_from(["ks.cfg", "entry.grub2"])),
    st.builds("{}/{}".format, DIRECTORY, st.sampled_from(["vmlinuz", "initrd.img", "images/install.img", "X-9.iso"])),
)
FILES = st.builds(FileRecord, sha256=TEXT, size=st.integers(0, 2**60), origin=TEXT)
PROFILES = DIRECTORY.flatmap(
    lambda directory: st.builds(
        ProfileRecord,
        digest=TEXT,
        release=TEXT,
        arch=TEXT,
        handler=TEXT,
        title=TEXT,
        find_by=st.sampled_from(["uuid", "label"]),
        directory=st.just(directory),
        iso=st.just(f"{directory}/X-9.iso"),
        target=st.dictionaries(TEXT, TEXT, max_size=2),
        files=st.lists(PATH, max_size=3).map(tuple),
        keep=st.sets(st.sampled_from(KEPT)).map(lambda kept: tuple(name for name in KEPT if name in kept)),
    )
)
MANIFESTS = st.builds(
    Manifest,
    uuid=TEXT,
    label=TEXT,
    profiles=st.dictionaries(NAME, PROFILES, max_size=3),
    files=st.dictionaries(PATH, FILES, max_size=3),
)


@given(MANIFESTS)
def test_round_trip(manifest: Manifest) -> None:
    data = render_manifest(manifest)
    assert parse_manifest(data, where="x") == manifest
    assert render_manifest(parse_manifest(data, where="x")) == data


def test_one_file_and_one_profile_on_each_line() -> None:
    record = ProfileRecord(
        digest="d", release="rocky9", arch="x86_64", handler="RHEL9", title="T", find_by="uuid",
        directory="/rocky9", iso="/rocky9/x.iso", target={"serial": "S"}, files=("/rocky9/x.iso",),
    )  # fmt: skip
    manifest = Manifest(uuid="u", label="l", profiles={"web": record}, files={"/rocky9/x.iso": FileRecord("abc", 5)})
    lines = render_manifest(manifest).decode().splitlines()
    assert '  "/rocky9/x.iso": {"sha256": "abc", "size": 5}' in lines
    assert [line for line in lines if line.startswith('  "web": {')]
    assert json.loads("\n".join(lines))["drive"] == {"label": "l", "uuid": "u"}


def _one_profile(name: str = "web", **changes: object) -> bytes:
    texts = dict.fromkeys(["digest", "release", "arch", "handler", "title"], "x")
    record = {**texts, "find_by": "uuid", "directory": "/rocky9", "iso": "/rocky9/x.iso", "target": {}, "files": []}
    drive = {"uuid": "", "label": ""}
    return json.dumps({"schema": 1, "drive": drive, "profiles": {name: record | changes}, "files": {}}).encode()


def test_a_sound_profile_is_read() -> None:
    assert set(parse_manifest(_one_profile(), where="x").profiles) == {"web"}


def test_a_manifest_from_before_anything_could_be_kept() -> None:
    assert parse_manifest(_one_profile(), where="x").profiles["web"].keep == ()
    assert b'"keep"' not in render_manifest(parse_manifest(_one_profile(), where="x"))


@pytest.mark.parametrize("kept", ["hostname", ["shadow"], ["hostname", "ssh_host_keys"], ["network", "network"], [1]])
def test_what_no_kickbuild_keeps(kept: object) -> None:
    with pytest.raises(InputError, match="what can be kept"):
        parse_manifest(_one_profile(keep=kept), where="x")


EMPTY = b'{"schema": 1, "drive": {"uuid": "", "label": ""}, "profiles": {}, "files": {%s}}'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"schema": 1}',
        b'{"schema": 2, "drive": {}}',
        b'{"schema": 1, "drive": {"uuid": 1, "label": ""}, "profiles": {}, "files": {}}',
        EMPTY % b'"/a/../b": {"sha256": "", "size": 0}',
        EMPTY % b'"a": {"sha256": "", "size": 0}',
        EMPTY % b'"/rocky9/vmlinuz": {"sha256": "", "size": -1}',
        EMPTY % b'"/etc/passwd": {"sha256": "", "size": 1}',
        EMPTY % b'"/home/user/.iso": {"sha256": "", "size": 1}',
        EMPTY % b'"/kickbuild/../x/ks.cfg": {"sha256": "", "size": 1}',
        EMPTY % b'"/rocky9/vmlinuz": [1]',
        EMPTY % b'"/rocky9/vmlinuz": {"sha256": "", "size": true}',
        EMPTY % b'"/rocky9/vmlinuz": {"sha256": "", "size": 9223372036854775808}',
        EMPTY % b'"/rocky9/vmlinuz": {"sha256": "\\ud800", "size": 1}',
        _one_profile("../../etc"),
        _one_profile("a\x1b[31m"),
        _one_profile(find_by="serial"),
        _one_profile(directory="/etc"),
        _one_profile(directory="/../x"),
        _one_profile(iso="/other/x.iso"),
        _one_profile(title="\ud800"),
        _one_profile(digest="\0"),
        b"[" * 100000,
    ],
)
def test_damage_is_said(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse_manifest(data, where="drive: /kickbuild/manifest.json")
    assert caught.value.problems[0].where == "drive: /kickbuild/manifest.json"


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with contextlib.suppress(InputError):
        parse_manifest(data, where="x")
