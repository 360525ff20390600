"""The plan: everything that will be done to a drive, as a value that is printed and is then the very value executed.

Planning writes nothing. It reads ISOs, profiles and the drive's manifest, and collects every reason to refuse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kickbuild.agent import AGENT, render_agent
from kickbuild.boot.entry import BootEntry, plan_arguments
from kickbuild.boot.loaders import LOADERS
from kickbuild.build import layout
from kickbuild.build.conflicts import conflicts, doubles
from kickbuild.build.judge import judged_kickstart
from kickbuild.build.leavings import left_of
from kickbuild.build.manifest import MANIFEST, FileRecord, Manifest, ProfileRecord
from kickbuild.build.steps import CopyIso, Extract, Keep, Remove, Step, Write
from kickbuild.drive.ref import DriveRef, RefKind
from kickbuild.errors import KickbuildError, Problem, RefusedError
from kickbuild.kickstart.render import render_kickstart
from kickbuild.kickstart.request import KickstartRequest
from kickbuild.profile.describe import target_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kickbuild.drive.tree import Filesystem, Node
    from kickbuild.iso.facts import IsoFacts
    from kickbuild.profile.load import LoadedProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePlan:
    """One profile of the plan."""

    name: str
    record: ProfileRecord
    facts: IsoFacts
    entry: BootEntry
    steps: tuple[Step, ...]
    notices: tuple[str, ...]
    pinned: str = ""
    """The sha256 that the ISO must have, where the profile says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivePlan:
    """All that will be done to one drive."""

    destination: str
    """The directory or image, as the user named it."""
    filesystem: Filesystem
    profiles: tuple[ProfilePlan, ...]
    removals: tuple[Remove, ...]
    removals_first: bool
    """What is obsolete goes before the new is copied, because both do not fit."""
    before: Manifest | None
    after_profiles: dict[str, ProfileRecord]
    kept_files: dict[str, FileRecord]
    """Files of profiles that this plan does not touch."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in order, each path once, as the most demanding of the profiles wants it."""
        seen: dict[str, Step] = {}
        for profile in self.profiles:
            for step in profile.steps:
                if step.path not in seen or _demands_more(step, seen[step.path]):
                    seen[step.path] = step
        return tuple(seen.values())

    @property
    def writes(self) -> int:
        """Bytes that will be written."""
        return sum(step.size for step in self.steps if not isinstance(step, Keep | Remove))

    @property
    def changes(self) -> bool:
        """Whether anything is to be done at all, the manifest's own content included."""
        if self.before is None or self.removals:
            return True
        same_drive = (self.before.uuid, self.before.label) == (self.filesystem.uuid, self.filesystem.label)
        same_profiles = self.before.profiles == self.after_profiles
        return not (same_drive and same_profiles and all(isinstance(step, Keep) for step in self.steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A profile that is to be put on a drive, with what its ISO turned out to be."""

    loaded: LoadedProfile
    facts: IsoFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveState:
    """What is on a drive before anything is done."""

    filesystem: Filesystem
    nodes: dict[str, Node]
    manifest: Manifest | None
    free: int
    recheck: bool = False
    """Trust nothing that is there: write all of the wanted profiles again."""


def plan_drive(wanted: Sequence[Wanted], state: DriveState, destination: str) -> DrivePlan:
    """Return what makes the drive hold the wanted profiles beside those it has, or raise all that is wrong."""
    problems: list[Problem] = [*doubles(wanted)]
    plans: list[ProfilePlan] = []
    kinds: list[KickbuildError] = []
    for want in wanted:
        try:
            plans.append(plan_profile(want, state))
        except KickbuildError as error:
            kinds.append(error)
            problems += error.problems
    if kinds and len(problems) == sum(len(e.problems) for e in kinds):
        raise type(kinds[0])(*problems)
    problems += conflicts(plans, state)
    if problems:
        raise RefusedError(*problems)
    return _drive_plan(plans, state, destination)


def plan_removal(name: str, state: DriveState, destination: str) -> DrivePlan:
    """Return what takes a profile off the drive. Raises RefusedError where it is not there."""
    if state.manifest is None or name not in state.manifest.profiles:
        names = ", ".join(sorted(state.manifest.profiles)) if state.manifest else ""
        raise RefusedError(
            f"{destination} holds no profile {name!r}", hint=f"it holds: {names}" if names else "it holds none"
        )
    return _drive_plan([], state, destination, leaving={name})


def plan_profile(want: Wanted, state: DriveState) -> ProfilePlan:
    """Return the steps for one profile."""
    profile, facts = want.loaded.profile, want.facts
    request = request_for(want, drive_ref(want.loaded, state.filesystem))
    entry = boot_entry(request)
    home = layout.profile_directory(profile.name)
    kickstart = render_kickstart(request)
    notices = (*facts.notices, *judged_kickstart(kickstart, request))
    texts = [Write(request.kickstart_path, kickstart.encode("utf-8"), 0o600)]
    texts += [Write(f"{home}/{loader.file_name}", loader.render(entry).encode("utf-8")) for loader in LOADERS]
    texts.append(Write(AGENT, render_agent().encode("utf-8"), 0o755))
    steps = (*_iso_steps(want, request, state), *(_unless_there(step, state) for step in texts))
    record = ProfileRecord(
        digest=want.loaded.digest,
        release=facts.match.id,
        arch=facts.arch,
        handler=facts.match.can.handler,
        title=profile.title,
        find_by=profile.drive.find_by,
        directory=request.directory,
        iso=request.iso_path,
        target=target_keys(profile.target),
        files=tuple(sorted(step.path for step in steps)),
        keep=profile.keep.names,
    )
    return ProfilePlan(
        name=profile.name,
        record=record,
        facts=facts,
        entry=entry,
        steps=steps,
        notices=notices,
        pinned=profile.source.sha256 or "",
    )


def request_for(want: Wanted, drive: DriveRef) -> KickstartRequest:
    """Return what the profile's kickstart and entry are made for, on a drive named so."""
    directory = layout.release_directory(want.facts)
    return KickstartRequest(
        loaded=want.loaded,
        match=want.facts.match,
        arch=want.facts.arch,
        has_packages=want.facts.has_packages,
        source=drive,
        directory=directory,
        iso_path=f"{directory}/{layout.iso_name(want.facts.path.name)}",
        iso_size=want.facts.size,
        kickstart_path=f"{layout.profile_directory(want.loaded.profile.name)}/ks.cfg",
    )


def drive_ref(loaded: LoadedProfile, filesystem: Filesystem) -> DriveRef:
    """Return how this profile's kickstart and entry name the drive."""
    kind = loaded.profile.drive.find_by
    return DriveRef(kind, filesystem.uuid if kind is RefKind.UUID else filesystem.label)


def boot_entry(request: KickstartRequest) -> BootEntry:
    """Return the Rebuild entry of a profile."""
    profile = request.loaded.profile
    return BootEntry(
        id=f"kickbuild-{profile.name}",
        title=profile.title,
        drive=request.source,
        kernel=f"{request.directory}/vmlinuz",
        initrd=f"{request.directory}/initrd.img",
        kickstart=request.kickstart_path,
        arguments=plan_arguments(
            can=request.can,
            drive=request.source,
            kickstart_path=request.kickstart_path,
            iso_path=request.iso_path,
            has_packages=request.has_packages,
            kernel_args=profile.boot.kernel_args,
        ),
    )


def _iso_steps(want: Wanted, request: KickstartRequest, state: DriveState) -> list[Step]:
    facts = want.facts
    stat = facts.path.stat()
    origin = f"{facts.path.name} {stat.st_size} {stat.st_mtime_ns}"
    pinned = want.loaded.profile.source.sha256 or ""
    copy = CopyIso(facts.path, request.iso_path, facts.size, pinned, origin)
    files = [("vmlinuz", facts.kernel), ("initrd.img", facts.initrd)]
    if request.can.stage2_outside and facts.install_image is not None:
        files.append(("images/install.img", facts.install_image))
    extracts = [Extract(facts.path, file, f"{request.directory}/{name}", origin) for name, file in files]
    return _unless_same_origin(copy, extracts, state)


def _record(path: str, size: int, state: DriveState) -> FileRecord | None:
    """Return the manifest's record of a file where the drive still holds it as it was when the manifest was written.

    The manifest is written last: what changed after it, by hand or by a run that was killed, is not what it says.
    """
    if state.manifest is None or state.recheck:
        return None
    record = state.manifest.files.get(path)
    node, manifest = state.nodes.get(path), state.nodes.get(MANIFEST)
    if record is None or node is None or manifest is None or not node.is_file:
        return None
    return record if node.size == record.size == size and node.changed <= manifest.changed else None


def _unless_same_origin(copy: CopyIso, extracts: list[Extract], state: DriveState) -> list[Step]:
    """Keep what came from this very ISO: by the sha256 that the profile pins, or by its name, size and time."""
    held = _record(copy.path, copy.size, state)
    is_right = held is not None and (held.sha256 == copy.sha256 if copy.sha256 else held.origin == copy.origin)
    # The pin vouches for what came from the drive's ISO, whatever that was called and whenever it was made.
    origins = {copy.origin, held.origin} if held and is_right else {copy.origin}
    records = [_record(step.path, step.size, state) for step in extracts]
    steps: list[Step] = [
        Keep(step.path, record) if record and record.origin in origins else step
        for step, record in zip(extracts, records, strict=True)
    ]
    # Nothing is taken out of an ISO that the pin has not been held against: copying it does that.
    is_proven = held is not None and (held.origin == copy.origin or not any(isinstance(s, Extract) for s in steps))
    return [Keep(copy.path, held) if held and is_right and is_proven else copy, *steps]


def _unless_there(step: Write, state: DriveState) -> Step:
    import hashlib

    record = _record(step.path, step.size, state)
    if record is not None and record.sha256 == hashlib.sha256(step.data).hexdigest():
        return Keep(step.path, record)
    return step


def _demands_more(step: Step, other: Step) -> bool:
    if isinstance(other, Keep):
        return not isinstance(step, Keep)
    return isinstance(step, CopyIso) and isinstance(other, CopyIso) and bool(step.sha256 and not other.sha256)


def _drive_plan(
    plans: list[ProfilePlan], state: DriveState, destination: str, leaving: set[str] | None = None
) -> DrivePlan:
    before = state.manifest
    old = before.profiles if before else {}
    after = {name: r for name, r in old.items() if name not in (leaving or set())}
    after |= {plan.name: plan.record for plan in plans}
    needed = {path for record in after.values() for path in record.files}
    removals = tuple(
        Remove(path, record.size) for path, record in (before.files if before else {}).items() if path not in needed
    )
    removals += tuple(Remove(path, size) for path, size in left_of(leaving or set(), state.nodes).items())
    planned = {step.path for plan in plans for step in plan.steps}
    kept = {p: r for p, r in (before.files if before else {}).items() if p in needed and p not in planned}
    plan = DrivePlan(
        destination=destination,
        filesystem=state.filesystem,
        profiles=tuple(plans),
        removals=removals,
        removals_first=False,
        before=before,
        after_profiles=after,
        kept_files=kept,
    )
    tight = plan.writes > state.free and plan.writes <= state.free + sum(removal.size for removal in removals)
    return replace(plan, removals_first=tight)


def manifest_size(plan: DrivePlan) -> int:
    """Return a generous bound of the bytes that the manifest and the directories take."""
    return 64 * 1024 + 1024 * len(plan.steps) + len(MANIFEST)
