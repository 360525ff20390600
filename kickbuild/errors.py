"""What can go wrong, and the exit code of each kind.

A message states the fact in the words of the command line or the profile key; a hint is the next action.
Several problems travel in one exception, because a person wants to mend them all at once.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The process exit codes; never a count."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    INPUT = 3
    ENVIRONMENT = 4
    REFUSED = 5
    TOOL = 6
    REHEARSAL = 7
    BUG = 70
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    ``where`` is a place the user can go to: ``web.toml:12: target.serial``, a path, or empty.
    """

    message: str
    where: str = ""
    hint: str = ""


class KickbuildError(Exception):
    """Base of all expected failures. Takes one message with an optional hint and place, or a list of problems."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, *problems: Problem | str, where: str = "", hint: str = "") -> None:
        self.problems: tuple[Problem, ...] = tuple(
            p if isinstance(p, Problem) else Problem(p, where=where, hint=hint) for p in problems
        )
        super().__init__("; ".join(p.message for p in self.problems))


class UsageError(KickbuildError):
    """The command line asks for something that makes no sense."""

    exit_code = ExitCode.USAGE


class InputError(KickbuildError):
    """A profile, a kickstart, a manifest or a medium cannot be used."""

    exit_code = ExitCode.INPUT


class ProfileError(InputError):
    """The profile is wrong."""


class IsoError(InputError):
    """The ISO is damaged, or not one that kickbuild can use."""


class KickstartError(InputError):
    """A kickstart cannot be read, written or adopted."""


class ReleaseError(InputError):
    """The release is unknown, or cannot do what the profile asks."""


class LackingError(KickbuildError):
    """The environment lacks something: a program, a permission, a device."""

    exit_code = ExitCode.ENVIRONMENT


class RefusedError(KickbuildError):
    """A guard said no. Nothing was written."""

    exit_code = ExitCode.REFUSED


class ToolError(KickbuildError):
    """An external program, or the system underneath, failed while working."""

    exit_code = ExitCode.TOOL


class HostError(ToolError):
    """A box, or the way to it, failed; or what it answers is not what an agent answers."""


def system_error(error: OSError, place: object) -> ToolError:
    """Return what the system's refusal means to a person, with the way out where there is one."""
    hint = ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        hint = "make room on it, or use a larger drive; nothing that was there before has changed"
    elif error.errno == errno.EIO:
        hint = "the disk or the medium is failing, or was unplugged"
    elif error.errno in {errno.ENOTDIR, errno.ELOOP}:
        hint = "a link or a file stands there where a directory should be; remove it"
    elif error.errno in {errno.EACCES, errno.EPERM}:
        hint = "run it as a user who may write there"
    return ToolError(f"{place}: {error.strerror or error}", hint=hint)
