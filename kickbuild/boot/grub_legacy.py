"""The entry for GRUB legacy, which cannot search: kernel and initrd are copied into the box's own /boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.quoting import control_characters
from kickbuild.templating import render

if TYPE_CHECKING:
    from kickbuild.boot.entry import BootEntry


def render_entry(entry: BootEntry) -> str:
    """Return a stanza for grub.conf, with ``@BOOT@`` and ``@PREFIX@`` for what only the box knows.

    GRUB legacy has no quotes: a title is the rest of its line. Raises ValueError for one that is not one line.
    """
    if control_characters(entry.title):
        raise ValueError(f"{entry.title!r} has control characters, which grub.conf cannot carry")
    return render("boot/grub-legacy.conf.j2", {"entry": entry})
