"""Drives as people make them by hand: kickbuild's own, with other words in their kickstart and in their Rebuild entry.

The names are virtio's, which follow the slots. Those of SCSI and ATA come in any order since Linux 5.x finds such disks
at the same time: there the box need not change for its names to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What the installer calls the disk to erase and the rebuild drive, on the day on which the kickstart is written.
TARGET: Final = "vda"
DRIVE: Final = "vdb"
_KICKSTART: Final = "/kickbuild/web/ks.cfg"
_ENTRIES: Final = ("/kickbuild/web/entry.grub2", "/kickbuild/web/entry.grub-legacy")


def source_by_identity(ours: str) -> str:
    """Return a kickstart that names its source as ours does, and the disk to erase by the name of that day."""
    source = next(line for line in ours.splitlines() if line.startswith("harddrive "))
    storage = ["zerombr", f"clearpart --all --initlabel --drives={TARGET}", "bootloader --location=mbr"]
    # What the smallest drive of a test has room for: a real one holds gigabytes.
    part = f"part / --size=64 --grow --ondisk={TARGET}"
    return "\n".join([source, *storage, part, "reboot", "%packages", "%end", ""])


#: The source by UUID or LABEL, and the disk to erase by its name.
BY_HALF: Final[Mapping[str, Callable[[str], str]]] = {_KICKSTART: source_by_identity}


def _all_by_name(ours: str) -> str:
    return re.sub(r"--partition=\S+", f"--partition={DRIVE}1", source_by_identity(ours))


def _kickstart_by_name(entry: str) -> str:
    return re.sub(r"\bks=hd:(UUID|LABEL)=[^:\s]+:", f"ks=hd:{DRIVE}1:", entry)


#: As it was written down in 2012: ``ks=hd:sdb1:``, ``harddrive --partition=sdb1``, ``clearpart --drives=sda``.
BY_NAME: Final[Mapping[str, Callable[[str], str]]] = {
    _KICKSTART: _all_by_name,
    **dict.fromkeys(_ENTRIES, _kickstart_by_name),
}
