from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.errors import ReleaseError
from kickbuild.releases.find import find_release, parse_release
from kickbuild.releases.model import Distribution, Release
from kickbuild.releases.table import RELEASES


@pytest.mark.parametrize(
    ("name", "release", "title"),
    [
        ("rocky9.4", "rocky9", "Rocky Linux 9.4"),
        ("rocky9", "rocky9", "Rocky Linux 9"),
        ("ROCKY9", "rocky9", "Rocky Linux 9"),
        (" rocky-9.4 ", "rocky9", "Rocky Linux 9.4"),
        ("rockylinux9", "rocky9", "Rocky Linux 9"),
        ("el6", "rhel6", "Red Hat Enterprise Linux 6"),
        ("redhat7.9", "rhel7.4", "Red Hat Enterprise Linux 7.9"),
        ("rhel7.0", "rhel7", "Red Hat Enterprise Linux 7.0"),
        ("rhel7.2", "rhel7.1", "Red Hat Enterprise Linux 7.2"),
        ("rhel7", "rhel7.4", "Red Hat Enterprise Linux 7"),
        ("rhel8.2", "rhel8", "Red Hat Enterprise Linux 8.2"),
        ("rhel8.10", "rhel8.3", "Red Hat Enterprise Linux 8.10"),
        ("c7", "centos7.4", "CentOS 7"),
        ("centos7.9.2009", "centos7.4", "CentOS 7.9"),
        ("stream9", "centos-stream9", "CentOS Stream 9"),
        ("centosstream9", "centos-stream9", "CentOS Stream 9"),
        ("centos-stream-10", "centos-stream10", "CentOS Stream 10"),
        ("almalinux10.0", "alma10", "AlmaLinux 10.0"),
        ("ol8.6", "oracle8.3", "Oracle Linux 8.6"),
        ("f41", "fedora41", "Fedora 41"),
    ],
)
def test_spellings(name: str, release: str, title: str) -> None:
    match = parse_release(name)
    assert (match.release.id, match.title, match.notice) == (release, title, "")


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.id)
def test_every_release_finds_itself(release: Release) -> None:
    found = find_release(release.distribution, *release.since)
    assert found.release is release
    assert found.notice == ""


@pytest.mark.parametrize(
    ("name", "release"),
    [("rocky11.2", "rocky10"), ("fedora99", "fedora43"), ("centos10", "centos8.3"), ("rhel12", "rhel10")],
)
def test_an_unknown_newer_release_takes_its_newest_older_relative(name: str, release: str) -> None:
    match = parse_release(name)
    assert match.release.id == release
    assert match.id == name
    assert "newer than this kickbuild" in match.notice
    assert match.release.distribution.long_name in match.notice


@pytest.mark.parametrize("name", ["rhel4", "rhel4.9", "fedora37", "rocky7", "alma1"])
def test_an_older_release_is_refused(name: str) -> None:
    with pytest.raises(ReleaseError, match="older than everything") as caught:
        parse_release(name)
    assert caught.value.problems[0].hint


@pytest.mark.parametrize(
    "name", ["", "9", "debian12", "rocky", "rocky9.4x", "rocky 9", "rokcy9", "rocky9\n.4", "rocky-9-4"]
)
def test_what_is_no_release_is_refused(name: str) -> None:
    with pytest.raises(ReleaseError, match="is not a release") as caught:
        parse_release(name)
    assert "kickbuild releases" in caught.value.problems[0].hint


def test_a_misspelling_is_recognised() -> None:
    with pytest.raises(ReleaseError) as caught:
        parse_release("rokcy9")
    assert "did you mean rocky9?" in caught.value.problems[0].hint


@given(st.text(max_size=30))
def test_any_text_is_a_release_or_refused(name: str) -> None:
    try:
        match = parse_release(name)
    except ReleaseError:
        return
    assert match.release.since <= (match.version[0], match.version[1] if match.has_minor else 9999)


@given(st.sampled_from(Distribution), st.integers(1, 200), st.none() | st.integers(0, 99))
def test_the_nearest_older_release_is_found(distribution: Distribution, major: int, minor: int | None) -> None:
    wanted = (major, 9999 if minor is None else minor)
    older = [r for r in RELEASES if r.distribution is distribution and r.since <= wanted]
    if not older:
        with pytest.raises(ReleaseError):
            find_release(distribution, major, minor)
        return
    match = find_release(distribution, major, minor)
    assert match.release is max(older, key=lambda r: r.since)
    assert bool(match.notice) is (match.release.major != major)
