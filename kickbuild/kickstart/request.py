"""What a kickstart is made for: the value that plan, render and adopt agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kickbuild.drive.ref import DriveRef
    from kickbuild.profile.load import LoadedProfile
    from kickbuild.releases.model import Capabilities, Match


@dataclass(frozen=True, slots=True, kw_only=True)
class KickstartRequest:
    """A profile, the release it becomes, and where on the drive everything lies."""

    loaded: LoadedProfile
    match: Match
    arch: str
    has_packages: bool
    source: DriveRef
    directory: str
    """The release's directory on the drive, ``/rocky9.4``."""
    iso_path: str
    """The ISO on the drive, ``/rocky9.4/Rocky-9.4-x86_64-dvd.iso``."""
    iso_size: int
    kickstart_path: str
    """``/kickbuild/web/ks.cfg``."""

    @property
    def can(self) -> Capabilities:
        """What the installer of the release can do."""
        return self.match.can
