"""What became of a drive in a run: its bytes, its filesystem, and the files on it."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.build.leavings import is_left_by_box
from kickbuild.copying import written_ranges
from kickbuild.drive.image import open_filesystem
from kickbuild.errors import InputError, ToolError, system_error
from kickbuild.rehearse.drive import nodes_of, places_of
from kickbuild.rehearse.fsck import faults, play_journal
from kickbuild.rehearse.scratch import Changes, Range, changes, read_changes
from kickbuild.rehearse.stamp import LONGEST, outcome_of, state_path
from kickbuild.run import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kickbuild.copying import Extents
    from kickbuild.rehearse.drive import Drive
    from kickbuild.rehearse.scratch import Workplace

#: Directories in which a box leaves files.
_LEFT_DIRECTORY: Final = re.compile(r"/kickbuild/[a-z0-9][a-z0-9-]{0,62}/(log|keep)(/.*)?", re.DOTALL)
_CHUNK: Final = 1 << 20
#: Faults of a filesystem that are told one by one.
_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class DriveChange:
    """What became of a drive: paths that were left there and may be, and everything that must not have happened."""

    left: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()
    identical: bool = True
    outcome: str = ""
    """What it tells of the rebuild; empty where it tells nothing new."""


def drive_change(
    drive: Drive, overlay: Path, place: Workplace, profile: str, *, but: int = -1
) -> tuple[Changes, DriveChange]:
    """Compare an overlay of the drive with the drive, except for the sector at ``but``. Raises ToolError.

    ``profile`` is the one that was rebuilt.
    """
    found = changes(overlay, drive.base, but=but)
    if not found.changed:
        return found, DriveChange()
    damage = [f"{path} holds other bytes" for path, ranges in drive.files.items() if _touches(found.changed, ranges)]
    if any(part.start < drive.offset for part in found.changed):
        damage.append("the partition table was changed")
    if any(part.end > drive.offset + drive.length for part in found.changed):
        damage.append("bytes behind its filesystem were changed")
    if damage:
        return found, DriveChange(damage=tuple(damage), identical=False)
    return found, _compare_trees(drive, _filesystem(drive, place, overlay, found.changed), place, profile)


def _touches(changed: tuple[Range, ...], ranges: tuple[Range, ...]) -> bool:
    return any(part.overlaps(other) for part in changed for other in ranges)


def _compare_trees(drive: Drive, copy: Path, place: Workplace, profile: str) -> DriveChange:
    """Return what is new in a changed filesystem and may be, and what is wrong with it."""
    unseen: list[str] = []
    try:
        if drive.filesystem.type == "ext4":
            unseen = _unseen(drive, copy)
            wrong = _unsound(drive, copy, place)
            if wrong:
                return _harmed(f"its filesystem is damaged: {_few(wrong)}")
        with open_filesystem(copy, 0, drive.filesystem, writes=False) as tree:
            nodes = nodes_of(tree, drive.manifest)
            places = places_of(tree, drive.manifest, nodes, copy, 0)
            told = tree.read(state_path(profile), LONGEST) or b""
    except (InputError, ToolError) as error:
        return _harmed(f"its filesystem cannot be read any more: {str(error).replace(str(copy), 'the drive')}")
    damage = [*_differences(drive, nodes), *_rewritten(drive, nodes, places, copy)]
    if not damage and unseen:
        # The installer plays the journal back when it mounts the drive; a boot loader does not.
        damage = [f"a boot loader does not find {path}: only the journal tells where it is" for path in unseen]
    new = [path for path in nodes if path not in drive.nodes or nodes[path] != drive.nodes[path]]
    return DriveChange(
        left=tuple(sorted(path for path in new if _may_be_left(path, nodes))),
        damage=tuple(damage),
        identical=False,
        outcome=outcome_of(drive.records[profile], told),
    )


def _harmed(fact: str) -> DriveChange:
    return DriveChange(damage=(fact,), identical=False)


def _few(faults: list[str]) -> str:
    more = f" and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
    return f"{'; '.join(faults[:_TOLD])}{more}"


def _unseen(drive: Drive, copy: Path) -> list[str]:
    """Return the files that who plays no journal back finds elsewhere, or not at all."""
    places: dict[str, tuple[Range, ...]] = {}
    with contextlib.suppress(InputError, ToolError), open_filesystem(copy, 0, drive.filesystem, writes=False) as tree:
        places = places_of(tree, drive.manifest, nodes_of(tree, drive.manifest), copy, 0)
    return [path for path in drive.files if places.get(path) != _inside(drive, path)]


def _unsound(drive: Drive, copy: Path, place: Workplace) -> list[str]:
    """Play the journal back, as the next mount does, and return what is wrong then and was not before the run."""
    found = play_journal(copy) or faults(copy)
    if not found:
        return []
    before = _filesystem(drive, place)
    known = {*play_journal(before), *faults(before)}
    return [fault for fault in found if fault not in known]


def _differences(drive: Drive, nodes: dict[str, int]) -> list[str]:
    damage = [f"{path} is gone" for path in drive.nodes if path not in nodes and not _may_be_left(path, nodes)]
    for path, size in nodes.items():
        if drive.nodes.get(path) != size and not _may_be_left(path, nodes):
            damage.append(f"{path} has another size" if path in drive.nodes else f"{path} is new there")
    return damage


def _rewritten(drive: Drive, nodes: dict[str, int], places: dict[str, tuple[Range, ...]], copy: Path) -> list[str]:
    """Return the files that lie elsewhere now, and those to which the journal brought bytes: the copy had none."""
    damage = []
    extents = written_ranges(copy).extents
    with copy.open("rb") as file:
        for path, now in places.items():
            if path not in drive.files or nodes[path] != drive.nodes[path]:
                continue
            if now != _inside(drive, path):
                damage.append(f"{path} was written anew")
            elif any(_has_bytes(file.fileno(), part, extents) for part in now):
                damage.append(f"{path} holds other bytes")
    return damage


def _has_bytes(descriptor: int, part: Range, extents: Extents) -> bool:
    """Tell whether there is a byte in a part of a file that is not zero."""
    return any(
        True
        for start, length in extents
        for _ in _pieces(descriptor, max(start, part.start), min(start + length, part.end))
    )


def _pieces(descriptor: int, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the bytes between two places, a piece at a time, with their places, but no piece that is all zeros."""
    while at < end:
        data = os.pread(descriptor, min(end - at, _CHUNK), at)
        if data.strip(b"\0"):
            yield at, data
        at += len(data) or end - at


def _may_be_left(path: str, nodes: dict[str, int]) -> bool:
    return is_left_by_box(path) or (nodes.get(path) == -1 and _LEFT_DIRECTORY.fullmatch(path) is not None)


def _inside(drive: Drive, path: str) -> tuple[Range, ...]:
    """Return where a file lies within the filesystem."""
    return tuple(Range(part.start - drive.offset, part.length) for part in drive.files[path])


def _filesystem(drive: Drive, place: Workplace, overlay: Path | None = None, changed: tuple[Range, ...] = ()) -> Path:
    """Return a copy of the filesystem without the bytes of the manifest's files, with what was changed in it."""
    copy = place.file(drive.length)
    is_ext4 = drive.filesystem.type == "ext4"
    try:
        if is_ext4:
            # Its own blocks alone: of a large disk, all others would take hours, and as much room.
            run(["e2image", "-r", "-o", str(drive.offset), drive.base, copy])
            os.truncate(copy, drive.length)
        with drive.base.open("rb") as old, copy.open("r+b") as new:
            kept = () if is_ext4 else _around(drive, old.fileno())
            for at, data in itertools.chain(kept, read_changes(overlay, changed) if overlay else ()):
                os.pwrite(new.fileno(), data, at - drive.offset)
    except OSError as error:
        raise system_error(error, place.directory) from error
    return copy


def _around(drive: Drive, descriptor: int) -> Iterator[tuple[int, bytes]]:
    """Yield the bytes of the filesystem that are in no file of the manifest, with their places."""
    skipped = sorted((part for ranges in drive.files.values() for part in ranges), key=lambda part: part.start)
    for start, length in written_ranges(drive.base).extents:
        at, end = max(start, drive.offset), min(start + length, drive.offset + drive.length)
        for part in [p for p in skipped if at < p.end and p.start < end] + [Range(end, 0)]:
            yield from _pieces(descriptor, at, part.start)
            at = max(at, part.end)
