"""How a filesystem is named so that no renaming of disks can change what is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from kickbuild.errors import UsageError

# Stage 1 wants a label udev-escaped, stage 2 wants it raw: only text that is equal in both forms works everywhere
# (anaconda dracut/anaconda-lib.sh disk_to_dev_path; blivet udev.device_get_label).
SAFE_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# Never a label for a rebuild drive: a disk labelled OEMDRV has its ks.cfg run by every later Anaconda boot without
# inst.ks (anaconda dracut/kickstart-genrules.sh); ANACONDA and LIVE make the boot loader code skip the device.
RESERVED_LABELS = ("OEMDRV", "ANACONDA", "LIVE")
_SHORT = re.compile(r"[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
#: The longest label of any filesystem that a drive may have: ext4's.
_LONGEST = 16


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
    if kind == "UUID" and (_SHORT.fullmatch(value) or _UUID.fullmatch(value)):
        return DriveRef(RefKind.UUID, _as_printed(value))
    if kind == "LABEL" and SAFE_LABEL.fullmatch(value):
        if value.upper() in RESERVED_LABELS or len(value) > _LONGEST:
            reason = (
                "the installer gives it a meaning" if len(value) <= _LONGEST else "no filesystem carries so long a one"
            )
            raise UsageError(f"a rebuild drive cannot have the label {value}: {reason}")
        return DriveRef(RefKind.LABEL, value)
    raise UsageError(
        f"{text!r} does not name a filesystem",
        hint="write UUID=… or LABEL=… as blkid prints it; PARTUUID and PARTLABEL are unknown to the installer",
    )


def _as_printed(uuid: str) -> str:
    # udev's links, which stage 1 waits for, are in the case that blkid prints: vfat's upper, all others lower.
    printed = uuid.upper() if _SHORT.fullmatch(uuid) else uuid.lower()
    if printed != uuid:
        raise UsageError(f"UUID={uuid} is not in the case that blkid prints", hint=f"write UUID={printed}")
    return printed
