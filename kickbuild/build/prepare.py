"""The main job: from what is wanted and where, to a plan; from a plan to a drive.

Refusals of every kind are collected before anything is written.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kickbuild.build import layout
from kickbuild.build.execute import execute
from kickbuild.build.manifest import LIMIT, MANIFEST, Manifest, parse_manifest
from kickbuild.build.plan import DrivePlan, DriveState, Wanted, manifest_size, plan_drive, plan_removal
from kickbuild.build.verify import directories
from kickbuild.drive.directory import DirectoryTree
from kickbuild.drive.guard import (
    Need,
    device_refusals,
    filesystem_refusals,
    mount_refusals,
    new_label_refusals,
    space_refusal,
)
from kickbuild.drive.image import (
    NewImage,
    clean_partials,
    edit_image,
    new_image,
    new_uuid,
    open_image,
    require_programs,
    room,
    size_refusals,
    suggest_size,
)
from kickbuild.drive.mounts import known_filesystem, mount_of, read_mounts
from kickbuild.drive.udev import list_devices
from kickbuild.errors import KickbuildError, Problem, RefusedError, system_error
from kickbuild.files import alone_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kickbuild.drive.tree import Tree
    from kickbuild.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """How a new image is to be made; None leaves the choice to kickbuild. ``size`` in bytes."""

    size: int | None = None
    fs: str | None = None
    label: str | None = None
    uuid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A plan, and the place where it will be executed."""

    plan: DrivePlan
    place: DirectoryTree | NewImage | Path
    """A mounted directory, an image to be made, or an image that is there."""
    free: int

    def run(self, progress: Progress) -> Manifest | None:
        """Execute the plan; None where there is nothing to do.

        Raises RefusedError while another run is at work there, or when one has changed the drive since the plan.
        """
        if isinstance(self.place, NewImage):
            clean_partials(self.place.path)
            with new_image(self.place) as tree:
                return execute(self.plan, tree, progress)
        if isinstance(self.place, DirectoryTree):
            with alone_at(self.place.root):
                self.place.clean(_directories(self.plan))
                return self._change(self.place, progress)
        with alone_at(self.place):
            clean_partials(self.place)
            if not self.plan.changes:
                return None
            with edit_image(self.place) as tree:
                return self._change(tree, progress)

    def _change(self, tree: Tree, progress: Progress) -> Manifest | None:
        if read_manifest(tree, self.plan.destination) != self.plan.before:
            raise RefusedError(
                f"{self.plan.destination} was changed after this was planned", hint="look at it, and run the same again"
            )
        return execute(self.plan, tree, progress) if self.plan.changes else None


def read_manifest(tree: Tree, where: str) -> Manifest | None:
    """Return a drive's manifest, None where it has none. Raises InputError for a damaged one."""
    data = tree.read(MANIFEST, LIMIT)
    return parse_manifest(data, where=f"{where}{MANIFEST}") if data is not None else None


def _directories(plan: DrivePlan) -> list[str]:
    before = directories(plan.before) if plan.before else []
    return sorted({"/kickbuild", *before, *(profile.record.directory for profile in plan.profiles)})


def plan_for_directory(wanted: Sequence[Wanted], directory: Path, *, recheck: bool = False) -> Job:
    """Plan for a mounted filesystem. Raises RefusedError with every reason, or what makes the wish impossible."""
    tree, problems = _mounted(directory, wanted)
    state = _state(tree, wanted, str(directory), recheck=recheck)
    plan = _planned(wanted, state, str(directory), problems)
    return Job(plan=plan, place=tree, free=state.free)


def plan_for_image(wanted: Sequence[Wanted], image: Path, options: ImageOptions, *, recheck: bool = False) -> Job:
    """Plan for a disk image, which is made where it is not there. Raises RefusedError with every reason."""
    _require_image_path(image)
    if _mode(image):
        given = [name for name in ("size", "fs", "label", "uuid") if getattr(options, name) is not None]
        if given:
            words = ", ".join(f"--{name}" for name in given)
            raise RefusedError(f"{image} exists already, and {words} is for a new image", hint="move it away first")
        with open_image(image) as tree:
            state = _state(tree, wanted, str(image), recheck=recheck)
        problems = filesystem_refusals(state.filesystem, _needs(wanted), str(image))
        return Job(plan=_planned(wanted, state, str(image), problems), place=image, free=state.free)
    new = _new_image(wanted, image, options)
    require_programs(new.fs)
    problems = filesystem_refusals(new.filesystem, _needs(wanted), str(image))
    problems += new_label_refusals(new.filesystem, _needs(wanted), str(image)) + size_refusals(new)
    free = room(new.size, new.fs)
    state = DriveState(filesystem=new.filesystem, nodes={}, manifest=None, free=free)
    return Job(plan=_planned(wanted, state, str(image), problems, host=image.parent), place=new, free=free)


def plan_to_remove(name: str, place: Path) -> Job:
    """Plan to take a profile off a directory or an image."""
    if stat.S_ISDIR(_mode(place)):
        tree, problems = _mounted(place, ())
        if problems:
            raise RefusedError(*problems)
        state = _state(tree, (), str(place))
        return Job(plan=plan_removal(name, state, str(place)), place=tree, free=state.free)
    _require_image_path(place)
    with open_image(place) as image:
        state = _state(image, (), str(place))
    return Job(plan=plan_removal(name, state, str(place)), place=place, free=state.free)


@contextlib.contextmanager
def open_drive(place: Path) -> Iterator[Tree]:
    """Open a directory or an image for reading."""
    if stat.S_ISDIR(_mode(place)):
        mount = mount_of(place, read_mounts())
        device = next((d for d in list_devices() if d.number == mount.number), None)
        filesystem = known_filesystem(mount, device, is_root=os.geteuid() == 0)
        yield DirectoryTree(Path(mount.point) if mount.point == str(place.resolve()) else place, filesystem)
    else:
        with open_image(place) as tree:
            yield tree


def _planned(
    wanted: Sequence[Wanted], state: DriveState, where: str, problems: list[Problem], *, host: Path | None = None
) -> DrivePlan:
    """Return the plan, or raise every reason against it; ``host`` is the directory that a new image grows in."""
    try:
        plan = plan_drive(wanted, state, where)
    except KickbuildError as error:
        if problems:
            raise RefusedError(*problems, *error.problems) from error
        raise
    free = state.free + (sum(r.size for r in plan.removals) if plan.removals_first else 0)
    problems += space_refusal(plan.writes + manifest_size(plan), free, where)
    if host is not None:
        problems += _host_space_refusals(host, plan.writes)
    if problems:
        raise RefusedError(*problems)
    return plan


def _mounted(directory: Path, wanted: Sequence[Wanted]) -> tuple[DirectoryTree, list[Problem]]:
    mount = mount_of(directory, read_mounts())
    where = str(directory)
    problems = mount_refusals(mount, where)
    if not problems and str(directory.resolve()) != mount.point:
        problems.append(
            Problem(
                f"{where} is a directory inside the filesystem that is mounted on {mount.point}",
                hint=f"the drive's files begin at the top of its filesystem: use --to {mount.point}",
            )
        )
    devices = list_devices()
    device = next((d for d in devices if d.number == mount.number), None)
    filesystem = known_filesystem(mount, device, is_root=os.geteuid() == 0)
    if device is not None:
        problems += filesystem_refusals(filesystem, _needs(wanted), where)
        problems += device_refusals(device, devices, _needs(wanted), where)
    elif not problems:
        problems.append(
            Problem(f"the disk under {where} ({mount.source}) cannot be found in /sys", hint="is this a container?")
        )
    if not problems and not os.access(mount.point, os.W_OK):
        problems.append(Problem(f"{where} may not be written by this user", hint="run it as root"))
    return DirectoryTree(Path(mount.point), filesystem), problems


def _state(tree: Tree, wanted: Sequence[Wanted], where: str, *, recheck: bool = False) -> DriveState:
    manifest = read_manifest(tree, where)
    ours = {"/kickbuild", *(layout.release_directory(want.facts) for want in wanted)}
    if manifest is not None:
        ours |= set(directories(manifest))
    return DriveState(
        filesystem=tree.filesystem,
        nodes=tree.nodes(sorted(ours)),
        manifest=manifest,
        free=tree.free(),
        recheck=recheck,
    )


def _needs(wanted: Sequence[Wanted]) -> list[Need]:
    return [
        Need(
            name=want.loaded.profile.name,
            find_by=want.loaded.profile.drive.find_by,
            label=want.loaded.profile.drive.label or "",
            can=want.facts.match.can,
            target=want.loaded.profile.target,
            largest=want.facts.size,
        )
        for want in wanted
    ]


def _new_image(wanted: Sequence[Wanted], image: Path, options: ImageOptions) -> NewImage:
    labels = {want.loaded.profile.drive.label for want in wanted} - {None}
    label = options.label if options.label is not None else "".join(sorted(labels, key=str)[:1])  # type: ignore[arg-type]
    fs = options.fs or "ext4"
    content = sum(want.facts.size + _extracted(want) for want in {id(w.facts): w for w in wanted}.values())
    features = sorted({f for want in wanted for f in want.facts.match.can.ext_features.split(",") if f})
    return NewImage(
        path=image,
        size=options.size or suggest_size(content, fs),
        fs=fs,
        label=label,
        uuid=options.uuid or new_uuid(fs),
        ext_features=",".join(features),
    )


def _extracted(want: Wanted) -> int:
    """Return the bytes of what lies beside the ISO."""
    facts = want.facts
    stage2 = facts.install_image.size if facts.install_image and facts.match.can.stage2_outside else 0
    return facts.kernel.size + facts.initrd.size + stage2


def _require_image_path(image: Path) -> None:
    mode = _mode(image)
    if stat.S_ISDIR(mode):
        raise RefusedError(f"{image} is a directory, not a disk image", hint="for a mounted drive, use --to")
    if mode and not stat.S_ISREG(mode):
        raise RefusedError(
            f"{image} is no regular file",
            hint="make an image, then write it to the disk; or mount the disk and use --to",
        )
    if not stat.S_ISDIR(_mode(image.parent)):
        raise RefusedError(f"{image.parent} is no directory", hint="make it first")


def _mode(path: Path) -> int:
    """Return the kind and mode of what a path leads to, 0 where nothing is there. Raises ToolError."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise system_error(error, path) from error


def _host_space_refusals(directory: Path, content: int) -> list[Problem]:
    try:
        values = os.statvfs(directory)
    except OSError as error:
        raise system_error(error, directory) from error
    return space_refusal(content, values.f_bavail * values.f_frsize, str(directory.resolve()))
