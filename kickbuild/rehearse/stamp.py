"""What a rebuild tells of itself: in the new system, /etc/kickbuild-release; on the drive, rebuild.state.

Both are the same lines, in this order (templates/kickstart/guard.sh, ``state_text``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.rehearse.scratch import read_changes

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.rehearse.scratch import Range

#: Of a record that is read: reasons are cut at a thousand characters.
LONGEST: Final = 8192
_OUTCOME: Final = re.compile(rb"(?m)^outcome=([a-z]{1,20})$")


def state_path(profile: str) -> str:
    """Return where on a drive it is told how a profile's last rebuild ended."""
    return f"/kickbuild/{profile}/rebuild.state"


def outcome_of(before: bytes, after: bytes) -> str:
    """Return the outcome that a record tells; empty where none was written since ``before``."""
    found = _OUTCOME.search(after)
    return found[1].decode("ascii") if found and after != before else ""


def bears_stamp(overlay: Path, changed: tuple[Range, ...], profile: str) -> bool:
    """Tell whether what was written to a disk has the stamp of a new system. Raises ToolError.

    It is looked for in the bytes, below whatever volumes and filesystem the installer made; one that is encrypted or
    compressed hides it.
    """
    stamp = re.compile(
        rb"schema=1\nid=[^\n]{0,200}\nprofile=%b\ndigest=[^\n]{0,200}\nrelease=[^\n]{0,200}\nkickbuild=[^\n]{0,200}\n"
        rb"outcome=installed\n" % re.escape(profile.encode())
    )
    last, rest = -1, b""
    for at, data in read_changes(overlay, changed):
        # It may lie across two pieces that are read one after the other.
        text = (rest if at == last else b"") + data
        if stamp.search(text):
            return True
        last, rest = at + len(data), text[-LONGEST:]
    return False
