"""What a box answers, and the plan for it, as people read it; all of it came from the box and was cleaned."""

from __future__ import annotations

import shutil
import sys
import textwrap
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
            lines += _wrapped(f"{severity}: ", f"{finding.message} [{finding.id}]", hang=2)
            if finding.hint:
                lines += _wrapped("  hint: ", finding.hint, hang=4)
    return lines


def _wrapped(first: str, text: str, *, hang: int) -> list[str]:
    """Return text in the lines of the terminal, those after the first with ``hang`` blanks; elsewhere one line."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 0
    if width < 2 * hang + 20:
        return [first + text]
    options = {"initial_indent": first, "subsequent_indent": " " * hang, "break_on_hyphens": False}
    return textwrap.wrap(text, width - 1, **options)  # type: ignore[arg-type]


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
        time = f" ({answer.system_time})" if answer.system_time else ""
        rows.append(("this system", f"{answer.system_release}, rebuilt from {answer.system_profile}{time}"))
    rows += [("log", f"{log.name}, {format_size(log.size)}") for log in answer.log]
    lines += aligned(rows)
    if answer.text:
        lines += ["", answer.text.rstrip("\n"), ""]
    return [*lines, answer.summary]


def plan_lines(plan: BoxPlan, *, arms_only: bool = False) -> list[str]:
    """Return the plan for a box, which is rebooted after it was armed or, by ``arms_only``, is not."""
    where = f", mounted on {plan.drive}" if plan.drive else ""
    size = f", {format_size(plan.target_bytes)}" if plan.target_bytes else ""
    serial = f", serial {plan.target_serial}" if plan.target_serial else ""
    kept = ", ".join(_KEPT[name] for name in plan.keep)
    rows = [
        ("box", f"{plan.host}, which calls itself {plan.name}"),
        ("profile", f"{plan.profile}: {plan.title}, {plan.release}, digest {plan.digest[:12]}"),
        ("drive", f"UUID={plan.drive_uuid}{where}"),
        ("ERASED", f"the one disk with {plan.target_words}"),
        ("", f"today {plan.target}{size}{serial}"),
        ("", f"mounted on it: {plan.target_mounts or 'nothing'}"),
        ("kept", f"{kept}; nothing else of that disk" if kept else "nothing of that disk"),
        ("loader", f"{plan.loader}, {plan.config}"),
    ]
    after = "; nobody reboots the box" if arms_only else ", reboot, wait, look for the new system's stamp"
    rows.append(("steps", f"arm the entry for one boot{after}"))
    # What the check tells beside warnings is in the lines above, but for an earlier arming.
    findings = tuple(f for f in plan.findings if f.severity != "info" or f.id.startswith("armed."))
    lines = ["This box would be rebuilt:", ""]
    lines += [line for label, text in rows for line in _wrapped(f"  {label:<7}  ", text, hang=11)]
    if findings:
        lines += ["", *finding_lines(findings)]
    return lines


def token_line(plan: BoxPlan) -> str:
    """Return the line that tells the plan's token."""
    return f"token of this plan: {token(plan)}"


def plan_value(plan: BoxPlan) -> dict[str, Any]:
    """Return a plan as a value for JSON, with its token."""
    return {**asdict(plan), "ready": plan.ready, "token": token(plan)}
