"""The drive that is rehearsed: where its bytes are, and what is on it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.build.manifest import LIMIT, MANIFEST, parse_manifest
from kickbuild.build.prepare import open_drive
from kickbuild.build.verify import directories
from kickbuild.drive.extents import device_extents
from kickbuild.drive.image import NewImage, image_filesystem, open_filesystem, suggest_size
from kickbuild.drive.image_format import first_partition, make_filesystem, make_table, partition_offset
from kickbuild.drive.mounts import read_mounts
from kickbuild.errors import InputError, RefusedError, ToolError, UsageError, system_error
from kickbuild.rehearse.scratch import Range
from kickbuild.rehearse.stamp import LONGEST, state_path
from kickbuild.run import require_tool

if TYPE_CHECKING:
    from kickbuild.build.manifest import Manifest, ProfileRecord
    from kickbuild.drive.tree import Filesystem, Tree
    from kickbuild.progress import Progress
    from kickbuild.rehearse.scratch import Workplace

_SMALL: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A rebuild drive as a raw file or block device, which is only read."""

    base: Path
    size: int
    offset: int
    """Where its filesystem begins, in bytes."""
    length: int
    """Bytes of the partition that holds it, or of the whole drive."""
    filesystem: Filesystem
    manifest: Manifest
    nodes: dict[str, int]
    """The size of each file of kickbuild's; -1 for what is not a file."""
    files: dict[str, tuple[Range, ...]]
    """Where the bytes of each file of the manifest, and of the manifest itself, lie."""
    records: dict[str, bytes]
    """What it tells of the last rebuild by each profile."""
    seen: tuple[int, ...]
    """What tells whether the file at ``base`` was changed since."""
    notices: tuple[str, ...] = ()


def require_same(drive: Drive) -> None:
    """Raise ToolError where somebody changed the drive since it was read: what a machine saw then is worth nothing."""
    if _seen(drive.base) != drive.seen:
        raise ToolError(f"{drive.base} was changed by somebody while it was rehearsed", hint="rehearse it again")


def _seen(base: Path) -> tuple[int, ...]:
    try:
        status = base.stat()
    except OSError as error:
        raise system_error(error, base) from error
    # Of a block device, these are those of its node.
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def read_drive(path: Path, place: Workplace, progress: Progress) -> Drive:
    """Return a drive: an image file, a block device, or a directory, of whose files an image is made.

    Raises InputError, RefusedError, LackingError and ToolError.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        return _from_directory(path, place, progress)
    if stat.S_ISBLK(mode):
        _require_unmounted(path)
    elif not stat.S_ISREG(mode):
        raise InputError(f"{path} is no disk image, block device or directory")
    return _opened(path.resolve(), image_filesystem(path))


def profile_of(drive: Drive, name: str | None) -> tuple[str, ProfileRecord]:
    """Return the profile to rehearse: the named one, or the only one. Raises UsageError."""
    known = drive.manifest.profiles
    if name is None and len(known) == 1:
        return next(iter(known.items()))
    if name not in known:
        fact = f"the drive has no profile {name}" if name else f"the drive has {len(known)} profiles"
        raise UsageError(f"{fact}: {', '.join(sorted(known)) or 'none'}", hint="say which with --profile")
    return name, known[name]


def read_file(drive: Drive, path: str, limit: int = _SMALL) -> bytes:
    """Return a file of the drive; empty where it is not there. Raises ToolError."""
    with open_filesystem(drive.base, drive.offset, drive.filesystem, writes=False) as tree:
        return tree.read(path, limit) or b""


def place_of(drive: Drive, path: str, offset: int) -> int | None:
    """Return where a byte of a file of the drive lies; None where that is not known."""
    for part in drive.files.get(path, ()):
        if offset < part.length:
            return part.start + offset
        offset -= part.length
    return None


def read_whole(drive: Drive, path: str) -> bytes:
    """Return a file of the manifest, however large. Raises ToolError."""
    if sum(part.length for part in drive.files[path]) != drive.nodes[path]:
        raise ToolError(f"{path} has holes: its bytes do not lie on the drive one after the other")
    try:
        with drive.base.open("rb") as file:
            return b"".join(os.pread(file.fileno(), part.length, part.start) for part in drive.files[path])
    except OSError as error:
        raise system_error(error, drive.base) from error


def _opened(base: Path, filesystem: Filesystem, notices: tuple[str, ...] = ()) -> Drive:
    if filesystem.type == "ext4":
        require_tool("e2fsck")
        require_tool("e2image")
    seen = _seen(base)
    with base.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
    offset, length = first_partition(base) or (0, size)
    with open_filesystem(base, offset, filesystem, writes=False) as tree:
        _, manifest = _manifest(tree, base)
        nodes = nodes_of(tree, manifest)
        return Drive(
            base=base,
            size=size,
            offset=offset,
            length=min(length, size - offset),
            filesystem=filesystem,
            manifest=manifest,
            nodes=nodes,
            files=places_of(tree, manifest, nodes, base, offset),
            records={name: tree.read(state_path(name), LONGEST) or b"" for name in manifest.profiles},
            seen=seen,
            notices=notices,
        )


def _manifest(tree: Tree, where: Path) -> tuple[bytes, Manifest]:
    data = tree.read(MANIFEST, LIMIT)
    if data is None:
        raise InputError(f"{where} is no rebuild drive: it has no {MANIFEST}", hint="`kickbuild prepare` makes one")
    return data, parse_manifest(data, where=f"{where}: {MANIFEST}")


def _ranges(tree: Tree, path: str, base: Path, offset: int) -> tuple[Range, ...]:
    found = tree.ranges(path)
    if found.path != base:
        # It is mounted meanwhile: the kernel knows.
        return tuple(Range(offset + start, length) for start, length in device_extents(found.path))
    return tuple(Range(start, length) for start, length in found.extents)


def places_of(
    tree: Tree, manifest: Manifest, nodes: dict[str, int], base: Path, offset: int
) -> dict[str, tuple[Range, ...]]:
    """Return where the files of the manifest lie that are there, and the manifest itself; ``offset`` is where the
    filesystem begins in ``base``. Raises ToolError.
    """
    paths = (*manifest.files, MANIFEST)
    return {path: _ranges(tree, path, base, offset) for path in paths if nodes.get(path, -1) >= 0}


def nodes_of(tree: Tree, manifest: Manifest) -> dict[str, int]:
    """Return the size of everything in the directories of the manifest, -1 for what is not a file. Raises ToolError."""
    return {path: node.size if node.is_file else -1 for path, node in tree.nodes(directories(manifest)).items()}


def _from_directory(path: Path, place: Workplace, progress: Progress) -> Drive:
    """Make an image of a directory's files, with the identity that its manifest names."""
    with open_drive(path) as source:
        data, manifest = _manifest(source, path)
        kind = source.filesystem.type if source.filesystem.type in {"ext4", "vfat"} else "ext4"
        nodes = source.nodes(directories(manifest))
        content = sum(nodes[name].size for name in manifest.files if name in nodes)
        size = suggest_size(content, kind)
        image = place.file(size)
        new = NewImage(path=image, size=size, fs=kind, label=manifest.label, uuid=manifest.uuid)
        make_table(new, image)
        make_filesystem(new, image)
        with open_filesystem(image, partition_offset(image), new.filesystem, writes=True) as tree:
            for name, record in manifest.files.items():
                if name not in nodes:
                    continue
                progress.begin(name, record.size)
                tree.receive(name, source.ranges(name), progress, lambda _: None)
                progress.end()
            tree.write(MANIFEST, data)
    notice = f"{path} is a directory: an image of {len(manifest.files)} files was made from it"
    if kind != source.filesystem.type:
        notice += f", with {kind} in the place of {source.filesystem.type or 'its filesystem'}"
    return _opened(image, new.filesystem, (notice,))


def _require_unmounted(path: Path) -> None:
    """Raise RefusedError where something of a device is mounted writable: it would change below the machine."""
    number = path.stat().st_rdev
    own = f"{os.major(number)}:{os.minor(number)}"
    parts = Path(f"/sys/dev/block/{own}").glob("*/dev")
    numbers = {own, *(part.read_text(encoding="ascii").strip() for part in parts)}
    for mount in read_mounts():
        if mount.number in numbers and not mount.read_only:
            raise RefusedError(
                f"{path} is mounted on {mount.point} and may change while it is rehearsed",
                hint=f"unmount it, or rehearse {mount.point} itself",
            )
