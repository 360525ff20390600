"""A plan as people read it, and as JSON: both say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kickbuild.build.steps import CopyIso, Extract, Keep, Remove, Write
from kickbuild.cli.output import aligned
from kickbuild.units import format_size

if TYPE_CHECKING:
    from kickbuild.build.plan import DrivePlan, ProfilePlan
    from kickbuild.build.prepare import Job
    from kickbuild.build.steps import Step


def plan_lines(job: Job) -> list[str]:
    """Return the lines of a plan."""
    plan = job.plan
    filesystem = plan.filesystem
    label = f", LABEL={filesystem.label}" if filesystem.label else ""
    lines = [f"Rebuild drive {plan.destination} ({filesystem.type}, UUID={filesystem.uuid}{label})"]
    shown: set[str] = set()
    for profile in plan.profiles:
        lines += ["", *_profile_lines(profile, plan, shown)]
    if plan.removals:
        first = ", before anything is copied, because both do not fit" if plan.removals_first else ""
        lines += ["", f"No longer needed{first}:"]
        lines += _rows([("remove", removal.path, format_size(removal.size), "") for removal in plan.removals])
    lines += ["", *aligned(_totals(job))]
    return lines


def plan_value(job: Job) -> dict[str, Any]:
    """Return a plan as a value for JSON."""
    plan = job.plan
    return {
        "destination": plan.destination,
        "filesystem": {
            "type": plan.filesystem.type,
            "uuid": plan.filesystem.uuid,
            "label": plan.filesystem.label,
        },
        "changes": plan.changes,
        "bytes_to_write": plan.writes,
        "bytes_free": job.free,
        "removals_first": plan.removals_first,
        "profiles": [_profile_value(profile) for profile in plan.profiles],
        "steps": [_step_value(step, plan) for step in (*plan.steps, *plan.removals)],
        "profiles_after": sorted(plan.after_profiles),
    }


def _profile_lines(profile: ProfilePlan, plan: DrivePlan, shown: set[str]) -> list[str]:
    facts = profile.facts
    head = f'{profile.name}: {facts.match.title} {facts.arch} ({facts.variant}), menu entry "{profile.record.title}"'
    rows = [(_verb(step, plan), step.path, format_size(step.size), _remark(step)) for step in profile.steps]
    fresh = [row for row in rows if row[1] not in shown]
    shared = [row[1] for row in rows if row[1] in shown]
    shown |= {row[1] for row in rows}
    lines = [head, *_rows(fresh)]
    if shared:
        lines.append(f"  shares   {', '.join(shared)}")
    lines += [f"  note: {notice}" for notice in profile.notices]
    target = ", ".join(f"{key} = {value}" for key, value in profile.record.target.items())
    lines += ["  A box that boots this entry loses all of ONE disk, the one with:", f"    {target}"]
    if profile.record.keep:
        lines.append(f"  Its new system gets back: {', '.join(profile.record.keep)}")
    return lines


def _rows(rows: list[tuple[str, str, str, str]]) -> list[str]:
    width = max((len(path) for _, path, _, _ in rows), default=0)
    return [f"  {verb:<8} {path:<{width}}  {size:>9}  {remark}".rstrip() for verb, path, size, remark in rows]


def _verb(step: Step, plan: DrivePlan) -> str:
    match step:
        case Keep():
            return "keep"
        case Remove():
            return "remove"
        case Extract():
            verb = "extract"
        case CopyIso():
            verb = "copy"
        case Write():
            verb = "write"
    return "replace" if plan.before is not None and step.path in plan.before.files else verb


def _remark(step: Step) -> str:
    match step:
        case CopyIso():
            return f"{step.source}{', sha256 pinned' if step.sha256 else ''}"
        case Extract():
            return step.file.path
        case _:
            return ""


def _totals(job: Job) -> list[tuple[str, str]]:
    plan = job.plan
    replaced = [s.path for s in plan.steps if not isinstance(s, Keep) and plan.before and s.path in plan.before.files]
    lost = [*replaced, *(removal.path for removal in plan.removals)]
    rows = [
        ("To be written", f"{format_size(plan.writes)} ({format_size(job.free)} free)"),
        ("Lost on the drive", ", ".join(lost) or "nothing"),
    ]
    if not plan.changes:
        rows.append(("", "nothing to do: the drive holds this already"))
    return rows


def _profile_value(profile: ProfilePlan) -> dict[str, Any]:
    return {
        "name": profile.name,
        "title": profile.record.title,
        "release": profile.record.release,
        "arch": profile.record.arch,
        "iso": profile.record.iso,
        "target": profile.record.target,
        "keep": list(profile.record.keep),
        "kernel": profile.entry.kernel,
        "initrd": profile.entry.initrd,
        "arguments": list(profile.entry.arguments),
        "notices": list(profile.notices),
    }


def _step_value(step: Step, plan: DrivePlan) -> dict[str, Any]:
    value: dict[str, Any] = {"action": _verb(step, plan), "path": step.path, "size": step.size}
    if isinstance(step, CopyIso | Extract):
        value["source"] = str(step.source)
    if isinstance(step, CopyIso) and step.sha256:
        value["sha256"] = step.sha256
    return value
