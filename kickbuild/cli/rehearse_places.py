"""Where a rehearsal's results go: found out before it begins, and never the drive, which is only read."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kickbuild.errors import UsageError, system_error

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "index.html"


def require_places(drive: Path, report: Path | None, junit: Path | None, work: Path) -> None:
    """Make the directories that results go to, and find out now whether a file can be made there.

    Raises UsageError where something would be written to the drive, or in the place of what is no file, and ToolError.
    """
    files = [("--report", report / PAGE)] if report else []
    files += [("--junit", junit)] if junit else []
    for option, file in files:
        _require_apart(option, file, drive)
        _require_file(option, file)
    _require_apart("--work or TMPDIR", work, drive)
    for _, file in files:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=file.parent):
                pass
        except OSError as error:
            raise system_error(error, file.parent) from error


def _require_apart(option: str, place: Path, drive: Path) -> None:
    # Where links go in circles, it is told when the drive is opened.
    own = Path(os.path.realpath(drive))
    if own in _with_parents(place):
        raise UsageError(
            f"{option}: {place} is the drive itself, or in it; a rehearsal only reads the drive",
            hint="name a place that is not on the drive",
        )


def _with_parents(place: Path) -> Iterator[Path]:
    # By its own name too: what is written takes the place of a link.
    for path in (Path(os.path.realpath(place)), Path(os.path.realpath(place.parent)) / place.name):
        yield path
        yield from path.parents


def _require_file(option: str, file: Path) -> None:
    """A finished file takes the place of what has its name: of a device or a link, nothing would be left."""
    try:
        mode = file.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise system_error(error, file) from error
    if not stat.S_ISREG(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "no ordinary file"
        raise UsageError(f"{option}: {file} is {kind}", hint="name a file, such as rehearsal.xml, or a new one")
