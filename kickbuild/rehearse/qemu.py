"""QEMU on this machine: which program, and new enough."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from kickbuild.errors import LackingError
from kickbuild.run import find_tool, require_tool, run

_PROGRAM: Final = "qemu-system-x86_64"
#: Where RHEL keeps it, outside of every PATH.
_OF_RHEL: Final = "/usr/libexec/qemu-kvm"
#: RHEL 8's. Sockets as descriptors, and the zero and present marks of `qemu-img map` are older.
_OLDEST: Final = (4, 2)
_ANSWER_SECONDS: Final = 10.0


def require_qemu() -> str:
    """Return the program's name or path. Raises LackingError where there is none, or one that is too old."""
    found = find_tool(_PROGRAM)
    program = _PROGRAM if found or not Path(_OF_RHEL).is_file() else _OF_RHEL
    for tool in (program, "qemu-img", "qemu-io"):
        require_tool(tool)
    said = run([program, "--version"], timeout=_ANSWER_SECONDS).text
    match = re.search(r"version (\d+)\.(\d+)", said)
    if match is None or (int(match[1]), int(match[2])) < _OLDEST:
        version = said.splitlines()[0] if said.strip() else "it does not say"
        raise LackingError(
            f"QEMU is too old: {version}", hint=f"kickbuild rehearses with {_OLDEST[0]}.{_OLDEST[1]} or newer"
        )
    return program
