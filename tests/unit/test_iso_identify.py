"""What an ISO is, from the texts on it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.iso.identify import (
    DiscInfo,
    TreeInfo,
    find_arch,
    find_distribution,
    find_stranger,
    identify,
    normalise_arch,
    parse_discinfo,
    parse_media_repo,
    parse_treeinfo,
)

ROCKY = """\
[general]
arch = x86_64
family = Rocky Linux
variant = AppStream
version = 9.4
packagedir = AppStream/Packages
repository = AppStream

[images-x86_64]
kernel = images/pxeboot/vmlinuz
initrd = images/pxeboot/initrd.img

[release]
name = Rocky Linux
version = 9.4

[stage2]
mainimage = images/install.img

[tree]
arch = x86_64
variants = AppStream,BaseOS

[variant-BaseOS]
repository = BaseOS
"""
RHEL6 = """\
[general]
family = Red Hat Enterprise Linux
timestamp = 1527763204.52
variant = Server
totaldiscs = 1
version = 6.10
discnum = 1
packagedir =
arch = x86_64

[images-x86_64]
kernel = images/pxeboot/vmlinuz
initrd = images/pxeboot/initrd.img
boot.iso = images/boot.iso

[stage2]
mainimage = images/install.img
"""


def test_treeinfo_of_today() -> None:
    info = parse_treeinfo(ROCKY)
    assert (info.name, info.version, info.arch) == ("Rocky Linux", "9.4", "x86_64")
    assert info.repositories == {"AppStream": "", "BaseOS": "BaseOS"}
    assert info.images == {"x86_64": {"kernel": "images/pxeboot/vmlinuz", "initrd": "images/pxeboot/initrd.img"}}
    assert info.install_image == "images/install.img"


def test_treeinfo_of_old() -> None:
    info = parse_treeinfo(RHEL6)
    assert (info.name, info.version, info.arch) == ("Red Hat Enterprise Linux", "6.10", "x86_64")
    assert info.repositories == {}


@given(st.text(max_size=300) | st.text("[]=\n abc-%", max_size=300))
def test_any_treeinfo_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(parse_treeinfo(text), TreeInfo)


@given(st.text(max_size=200))
def test_other_texts_never_fail(text: str) -> None:
    info = parse_discinfo(text)
    assert identify(None, info, parse_media_repo(text), text) is None or text
    find_stranger((text,), text, text)
    normalise_arch(text)
    find_arch(text)


@pytest.mark.parametrize(
    ("volume_id", "release", "arch"),
    [
        ("RHEL-9-4-0-BaseOS-x86_64", "rhel9.4", "x86_64"),
        ("RHEL-7.9 Server.x86_64", "rhel7.9", "x86_64"),
        ("RHEL-7.9 Server.ppc64le", "rhel7.9", "ppc64le"),
        ("CentOS 7 x86_64", "centos7", "x86_64"),
        ("CentOS_6.10_Final", "centos6.10", ""),
        ("CentOS-8-5-2111-x86_64-dvd", "centos8.5", "x86_64"),
        ("CentOS-Stream-9-BaseOS-x86_64", "centos-stream9", "x86_64"),
        ("CentOS-Stream-10-BaseOS-aarch64", "centos-stream10", "aarch64"),
        ("Rocky-9-4-x86_64-dvd", "rocky9.4", "x86_64"),
        ("AlmaLinux-10-0-x86_64-dvd", "alma10.0", "x86_64"),
        ("OL-8-10-0-BaseOS-x86_64", "oracle8.10", "x86_64"),
        ("Fedora-S-dvd-x86_64-43", "fedora43", "x86_64"),
        ("Fedora-E-dvd-aarch64-41", "fedora41", "aarch64"),
    ],
)
def test_volume_ids(volume_id: str, release: str, arch: str) -> None:
    found = identify(None, None, "", volume_id)
    assert found is not None
    minor = "" if found.minor is None else f".{found.minor}"
    assert f"{found.distribution}{found.major}{minor}" == release
    assert found.source == "volume id"
    assert find_arch(volume_id) == arch


def test_the_best_text_wins() -> None:
    tree, disc = parse_treeinfo(ROCKY), DiscInfo("AlmaLinux 8.10", "x86_64")
    sources = [
        identify(tree, disc, "Oracle Linux 7", "RHEL-6.10"),
        identify(None, disc, "Oracle Linux 7", "RHEL-6.10"),
        identify(None, None, "Oracle Linux 7", "RHEL-6.10"),
        identify(None, None, "", "RHEL-6.10"),
    ]
    assert [s.source for s in sources if s] == [".treeinfo", ".discinfo", "media.repo", "volume id"]


def test_a_bare_version_in_discinfo_takes_the_name_from_elsewhere() -> None:
    found = identify(None, DiscInfo("7.9", "x86_64"), "", "CentOS 7 x86_64")
    assert found is not None
    assert (found.source, found.distribution, found.minor) == (".discinfo", "centos", 9)


@pytest.mark.parametrize(
    ("tree", "disc", "volume_id", "release"),
    [
        ("CentOS Linux 8", "CentOS Linux 8", "CentOS-8-2-2004-x86_64-dvd", "centos8.2"),
        ("CentOS 7", "7.9", "CentOS 7 x86_64", "centos7.9"),
        ("AlmaLinux 9", "AlmaLinux 9.1", "AlmaLinux-9-4-x86_64-dvd", "alma9.1"),
        ("AlmaLinux 9", "AlmaLinux 8.1", "AlmaLinux-8-1-x86_64-dvd", "alma9"),
        ("AlmaLinux 9", "", "Rocky-9-4-x86_64-dvd", "alma9"),
        ("Rocky Linux 9.4", "Rocky Linux 9.3", "Rocky-9-2-x86_64-dvd", "rocky9.4"),
        ("CentOS Stream 9", "9.1", "CentOS-Stream-9-BaseOS-x86_64", "centos-stream9"),
    ],
)
def test_the_minor_version_may_stand_elsewhere(tree: str, disc: str, volume_id: str, release: str) -> None:
    name, _, version = tree.rpartition(" ")
    found = identify(TreeInfo(name, version, "x86_64"), DiscInfo(disc, "x86_64"), "", volume_id)
    assert found is not None
    minor = "" if found.minor is None else f".{found.minor}"
    assert (f"{found.distribution}{found.major}{minor}", found.source) == (release, ".treeinfo")


def test_a_derivative_is_named_but_not_known() -> None:
    found = identify(TreeInfo("Scientific Linux", "7.9", "x86_64"), None, "", "SL-7.9-DVD")
    assert found is not None
    assert (found.title, found.distribution) == ("Scientific Linux 7.9", None)


@pytest.mark.parametrize(
    ("names", "disk_info", "volume_id", "says"),
    [
        (("dists", "pool"), 'Debian GNU/Linux 12.5.0 "Bookworm"', "Debian 12.5.0 amd64 n", "Debian GNU/Linux 12.5.0"),
        (("casper",), "Ubuntu-Server 24.04 LTS", "Ubuntu-Server 24.04", "Ubuntu-Server 24.04"),
        (("dists", "pool"), "", "x", "Debian"),
        (("media.1",), "", "openSUSE-Leap-15.6-DVD-x86_64", "SUSE"),
        (("media.1",), "", "x", "SUSE"),
        (("README.TXT",), "", "CCCOMA_X64FRE_EN-US_DV9", "Windows"),
        (("bootmgr", "sources"), "", "x", "Windows"),
        (("LiveOS", "boot"), "", "Fedora-WS-Live-43", "a live system"),
        (("images", "LiveOS"), "", "CentOS 7 x86_64", ""),
        (("a",), "", "x", ""),
    ],
)
def test_strangers(names: tuple[str, ...], disk_info: str, volume_id: str, says: str) -> None:
    found = find_stranger(names, disk_info, volume_id)
    assert found.startswith(says)
    assert bool(found) == bool(says)


def test_distributions_and_architectures() -> None:
    assert find_distribution("Red Hat Enterprise Linux Server") == "rhel"
    assert find_distribution("CentOS Linux") == "centos"
    assert find_distribution("CentOS Stream") == "centos-stream"
    assert find_distribution("Linux") is None
    assert [normalise_arch(w) for w in ("AMD64", "i686", "arm64", "ppc64el", "s390x")] == [
        "x86_64",
        "i386",
        "aarch64",
        "ppc64le",
        "s390x",
    ]
