"""What became of a rebuild, and how that is judged from what the box says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from kickbuild.errors import ExitCode

if TYPE_CHECKING:
    from kickbuild.trigger.answer import Answer


class Outcome(Enum):
    """How it ended; the values are for programs."""

    REBUILT = "rebuilt"
    OLD_SYSTEM = "old-system"
    OTHER_KEY = "other-host-key"
    NEVER_LEFT = "never-left"
    NEVER_RETURNED = "never-returned"
    ON_ITS_WAY = "on-its-way"
    INTERRUPTED = "interrupted"


_EXITS: Final = {
    Outcome.REBUILT: ExitCode.DONE,
    Outcome.ON_ITS_WAY: ExitCode.DONE,
    Outcome.OLD_SYSTEM: ExitCode.FINDINGS,
    Outcome.OTHER_KEY: ExitCode.FINDINGS,
    Outcome.NEVER_LEFT: ExitCode.TOOL,
    Outcome.NEVER_RETURNED: ExitCode.TOOL,
    Outcome.INTERRUPTED: ExitCode.INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a rebuild. ``seconds`` are counted by this workstation from the reboot on."""

    outcome: Outcome
    summary: str
    seconds: float = 0.0
    hint: str = ""
    status: Answer | None = None
    #: Whether the system proved itself under a host key that the user's known hosts do not have.
    has_new_key: bool = False
    #: Whether the rebuild may still come: it is worth waiting for again.
    is_open: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that it has."""
        return _EXITS[self.outcome]


def duration(seconds: float) -> str:
    """Return a time as people say it: ``14 min 3 s``."""
    whole = max(round(seconds), 0)
    hours, minutes = whole // 3600, whole // 60 % 60
    words = [f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (whole >= 60 and (minutes > 0 or hours == 0))
    return " ".join([*words, *([f"{whole % 60} s"] if hours == 0 else [])])


def is_new_system(status: Answer, arming: str) -> bool:
    """Whether the running system bears the stamp of the rebuild that was armed under this id."""
    return bool(arming) and status.system_id == arming


def old_system_because(status: Answer, arming: str) -> str:
    """Return why a box that has booted runs its old system, as its drive tells."""
    if status.last_id == arming and arming:
        reason = f": {status.last_reason}" if status.last_reason else ""
        match status.last:
            case "refused":
                return f"the rebuild was refused before the first write{reason}"
            case "started":
                return "the rebuild was started and did not end"
            case "failed":
                return f"the rebuild was started and failed{reason}"
            case "installed":
                return "the installer says that it ended, but the running system does not bear its stamp"
    if status.last_id == "" and status.last == "refused":
        return f"the last rebuild was refused, by what its log says: {status.last_reason}"
    if any(finding.id.startswith("drive.") for finding in status.findings):
        return f"and the rebuild drive is not to be seen: {status.findings[0].message}"
    if status.state == "armed" and status.id not in ("", arming):
        return (
            f"it is armed anew, since {status.since or 'then'} by {status.by or 'somebody'}: this rebuild did not come"
        )
    if status.state == "armed":
        return "the rebuild is still armed: the boot loader did not come to it"
    if status.last_id not in ("", arming):
        when = f", {status.last_time}" if status.last_time else ""
        return (
            f"the drive tells of another rebuild ({status.last}{when}), and nothing of this one: the boot loader did"
            " not find the entry, or the drive, and went home; or somebody has armed the box anew since"
        )
    return "the drive tells nothing of a rebuild: the boot loader did not find the entry, or the drive, and went home"
