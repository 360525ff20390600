"""What this workstation remembers of a rebuild that it has triggered, so that another session can go on waiting."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kickbuild.errors import KickbuildError, LackingError, ToolError, UsageError, system_error
from kickbuild.files import alone_at, atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.trigger.host import Host

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Record:
    """A rebuild on its way: the arming's id, the boot that was running when it was asked for, and what was kept.

    The id is what proves the new system: it is kept for the user alone, like a key.
    """

    host: str
    id: str
    boot_id: str
    profile: str
    keeps_host_keys: bool


def save_record(record: Record) -> None:
    """Remember a rebuild. Raises ToolError."""
    try:
        atomic_write(_place(record.host), json.dumps(asdict(record)).encode(), mode=0o600)
    except OSError as error:
        raise _unwritable(error) from error


def find_record(host: Host) -> Record | None:
    """Return what is remembered of a host's rebuild; None where nothing is, or it is damaged."""
    try:
        value = json.loads(_place(host.text).read_bytes())
        record = Record(**value)
    except (OSError, ValueError, TypeError, KickbuildError):
        return None
    texts = (record.host, record.id, record.boot_id, record.profile)
    is_sound = all(isinstance(text, str) for text in texts) and isinstance(record.keeps_host_keys, bool)
    return record if is_sound and _ID.fullmatch(record.id) and record.host == host.text else None


def drop_record(host: Host) -> None:
    """Forget a host's rebuild."""
    with contextlib.suppress(OSError):
        _place(host.text).unlink()


def checked_id(text: str) -> str:
    """Return the id of an arming; raises UsageError where it is none."""
    if not _ID.fullmatch(text):
        raise UsageError(f"{text!r} is no id of an arming", where="--id", hint="it has 32 hex digits")
    return text


@contextlib.contextmanager
def alone_with(host: Host) -> Iterator[None]:
    """Let no other run on this workstation change the same host meanwhile. Raises RefusedError."""
    try:
        place = _place(host.text).with_suffix(".lock")
        place.touch(mode=0o600)
    except OSError as error:
        raise _unwritable(error) from error
    with alone_at(place):
        yield


def _unwritable(error: OSError) -> ToolError:
    (problem,) = system_error(error, _folder()).problems
    return ToolError(
        f"what is triggered cannot be remembered: {problem.message}",
        hint=problem.hint or "set XDG_STATE_HOME to a directory that can be written",
    )


def _folder() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or ""
    # The specification wants a relative one to be ignored.
    try:
        base = Path(home) if home.startswith("/") else Path("~/.local/state").expanduser()
    except RuntimeError as error:
        raise LackingError(
            "this user has no home directory", hint="set XDG_STATE_HOME to a directory that can be written"
        ) from error
    return base / "kickbuild" / "triggered"


def _place(host: str) -> Path:
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9.@-]", "_", host).lstrip(".")[:60]
    return folder / f"{name}-{hashlib.sha256(host.encode()).hexdigest()[:8]}"
