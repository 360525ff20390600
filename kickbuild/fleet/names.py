"""Hosts as names of files: an inventory may call a host anything."""

from __future__ import annotations

import re
from typing import Final

from kickbuild.errors import InputError

_NAME: Final = re.compile(r"[A-Za-z0-9_\[][A-Za-z0-9_.:@%+\[\]-]*")
_LONGEST: Final = 240


def file_of(host: str, ending: str) -> str:
    """Return the name of a host's file. Raises InputError for a host whose name is none for a file."""
    if not _NAME.fullmatch(host) or len(host) > _LONGEST:
        raise InputError(
            "cannot be the name of a file",
            where=host,
            hint="call the host by letters, digits and .-_:@ in the inventory, and set ansible_host to its address",
        )
    return f"{host}{ending}"
