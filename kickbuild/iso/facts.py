"""What is known of one installation ISO, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.releases.model import Match


class Variant(StrEnum):
    """What an ISO carries."""

    DVD = "dvd"
    MINIMAL = "minimal"
    BOOT = "boot"


class MediaChecksum(StrEnum):
    """The state of the checksum that implantisomd5 puts into an ISO."""

    ABSENT = "absent"
    PRESENT = "present"
    VALID = "valid"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class IsoFile:
    """A file in an ISO: where its bytes lie in the ISO file, as (offset, length) pairs in bytes, in order."""

    path: str
    size: int
    extents: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IsoFacts:
    """One installation ISO."""

    path: Path
    size: int
    """Bytes of the ISO file."""
    volume_id: str
    match: Match
    """The release, with the facts that apply to it."""
    identified_by: str
    """``.treeinfo``, ``.discinfo``, ``media.repo`` or ``volume id``."""
    arch: str
    variant: Variant
    kernel: IsoFile
    initrd: IsoFile
    install_image: IsoFile | None
    """Stage 2: ``images/install.img`` or ``LiveOS/squashfs.img``."""
    has_packages: bool
    has_discinfo: bool
    media_checksum: MediaChecksum
    notices: tuple[str, ...] = field(default=())
