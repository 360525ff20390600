"""The entry for GRUB 2: it finds the drive by itself, and comes home where anything is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.drive.ref import RefKind
from kickbuild.templating import render

if TYPE_CHECKING:
    from kickbuild.boot.entry import BootEntry


def render_entry(entry: BootEntry) -> str:
    """Return a menuentry for custom.cfg."""
    return render(
        "boot/grub2.cfg.j2",
        {
            "entry": entry,
            "option": "--fs-uuid" if entry.drive.kind is RefKind.UUID else "--label",
            "needed": (entry.kernel, entry.initrd, entry.kickstart),
        },
    )
