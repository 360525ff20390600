"""Requests for kickstarts, made without an ISO."""

from __future__ import annotations

from pathlib import Path

from kickbuild import resources
from kickbuild.drive.ref import DriveRef, RefKind
from kickbuild.kickstart.request import KickstartRequest
from kickbuild.profile.load import LoadedProfile, load_profile, parse_profile
from kickbuild.releases.find import parse_release

UUID = "3bde0ee8-e6a9-4960-94e6-3fd6e3149de6"
HASH = "$6$saltsalt$abcdefghijklmnopqrstuv"
RELEASES = ("rhel6", "centos7", "rocky8.2", "rocky8.10", "alma9.4", "centos-stream10", "fedora43")
MINIMAL = f"""\
schema = 1
name = "web"
[source]
iso = "x.iso"
[target]
serial = "S1"
[system]
root_password_hash = "{HASH}"
"""


def example(name: str) -> LoadedProfile:
    """Return one of the example profiles."""
    return load_profile(resources.profiles() / f"{name}.toml", environment={"KICKBUILD_ROOT_HASH": HASH})


def profile(text: str) -> LoadedProfile:
    """Return the profile that a text means."""
    return parse_profile(text, Path("web.toml"), environment={})


def request(
    loaded: LoadedProfile, release: str, *, arch: str = "x86_64", has_packages: bool = True, by: RefKind = RefKind.UUID
) -> KickstartRequest:
    """Return the request for a profile and a release."""
    match = parse_release(release)
    return KickstartRequest(
        loaded=loaded,
        match=match,
        arch=arch,
        has_packages=has_packages,
        source=DriveRef(by, UUID if by is RefKind.UUID else "REBUILD"),
        directory=f"/{match.id}",
        iso_path=f"/{match.id}/x.iso",
        iso_size=12345,
        kickstart_path=f"/kickbuild/{loaded.profile.name}/ks.cfg",
    )
