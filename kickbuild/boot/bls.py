"""The entry for the Boot Loader Specification, as RHEL 8 and newer read it: paths are below the box's own /boot.

Source: the UAPI group's Boot Loader Specification, and the grub2 of the rhel-8 branch for the ``grub_`` keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.quoting import control_characters
from kickbuild.templating import render

if TYPE_CHECKING:
    from kickbuild.boot.entry import BootEntry


def render_entry(entry: BootEntry) -> str:
    """Return a file for /boot/loader/entries. Raises ValueError for a title that is not one line."""
    if control_characters(entry.title):
        raise ValueError(f"{entry.title!r} has control characters, which a BLS entry cannot carry")
    return render("boot/bls.conf.j2", {"entry": entry})
