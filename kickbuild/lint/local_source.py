"""The local disk that a kickstart installs from, as far as it says which one that is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.lint.disks import disk_of, plain
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement

_ADDRESS: Final = re.compile(r"hd:(?P<device>(?:UUID=|LABEL=|PARTUUID=|/dev/)?[^:]+)(?::|$)")
_MOST: Final = 16
_OPTIONS: Final = {"harddrive": "--partition", "url": "--url", "repo": "--baseurl"}


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A partition that is installed from: ``device`` is its name without ``/dev/`` (``sdb1``, ``LABEL=REBUILD``)."""

    statement: Statement
    option: str
    device: str

    @property
    def disk(self) -> str:
        """The disk that it is on where the name tells; elsewhere empty: a label or UUID tells nothing of the disk."""
        if self.is_unknown or "=" in self.device or self.device.startswith(_OF_FILESYSTEMS):
            return ""
        return disk_of(self.device)

    @property
    def is_unknown(self) -> bool:
        """Whether only a shell or a template engine knows the device."""
        return is_variable(self.device)


_OF_FILESYSTEMS: Final = ("disk/by-label/", "disk/by-uuid/", "disk/by-partuuid/", "disk/by-partlabel/", "mapper/")


def local_sources(kickstart: Kickstart) -> Iterator[LocalSource]:
    """Yield the local partitions that a kickstart installs from, each once; the first few where there are many."""
    seen: set[str] = set()
    for statement in kickstart.all(*_OPTIONS):
        option = _OPTIONS[statement.name]
        value = (statement.get(option) or "").strip()
        if statement.name != "harddrive":
            match = _ADDRESS.match(value)
            value = match["device"] if match else ""
        if value and value not in seen and len(seen) < _MOST:
            seen.add(value)
            yield LocalSource(statement, option, plain(value))


def same_filesystem(one: str, other: str) -> bool:
    """Return whether two names without ``/dev/`` certainly mean one partition."""
    return _folded(one) == _folded(other) and not is_variable(one)


def _folded(name: str) -> str:
    for folder, tag in (("disk/by-label/", "LABEL="), ("disk/by-uuid/", "UUID="), ("disk/by-partuuid/", "PARTUUID=")):
        if name.startswith(folder):
            return tag + name.removeprefix(folder)
    return name
