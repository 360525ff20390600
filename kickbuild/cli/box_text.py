"""What a box answers, and the plan for it, as people read it; all of it came from the box and was cleaned."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kickbuild.cli.output import aligned
from kickbuild.trigger.plan import token
from kickbuild.units import format_size

if TYPE_CHECKING:
    from kickbuild.trigger.answer import Answer, Finding
    from kickbuild.trigger.plan import BoxPlan

_KEPT = {"ssh_host_keys": "ssh host keys", "machine_id": "machine-id", "hostname": "host name", "network": "network"}


def finding_lines(findings: tuple[Finding, ...]) -> list[str]:
    """Return findings, the worst first, each with its way out."""
    lines = []
    for severity in ("error", "warning", "info"):
        for finding in (f for f in findings if f.severity == severity):
            lines.append(f"{severity}: {finding.message} [{finding.id}]")
            if finding.hint:
                lines.append(f"  hint: {finding.hint}")
    return lines


def answer_lines(answer: Answer) -> list[str]:
    """Return an agent's answer: what it found, what it did, and the sum of it."""
    lines = finding_lines(answer.findings)
    lines += [f"- {step}" for step in answer.steps]
    rows = []
    if answer.last not in {"", "none"}:
        reason = f": {answer.last_reason}" if answer.last_reason else ""
        time = f" ({answer.last_time})" if answer.last_time else ""
        rows.append(("last rebuild", f"{answer.last}{time}{reason}"))
    if answer.system_id:
        rows.append(
            ("this system", f"{answer.system_release}, rebuilt from {answer.system_profile} ({answer.system_time})")
        )
    rows += [("log", f"{log.name}, {format_size(log.size)}") for log in answer.log]
    lines += aligned(rows)
    if answer.text:
        lines += ["", answer.text.rstrip("\n"), ""]
    return [*lines, answer.summary]


def plan_lines(plan: BoxPlan, status: Answer | None = None) -> list[str]:
    """Return the plan for a box."""
    where = f", mounted on {plan.drive}" if plan.drive else ""
    size = f", {format_size(plan.target_bytes)}" if plan.target_bytes else ""
    serial = f", serial {plan.target_serial}" if plan.target_serial else ""
    kept = ", ".join(_KEPT[name] for name in plan.keep)
    rows = [
        ("box", f"{plan.host}, which calls itself {plan.name}"),
        ("profile", f"{plan.profile} ({plan.title}), {plan.release}, digest {plan.digest[:12]}"),
        ("drive", f"UUID={plan.drive_uuid}{where}"),
        ("ERASED", f"the disk with {plan.target_words}: today {plan.target}{size}{serial}"),
        ("", f"mounted on it: {plan.target_mounts or 'nothing'}"),
        ("kept", f"{kept}; nothing else of that disk" if kept else "nothing of that disk"),
        ("loader", f"{plan.loader}, {plan.config}"),
    ]
    if status is not None and status.state not in {"", "none"}:
        rows.append(("armed", status.summary))
    rows.append(("steps", "arm the entry for one boot, reboot, wait, look for the new system's stamp"))
    findings = tuple(finding for finding in plan.findings if finding.severity != "info")
    lines = ["This box would be rebuilt:", "", *aligned(rows, indent="  ")]
    if findings:
        lines += ["", *finding_lines(findings)]
    return lines


def token_line(plan: BoxPlan) -> str:
    """Return the line that tells the plan's token."""
    return f"token of this plan: {token(plan)}"


def plan_value(plan: BoxPlan) -> dict[str, Any]:
    """Return a plan as a value for JSON, with its token."""
    return {**asdict(plan), "ready": plan.ready, "token": token(plan)}
