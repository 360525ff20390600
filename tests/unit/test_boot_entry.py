"""The kernel arguments of the Rebuild entry."""

from __future__ import annotations

import pytest

from kickbuild.boot.entry import plan_arguments
from kickbuild.drive.ref import parse_ref
from kickbuild.releases.find import parse_release

RELEASES = ("centos6.10", "centos7.9", "rocky8.10", "rocky9.4", "rocky10.0", "fedora43")


def arguments(release: str, *own: str) -> tuple[str, ...]:
    return plan_arguments(
        can=parse_release(release).can,
        drive=parse_ref("UUID=3bde0ee8-e6a9-4960-94e6-3fd6e3149de6"),
        kickstart_path="/kickbuild/web/ks.cfg",
        iso_path="/release/dvd.iso",
        has_packages=True,
        kernel_args=own,
    )


@pytest.mark.parametrize("release", RELEASES)
def test_a_kernel_that_panics_reboots_in_every_release(release: str) -> None:
    found = arguments(release, "console=ttyS0")
    assert found[-2:] == ("panic=60", "console=ttyS0")
    assert arguments(release, "panic=5", "console=ttyS0")[-2:] == ("panic=5", "console=ttyS0")
    assert "panic=60" not in arguments(release, "panic=0")
