"""A rebuild drive as a raw disk image with one GPT partition, made without root.

A new image grows in a partial file beside its name, and a change is made on a copy; each is renamed into place when it
is whole, so that whatever stops the run, the image that was there still is.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import uuid as uuids
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.drive.image_ext import ExtTree
from kickbuild.drive.image_vfat import VfatTree
from kickbuild.drive.image_xfs import mounted_xfs
from kickbuild.drive.tree import Filesystem
from kickbuild.errors import InputError, RefusedError, system_error
from kickbuild.files import PARTIAL_PREFIX, partial_path, sync_directory
from kickbuild.run import require_tool, run
from kickbuild.units import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kickbuild.drive.tree import Tree

#: Where the partition begins, and what the backup of the partition table takes at the end.
START: Final = 1 * MIB
_END: Final = 1 * MIB
FILESYSTEMS: Final = ("ext4", "xfs", "vfat")
#: The least that mke2fs, mkfs.xfs and mkfs.vfat make something useful of.
_LEAST: Final = {"ext4": 16 * MIB, "xfs": 320 * MIB, "vfat": 40 * MIB}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """An image that is to be made. ``size`` is that of the whole file, in bytes."""

    path: Path
    size: int
    fs: str
    label: str
    uuid: str
    ext_features: str = ""
    """``mke2fs -O`` features to switch off for old installers and boot loaders."""

    @property
    def filesystem(self) -> Filesystem:
        """The filesystem that it will hold."""
        return Filesystem(self.fs, self.uuid, self.label)


def new_uuid(fs: str) -> str:
    """Return a new UUID in the form that the filesystem has, as blkid prints it."""
    value = uuids.uuid4()
    return f"{value.hex[:4].upper()}-{value.hex[4:8].upper()}" if fs == "vfat" else str(value)


def suggest_size(content: int, fs: str) -> int:
    """Return the bytes of an image that holds ``content`` bytes, with room for a few small files more."""
    inside = content + content // 50 + 64 * MIB
    if fs == "xfs":
        inside += 64 * MIB
    whole = START + _END + max(inside, _LEAST[fs])
    return -(-whole // (4 * MIB)) * 4 * MIB


def require_programs(fs: str) -> None:
    """Raise LackingError where a program that making such an image needs is missing."""
    programs = {
        "ext4": ("mke2fs", "debugfs", "e2fsck"),
        "vfat": ("mkfs.vfat", "mcopy", "mdir", "mmd", "mdel"),
        "xfs": ("mkfs.xfs", "mount", "umount"),
    }
    for program in ("sfdisk", "blkid", *programs[fs]):
        require_tool(program)


@contextlib.contextmanager
def new_image(new: NewImage) -> Iterator[Tree]:
    """Make an image: the tree that is yielded becomes the file when the block ends well, and is gone when not."""
    require_programs(new.fs)
    if new.size - START - _END < _LEAST[new.fs]:
        raise RefusedError(
            f"{new.path} cannot be made with so few bytes: {new.fs} needs {_LEAST[new.fs] // MIB} MiB at the least",
            hint="give a larger --size, or none",
        )
    with _replacing(new.path) as partial:
        with _system_errors(new.path), partial.open("xb") as file:
            file.truncate(new.size)
        table = f"label: gpt\nfirst-lba: {START // 512}\ntype=linux, name=kickbuild\n"
        run(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", partial], stdin=table.encode())
        _make_filesystem(new, partial)
        with _open(partial, new.filesystem, writes=True) as tree:
            yield tree


@contextlib.contextmanager
def edit_image(path: Path) -> Iterator[Tree]:
    """Change a copy of an image that replaces it when the block ends well."""
    filesystem = image_filesystem(path)
    require_programs(filesystem.type)
    with _replacing(path) as partial:
        run(["cp", "--reflink=auto", "--sparse=always", "--", path, partial])
        with _open(partial, filesystem, writes=True) as tree:
            yield tree


@contextlib.contextmanager
def open_image(path: Path) -> Iterator[Tree]:
    """Read an image. Raises InputError where it holds no filesystem that kickbuild knows."""
    with _open(path, image_filesystem(path), writes=False) as tree:
        yield tree


def image_filesystem(path: Path) -> Filesystem:
    """Return the filesystem in an image's first partition, or in the whole of it. Raises InputError."""
    with _system_errors(path), path.open("rb") as file:
        file.read(1)
    offset = _partition_offset(path)
    done = run(["blkid", "-p", "-O", str(offset), "-o", "export", path], check=False)
    values = dict(line.split("=", 1) for line in done.text.splitlines() if "=" in line)
    if values.get("TYPE") not in FILESYSTEMS:
        found = f"holds {values['TYPE']}" if "TYPE" in values else "holds no filesystem"
        raise InputError(f"{path} {found}, so it is no rebuild drive", hint=f"known: {', '.join(FILESYSTEMS)}")
    return Filesystem(values["TYPE"], values.get("UUID", ""), values.get("LABEL", ""))


def clean_partials(path: Path) -> list[Path]:
    """Remove what a stopped run left beside an image, and return it."""
    left = [p for p in path.parent.glob(f"{PARTIAL_PREFIX}*") if p.is_file() and not _in_use(p)]
    for partial in left:
        partial.unlink(missing_ok=True)
    return left


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    import fcntl

    partial = partial_path(path)
    # A lock that dies with its process tells a later run whether a partial file is still being written.
    lock = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield partial
        with _system_errors(path):
            descriptor = os.open(partial, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
            partial.replace(path)
            sync_directory(path.parent)
    finally:
        partial.unlink(missing_ok=True)
        os.close(lock)


def _in_use(partial: Path) -> bool:
    import fcntl

    lock = os.open(partial.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _partition_offset(path: Path) -> int:
    done = run(["sfdisk", "--json", path], check=False)
    if done.code != 0:
        return 0
    table = json.loads(done.stdout)["partitiontable"]
    partitions = table.get("partitions", [])
    return int(partitions[0]["start"]) * int(table.get("sectorsize", 512)) if partitions else 0


def _make_filesystem(new: NewImage, partial: Path) -> None:
    size = new.size - START - _END
    label = ["-L", new.label] if new.label else []
    if new.fs == "ext4":
        features = ",".join(filter(None, ["^orphan_file", "^metadata_csum_seed", "^metadata_csum", new.ext_features]))
        run(
            [
                "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-U", new.uuid, *label,
                "-O", _known_features(features), "-E", f"offset={START},lazy_itable_init=1,root_owner=0:0",
                partial, f"{size // 1024}k",
            ]
        )  # fmt: skip
    elif new.fs == "vfat":
        label = ["-n", new.label] if new.label else []
        volume = new.uuid.replace("-", "")
        run(["mkfs.vfat", "-i", volume, *label, "--offset", str(START // 512), partial, str(size // 1024)])
    else:
        _make_xfs(new, partial, size)


def _make_xfs(new: NewImage, partial: Path, size: int) -> None:
    """Make xfs in a file of its own size and carry it into the partition: mkfs.xfs knows no offset."""
    label = ["-L", new.label] if new.label else []
    with tempfile.NamedTemporaryFile(prefix=PARTIAL_PREFIX, dir=partial.parent) as carrier:
        carrier.truncate(size)
        # Old kernels read none of the newer features.
        old = f"uuid={new.uuid},bigtime=0,rmapbt=0,reflink=0"
        run(["mkfs.xfs", "-q", "-f", "-m", old, "-i", "sparse=0", *label, carrier.name])
        run(["dd", f"if={carrier.name}", f"of={partial}", "bs=1M", f"seek={START // MIB}", "conv=sparse,notrunc"])


def _known_features(features: str) -> str:
    """Leave out those that an older mke2fs does not know; it then has nothing to switch off."""
    known = run(["mke2fs", "-V"], check=False).stderr.decode("utf-8", "replace")
    is_new = not any(f"mke2fs 1.4{minor}" in known for minor in range(7))
    return ",".join(f for f in features.split(",") if is_new or f not in {"^orphan_file", "^metadata_csum_seed"})


@contextlib.contextmanager
def _open(path: Path, filesystem: Filesystem, *, writes: bool) -> Iterator[Tree]:
    offset = _partition_offset(path)
    if filesystem.type == "ext4":
        yield ExtTree(path, offset, filesystem, writes=writes)
    elif filesystem.type == "vfat":
        with VfatTree.opened(path, offset, filesystem) as tree:
            yield tree
    else:
        with mounted_xfs(path, offset, filesystem, writes=writes) as tree:
            yield tree


@contextlib.contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise system_error(error, path) from error
