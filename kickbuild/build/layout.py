"""Where everything lies on a drive: one directory per release, one below ``/kickbuild`` per profile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.iso.facts import Variant

if TYPE_CHECKING:
    from kickbuild.iso.facts import IsoFacts

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._+-]+")


def profile_directory(name: str) -> str:
    """Return the directory of a profile."""
    return f"/kickbuild/{name}"


def release_directory(facts: IsoFacts) -> str:
    """Return the directory of a release: ``/rocky9.4``, with the architecture and variant where they are not usual.

    A second ISO in one directory would be taken for the first (RHEL 6 takes the last it sees), so each has its own.
    """
    parts = [facts.match.id]
    if facts.arch != "x86_64":
        parts.append(facts.arch)
    if facts.variant is not Variant.DVD:
        parts.append(facts.variant)
    return "/" + "-".join(parts)


def iso_name(name: str) -> str:
    """Return a name for the ISO that both installer stages read: no spaces, and ``.iso`` in lower case.

    A space breaks stage 1 (it stands unescaped in inst.repo), and RHEL 7 looks for ``*.iso`` in lower case only.
    """
    stem = re.sub(r"\.iso$", "", name, flags=re.IGNORECASE)
    safe = _UNSAFE.sub("-", stem).strip("-.")
    return f"{safe or 'install'}.iso"
