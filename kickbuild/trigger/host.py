"""Which box is meant: this machine, a system that is mounted somewhere, or one that ssh leads to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from kickbuild.errors import UsageError

#: What ssh takes as a destination: ``box``, ``user@box``, ``ssh://user@box:2222``, ``user@fe80::1%eth0``. No sign that
#: a shell knows: a ProxyCommand of the user's configuration may pass it on.
_DESTINATION: Final = re.compile(r"[A-Za-z0-9_.:][A-Za-z0-9_.@:/%+\[\]=~^,-]{0,254}")
_LAST_PORT: Final = 65535


class HostKind(Enum):
    """How a box is reached."""

    LOCAL = "local"
    MOUNTED = "mounted"
    SSH = "ssh"


@dataclass(frozen=True, slots=True)
class Host:
    """A box, as the user names it: ``text`` is a name for messages, ``root`` the directory of a mounted system."""

    kind: HostKind
    text: str
    root: Path | None = None


def parse_host(text: str | None, root: Path | None = None) -> Host:
    """Return the host that ``text`` or ``root`` names; raises UsageError where that is none."""
    if (text is None) == (root is None):
        raise UsageError("give exactly one of HOST and --root DIR", hint="HOST is local, box, or user@box")
    if root is not None:
        place = Path(os.path.realpath(root))
        if not place.is_dir():
            raise UsageError(f"{root} is no directory", where="--root")
        if place == Path("/"):
            raise UsageError("/ is the running system", where="--root", hint="its name is: local")
        return Host(HostKind.MOUNTED, str(root), place)
    assert text is not None
    if text == "local":
        return Host(HostKind.LOCAL, text)
    if not _DESTINATION.fullmatch(text) or "@-" in text or "//-" in text or text == "ssh://":
        raise UsageError(f"{text!r} is no host", hint="HOST is local, box, user@box or ssh://user@box:port")
    if port := re.fullmatch(r"([^:/]+):([0-9]+)", text):
        raise UsageError(f"{text} is no host for ssh", hint=f"a port goes as ssh://{port[1]}:{port[2]}")
    # ssh itself would answer with all of its usage.
    if (port := re.fullmatch(r"ssh://.*:([0-9]+)/?", text)) and not 1 <= int(port[1]) <= _LAST_PORT:
        raise UsageError(f"{text} is no host: no port has the number {port[1]}")
    return Host(HostKind.SSH, text)
