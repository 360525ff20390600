"""What e2fsck says of a copy of a filesystem that a guest could write: it ends, and its words are bounded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.rehearse.console import clean
from kickbuild.run import run_bounded

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.run import Completed

_SECONDS: Final = 900.0
_MOST: Final = 1 << 20
_MOST_FAULTS: Final = 1000
_LONGEST: Final = 160
#: What it says however sound a filesystem is, and what it says of those that are not besides the fault. Kernels do not
#: keep the two counts of the whole filesystem (e2fsprogs, e2fsck/super.c), so that e2fsck does not call them a fault.
_NO_FAULT: Final = re.compile(
    r"e2fsck \d|Pass \d|Warning: skipping journal|Free (blocks|inodes) count wrong \(|\(i\.e\., without"
    r"|the filesystem:$|$"
    r"|.*(: recovering journal|: clean, |: \d+/\d+ files |\*\*\*\*\*|UNEXPECTED INCONSISTENCY|check forced)"
)
_QUESTION: Final = re.compile(r"(^|\s+)[A-Z][\w/+ ]*\? no$")
_PROGRAM: Final = re.compile(r"^\S*e2fsck: ")
#: What follows a superblock that is none, until the end.
_ADVICE: Final = b"\nThe superblock could not be read"
#: What a kernel noted in the superblock when it found something wrong.
_NOTED: Final = "contains a file system with errors"


def play_journal(filesystem: Path) -> list[str]:
    """Play the journal back and forget files that were open when the power went, as a mount does; return what is wrong.

    An offset is no way to name a part of a file: e2fsck forgets it when it has played the journal back.
    """
    done = _e2fsck("-p", filesystem)
    if done.code in {0, 1}:
        return [f"it {_NOTED}"] if _NOTED.encode() in done.stdout else []
    return _faults(done, filesystem)


def faults(filesystem: Path) -> list[str]:
    """Return what is wrong with a filesystem whose journal was played back; nothing is written to it."""
    done = _e2fsck("-fn", filesystem)
    return _faults(done, filesystem) if done.code else []


def _e2fsck(mode: str, filesystem: Path) -> Completed:
    return run_bounded(["e2fsck", mode, filesystem], timeout=_SECONDS, most=_MOST)


def _faults(done: Completed, filesystem: Path) -> list[str]:
    """Return a line for each fault, and at least one."""
    said = b"\n".join(text.partition(_ADVICE)[0] for text in (done.stdout, done.stderr)).decode("utf-8", "replace")
    lines = (_fault(line.replace(str(filesystem), "the filesystem")) for line in said.splitlines())
    found = list(dict.fromkeys(line for line in lines if not _NO_FAULT.match(line)))
    return found[:_MOST_FAULTS] or [f"e2fsck ended with {done.code}"]


def _fault(line: str) -> str:
    return _QUESTION.sub("", _PROGRAM.sub("", clean(line).strip())).rstrip(".")[:_LONGEST]
