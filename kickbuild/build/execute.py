"""Executing a plan: the steps in order, the manifest last."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, assert_never

from kickbuild.build.manifest import MANIFEST, FileRecord, Manifest, render_manifest
from kickbuild.build.steps import CopyIso, Extract, Keep, Remove, Write
from kickbuild.copying import Ranges, whole_file
from kickbuild.errors import IsoError

if TYPE_CHECKING:
    from kickbuild.build.plan import DrivePlan
    from kickbuild.build.steps import Step
    from kickbuild.drive.tree import Tree
    from kickbuild.progress import Progress


def execute(plan: DrivePlan, tree: Tree, progress: Progress) -> Manifest:
    """Do what the plan says and return the manifest that was written.

    Raises IsoError where an ISO is not what the profile pins; ToolError where the drive fails, is full or goes away.
    Whatever happens, a file on the drive is complete or not there, and the manifest is written only when all is done.
    """
    if plan.removals_first:
        _remove(plan, tree)
    files = dict(plan.kept_files)
    for step in plan.steps:
        record = _do(step, tree, progress)
        if record is not None:
            files[step.path] = record
    if not plan.removals_first:
        _remove(plan, tree)
    manifest = Manifest(
        uuid=plan.filesystem.uuid, label=plan.filesystem.label, profiles=plan.after_profiles, files=files
    )
    # Even where it says the same as before: a file that is newer than the manifest counts as changed by somebody else.
    tree.write(MANIFEST, render_manifest(manifest))
    return manifest


def _remove(plan: DrivePlan, tree: Tree) -> None:
    for removal in plan.removals:
        tree.remove(removal.path)


def _do(step: Step, tree: Tree, progress: Progress) -> FileRecord | None:
    match step:
        case CopyIso():
            return _receive(step, whole_file(step.source), tree, progress)
        case Extract():
            return _receive(step, Ranges(step.source, step.file.extents), tree, progress)
        case Write():
            tree.write(step.path, step.data, mode=step.mode)
            return FileRecord(hashlib.sha256(step.data).hexdigest(), step.size)
        case Keep():
            return step.record
        case Remove():
            tree.remove(step.path)
            return None
        case _:
            assert_never(step)


def _receive(step: CopyIso | Extract, source: Ranges, tree: Tree, progress: Progress) -> FileRecord:
    pinned = step.sha256 if isinstance(step, CopyIso) else ""

    def accept(found: str) -> None:
        if pinned and found != pinned:
            raise IsoError(
                f"has the sha256 {found}, but the profile pins {pinned}",
                where=str(step.source),
                hint="get the ISO again, or correct source.sha256 from the distribution's signed checksum file",
            )

    if source.size != step.size:
        raise IsoError(f"has {source.size} bytes now and had {step.size} when it was planned", where=str(step.source))
    progress.begin(step.path, step.size)
    try:
        return FileRecord(tree.receive(step.path, source, progress, accept), step.size, step.origin)
    finally:
        progress.end()
