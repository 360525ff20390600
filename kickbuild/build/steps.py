"""The steps of a plan: what is copied, extracted, written, kept and removed on a drive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.build.manifest import FileRecord
    from kickbuild.iso.facts import IsoFile


@dataclass(frozen=True, slots=True)
class CopyIso:
    """Copy a whole ISO; ``sha256`` is what it must have, empty where the profile does not say."""

    source: Path
    path: str
    size: int
    sha256: str
    origin: str


@dataclass(frozen=True, slots=True)
class Extract:
    """Copy one file out of an ISO."""

    source: Path
    file: IsoFile
    path: str
    origin: str

    @property
    def size(self) -> int:
        """Bytes that are written."""
        return self.file.size


@dataclass(frozen=True, slots=True)
class Write:
    """Write a small file. Its bytes may hold password hashes and are never shown."""

    path: str
    data: bytes = field(repr=False)
    mode: int = 0o644

    @property
    def size(self) -> int:
        """Bytes that are written."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave a file that is there and right."""

    path: str
    record: FileRecord

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.record.size


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a file that no profile needs any more."""

    path: str
    size: int


Step: TypeAlias = CopyIso | Extract | Write | Keep | Remove
