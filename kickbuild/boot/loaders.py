"""The boot loaders that kickbuild writes entries for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.boot import bls, grub2, grub_legacy

if TYPE_CHECKING:
    from collections.abc import Callable

    from kickbuild.boot.entry import BootEntry


@dataclass(frozen=True, slots=True)
class BootLoader:
    """One boot loader: its name, and how an entry is written for it."""

    name: str
    render: Callable[[BootEntry], str]

    @property
    def file_name(self) -> str:
        """The name of the entry's file on the drive."""
        return f"entry.{self.name}"


LOADERS: Final = (
    BootLoader("grub2", grub2.render_entry),
    BootLoader("grub-legacy", grub_legacy.render_entry),
    BootLoader("bls", bls.render_entry),
)
