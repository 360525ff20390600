"""Work that might never end or take all memory, for foreign text asks for it: done in a process with limits."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds of the processor, and bytes beyond what the process has already, that the work may take.
_SECONDS: Final = 10
_MEMORY: Final = 512 * 1024 * 1024


class TooMuchError(Exception):
    """The work did not come to an end within what it may take."""


def bounded(work: Callable[[], bytes], *, seconds: int = _SECONDS) -> bytes:
    """Return what ``work`` returns. Raises TooMuchError where it takes too much, or raises anything itself."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work(work, writing, seconds)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            data = pipe.read()
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    _, status = os.waitpid(child, 0)
    if status:
        raise TooMuchError
    return data


def _work(work: Callable[[], bytes], writing: int, seconds: int) -> None:
    """Do the work and end the process; nothing of it may reach what the parent was about to do."""
    status = 1
    try:
        _limit(seconds)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(work())
        status = 0
    finally:
        os._exit(status)


def _limit(seconds: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
