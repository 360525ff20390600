"""How a filesystem is named so that no renaming of disks can change what is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from kickbuild.errors import UsageError

# Stage 1 wants a label udev-escaped, stage 2 wants it raw: only text that is equal in both forms works everywhere
# (anaconda dracut/anaconda-lib.sh disk_to_dev_path; blivet udev.device_get_label).
SAFE_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_UUID = re.compile(r"[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class RefKind(StrEnum):
    """What a reference goes by."""

    UUID = "uuid"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class DriveRef:
    """A filesystem, by UUID or LABEL, written exactly as ``blkid`` prints it (the installer compares case)."""

    kind: RefKind
    value: str

    def __str__(self) -> str:
        """Return it as the installer reads it: ``UUID=…`` or ``LABEL=…``."""
        return f"{self.kind.name}={self.value}"


def parse_ref(text: str) -> DriveRef:
    """Return the reference that ``UUID=…`` or ``LABEL=…`` means. Raises UsageError."""
    kind, _, value = text.partition("=")
    if kind == "UUID" and _UUID.fullmatch(value):
        return DriveRef(RefKind.UUID, value)
    if kind == "LABEL" and SAFE_LABEL.fullmatch(value):
        return DriveRef(RefKind.LABEL, value)
    raise UsageError(
        f"{text!r} does not name a filesystem",
        hint="write UUID=… or LABEL=… as blkid prints it; PARTUUID and PARTLABEL are unknown to the installer",
    )
