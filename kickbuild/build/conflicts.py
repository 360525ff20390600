"""Reasons against a plan that only all of its profiles, or the drive that they go to, can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.build.steps import CopyIso
from kickbuild.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kickbuild.build.plan import DriveState, ProfilePlan, Wanted


def doubles(wanted: Sequence[Wanted]) -> list[Problem]:
    """Refuse two profiles of one name."""
    names = [want.loaded.profile.name for want in wanted]
    return [
        Problem(f"two profiles are named {name}", hint="each profile on a drive has a name of its own")
        for name in sorted({n for n in names if names.count(n) > 1})
    ]


def conflicts(plans: list[ProfilePlan], state: DriveState) -> list[Problem]:
    """Refuse two different ISOs that would share one directory."""
    isos: dict[str, dict[str, str]] = {}
    for plan in plans:
        isos.setdefault(plan.record.directory, {})[f"{plan.record.iso} {plan.facts.path}"] = plan.name
    mine = {plan.name for plan in plans}
    problems = [
        Problem(
            f"the profiles {', '.join(sorted(users.values()))} want different ISOs in the drive's {directory}",
            hint="give them the same ISO: an installer takes any ISO that it finds in its directory",
        )
        for directory, users in sorted(isos.items())
        if len(users) > 1
    ]
    problems += _contradicting_pins(plans)
    problems += _exposed(plans, state)
    problems += _strays(plans, state)
    others = state.manifest.profiles if state.manifest else {}
    problems += _stale(sorted(set(others) - mine), state)
    for plan in plans:
        changes = any(isinstance(step, CopyIso) and _is_another(step, state) for step in plan.steps)
        users = sorted(
            name for name, r in others.items() if name not in mine and r.directory == plan.record.directory and changes
        )
        if users:
            problems.append(
                Problem(
                    f"the profile {plan.name} brings another ISO into the drive's {plan.record.directory}, "
                    f"which {', '.join(users)} on this drive uses",
                    hint=f"prepare {', '.join([plan.name, *users])} together, or remove {', '.join(users)} first",
                )
            )
    return problems


def _is_another(step: CopyIso, state: DriveState) -> bool:
    """Return whether it is not the ISO that the manifest has there, which is only written again."""
    record = state.manifest.files.get(step.path) if state.manifest else None
    if record is None or record.size != step.size:
        return True
    return record.origin != step.origin and record.sha256 != step.sha256


def _contradicting_pins(plans: list[ProfilePlan]) -> list[Problem]:
    pins: dict[str, dict[str, str]] = {}
    for plan in plans:
        if plan.pinned:
            pins.setdefault(plan.record.iso, {})[plan.pinned] = plan.name
    return [
        Problem(
            f"the profiles {', '.join(sorted(users.values()))} pin different sha256 for the same ISO, {iso}",
            hint="correct source.sha256 from the distribution's signed checksum file",
        )
        for iso, users in sorted(pins.items())
        if len(users) > 1
    ]


def _exposed(plans: list[ProfilePlan], state: DriveState) -> list[Problem]:
    """Refuse to keep secrets where every user of the box could read them."""
    filesystem = state.filesystem.type
    return [
        Problem(
            f"the profile {plan.name} keeps {', '.join(plan.record.keep)}, and {filesystem} hides no file from anybody",
            hint="make the drive with ext4 or xfs, or remove [keep]",
        )
        for plan in plans
        if plan.record.keep and filesystem == "vfat"
    ]


def _strays(plans: list[ProfilePlan], state: DriveState) -> list[Problem]:
    """Refuse what lies in a release's directory and would be taken for ours: another ISO, or a stage 2."""
    ours = {step.path for plan in plans for step in plan.steps} | set(state.manifest.files if state.manifest else ())
    found: dict[str, str] = {}
    for directory, family in sorted({(plan.record.directory, plan.facts.match.can.family) for plan in plans}):
        for path, node in sorted(state.nodes.items()):
            above, _, name = path.rpartition("/")
            is_iso = above == directory and name.lower().endswith(".iso")
            if path not in ours and not node.is_directory and (is_iso or path == f"{directory}/images/install.img"):
                found[path] = family
    return [
        Problem(
            f"the drive has {path}, which is not in its manifest: {family} may install from it instead",
            hint="remove it, or move it out of that directory",
        )
        for path, family in found.items()
    ]


def _stale(others: list[str], state: DriveState) -> list[Problem]:
    """Refuse to leave profiles on the drive that look for it under a UUID or label that it no longer has."""
    before, now = state.manifest, state.filesystem
    if before is None or not others or (before.uuid, before.label) == (now.uuid, now.label):
        return []
    return [
        Problem(
            f"the drive was prepared as UUID={before.uuid} LABEL={before.label or '(none)'} and is now UUID={now.uuid} "
            f"LABEL={now.label or '(none)'}; {', '.join(others)} on it would look for the old one",
            hint=f"prepare {', '.join(others)} in the same run, or remove them first",
        )
    ]
