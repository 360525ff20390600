"""How a fixed command reaches a box: nothing above this knows whether that is by ssh."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

from kickbuild.errors import HostError
from kickbuild.run import Completed, run_bounded
from kickbuild.trigger.answer import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kickbuild.trigger.host import Host


class Reach(Enum):
    """Why a box could not be reached."""

    AWAY = "away"
    OTHER_KEY = "other key"
    DENIED = "denied"


class ReachError(HostError):
    """A box was not reached, or the connection to it broke: whether a command was carried out, nobody can tell."""

    def __init__(self, message: str, *, reach: Reach, where: str, hint: str) -> None:
        super().__init__(message, where=where, hint=hint)
        self.reach = reach


class Transport(Protocol):
    """A way to a box."""

    host: Host

    @property
    def has_drive_commands(self) -> bool:
        """Whether the box's own mounts are those of the system that runs there."""

    def ready(self) -> None:
        """Make sure that the box can be reached just now; raises ReachError where it cannot."""

    def run(self, program: str, words: Sequence[str] = (), *, stdin: bytes = b"", timeout: float) -> Completed:
        """Run a program of ``remote`` there, as root where the user has asked for sudo.

        Raises ReachError where the box cannot be reached, HostError where it says too much or takes too long.
        """

    def close(self) -> None:
        """Give the way up; another ``run`` finds it again."""


class Here:
    """This machine, or a system that is mounted on it."""

    def __init__(self, host: Host, *, sudo: bool = False) -> None:
        self.host = host
        self._prefix = ["sudo", "-n"] if sudo else []

    @property
    def has_drive_commands(self) -> bool:
        """The mounts of this machine are no mounts of a system below a directory."""
        return self.host.root is None

    def ready(self) -> None:
        """This machine is always there."""

    def run(self, program: str, words: Sequence[str] = (), *, stdin: bytes = b"", timeout: float) -> Completed:
        """Run a program by this machine's sh."""
        below = _below(self.host.root)
        argv = [*self._prefix, "sh", "-c", program, "kickbuild", *words, *below]
        done = run_bounded(argv, timeout=timeout, most=MOST_BYTES, stdin=stdin)
        return bounded(done, self.host, timeout)

    def close(self) -> None:
        """Nothing is held."""


def _below(root: Path | None) -> list[str]:
    return [] if root is None else ["--root", str(root)]


def bounded(done: Completed, host: Host, timeout: float) -> Completed:
    """Return what a box has said; raise HostError where that was too much, or took too long."""
    if done.stopped == "time":
        raise HostError(f"no answer came within {timeout:g} s", where=host.text, hint="is a disk of the box failing?")
    if done.stopped == "size":
        raise HostError(f"it says more than {MOST_BYTES} bytes; the rest was not read", where=host.text)
    return done
