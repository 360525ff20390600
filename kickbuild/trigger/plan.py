"""The plan of one box's rebuild, and the token that stands for it: who gives the token has read the plan."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kickbuild.trigger.answer import Answer, Finding

#: Hex digits of a token: few enough to type, and nobody guesses one of 2^48.
_DIGITS: Final = 12
#: Facts of a plan that may change while it stays the same: where the drive is mounted and the kernel's names of disks
#: differ from one look to the next, and findings count by their ids, because their words hold such things as free KiB.
_PASSING: Final = frozenset({"drive", "target", "findings"})


@dataclass(frozen=True, slots=True)
class BoxPlan:
    """What would be done to one box. ``host`` is what the user wrote, ``name`` what the box calls itself."""

    host: str
    name: str
    boot_id: str
    profile: str
    title: str
    release: str
    digest: str
    drive: str
    drive_uuid: str
    target: str
    target_words: str
    target_serial: str
    target_bytes: int
    target_mounts: str
    loader: str
    config: str
    keep: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        """Whether no check found an error."""
        return not any(finding.severity == "error" for finding in self.findings)

    @property
    def short_name(self) -> str:
        """What the box calls itself, without its domain: what a person types to confirm."""
        return self.name.partition(".")[0]


def plan_box(host: str, check: Answer) -> BoxPlan:
    """Return the plan that a box's answer to ``check`` makes."""
    return BoxPlan(
        host=host,
        name=check.host,
        boot_id=check.boot_id,
        profile=check.profile,
        title=check.title,
        release=check.release,
        digest=check.digest,
        drive=check.drive,
        drive_uuid=check.drive_uuid,
        target=check.target,
        target_words=check.target_words,
        target_serial=check.target_serial,
        target_bytes=check.target_bytes,
        target_mounts=check.target_mounts,
        loader=check.loader,
        config=check.config,
        keep=check.keep,
        findings=check.findings,
    )


def token(plan: BoxPlan) -> str:
    """Return the plan's token: another one as soon as anything in the plan is different.

    The running boot is part of it. So a token is good for one rebuild: after it the box has booted anew, and the same
    command from a shell's history, or a job that is tried again, wipes nothing.
    """
    facts: dict[str, Any] = {key: value for key, value in asdict(plan).items() if key not in _PASSING}
    facts["findings"] = sorted({(f.id, f.severity) for f in plan.findings if f.severity != "info"})
    return _digest(facts)


def is_carried_out(plan: BoxPlan, armed: Answer) -> bool:
    """Whether what an agent has armed is what was planned."""
    # Which findings there are is the check's to say: an agent that arms may find others.
    found = replace(plan_box(plan.host, armed), findings=plan.findings)
    return bool(armed.id) and token(found) == token(plan)


def fleet_token(plans: Iterable[BoxPlan]) -> str:
    """Return the token of a whole list of plans, in whatever order they come."""
    return fleet_token_of(token(plan) for plan in plans)


def fleet_token_of(tokens: Iterable[str]) -> str:
    """Return the token of a whole list of plans from the token of each."""
    return _digest(sorted(tokens))


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
