"""Making what is inside a disk image: the partition table and the filesystem, all in a plain file and without root."""

from __future__ import annotations

import json
import tempfile
import uuid as uuids
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.copying import copy, written_ranges
from kickbuild.errors import system_error
from kickbuild.files import PARTIAL_PREFIX
from kickbuild.progress import Silent
from kickbuild.run import run
from kickbuild.units import MIB

if TYPE_CHECKING:
    from kickbuild.drive.image import NewImage

#: Where the partition begins, and what is kept at the end for the backup of the partition table.
START: Final = 1 * MIB
END: Final = 1 * MIB
# Derived identifiers differ from the filesystem's own UUID, and are the same in every run that gives it.
_NAMESPACE: Final = uuids.UUID("5b7c1b1e-6f0e-4b1b-9b3b-2f8c5a1f7d10")
_NEW_IN_XFS: Final = (
    ("-m", ("finobt", "rmapbt", "reflink", "inobtcount", "bigtime")),
    ("-i", ("sparse", "nrext64", "exchange")),
    ("-n", ("parent",)),
)


def inner_size(size: int) -> int:
    """Return the bytes of the partition in an image: whole MiB, so that no filesystem is larger than its partition."""
    return max(0, size // MIB * MIB - START - END)


def make_table(new: NewImage, partial: Path) -> None:
    """Write a GPT with one partition. Raises ToolError."""
    label, part = (str(uuids.uuid5(_NAMESPACE, f"{name} {new.uuid}")).upper() for name in ("disk", "partition"))
    sectors = inner_size(new.size) // 512
    table = f"label: gpt\nlabel-id: {label}\nunit: sectors\n"
    table += f"start={START // 512}, size={sectors}, type=linux, uuid={part}, name=kickbuild\n"
    run(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", partial], stdin=table.encode())


def partition_offset(path: Path) -> int:
    """Return the byte where the first partition of an image begins, 0 where it has no partition table."""
    found = first_partition(path)
    return found[0] if found else 0


def first_partition(path: Path) -> tuple[int, int] | None:
    """Return where the first partition of an image begins and its length, in bytes; None where there is none."""
    done = run(["sfdisk", "--json", path], check=False)
    if done.code != 0:
        return None
    table = json.loads(done.stdout)["partitiontable"]
    for partition in table.get("partitions", []):
        sector = int(table.get("sectorsize", 512))
        return int(partition["start"]) * sector, int(partition["size"]) * sector
    return None


def make_filesystem(new: NewImage, partial: Path) -> None:
    """Make the filesystem in that partition. Raises ToolError."""
    size = inner_size(new.size)
    if new.fs == "ext4":
        _make_ext4(new, partial, size)
    elif new.fs == "vfat":
        label = ["-n", new.label] if new.label else []
        sectors = str(START // 512)
        volume = new.uuid.replace("-", "")
        run(["mkfs.vfat", "-i", volume, *label, "-h", sectors, "--offset", sectors, partial, str(size // 1024)])
    else:
        _make_xfs(new, partial, size)


def _make_ext4(new: NewImage, partial: Path, size: int) -> None:
    """Make ext4 with few inodes and a small journal: the drive holds a handful of large files."""
    label = ["-L", new.label] if new.label else []
    features = ",".join(filter(None, ["^orphan_file", "^metadata_csum_seed", "^metadata_csum", new.ext_features]))
    extended = f"offset={START},hash_seed={new.uuid},lazy_itable_init=1,root_owner=0:0"
    run(
        [
            "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-i", "262144", "-J", "size=8",
            "-U", new.uuid, *label, "-O", _known_features(features), "-E", extended, partial, f"{size // 1024}k",
        ]
    )  # fmt: skip


def _make_xfs(new: NewImage, partial: Path, size: int) -> None:
    """Make xfs in a file of its own size and carry it into the partition: mkfs.xfs knows no offset."""
    label = ["-L", new.label] if new.label else []
    usage = run(["mkfs.xfs"], check=False).stderr.decode("utf-8", "replace")
    # Old kernels and boot loaders read none of the newer features; an older mkfs.xfs does not know all of them.
    options = ["-m", f"uuid={new.uuid}"]
    for option, names in _NEW_IN_XFS:
        known = [f"{name}=0" for name in names if f"{name}=0" in usage]
        options += [option, ",".join(known)] if known else []
    try:
        with tempfile.NamedTemporaryFile(prefix=PARTIAL_PREFIX, dir=partial.parent) as carrier:
            carrier.truncate(size)
            run(["mkfs.xfs", "-q", "-f", *options, *label, carrier.name])
            made = written_ranges(Path(carrier.name))
            copy(made, partial, tuple((START + offset, length) for offset, length in made.extents), Silent())
    except OSError as error:
        raise system_error(error, partial.parent) from error


def _known_features(features: str) -> str:
    """Leave out those that an older mke2fs does not know; it then has nothing to switch off."""
    known = run(["mke2fs", "-V"], check=False).stderr.decode("utf-8", "replace")
    is_new = not any(f"mke2fs 1.4{minor}" in known for minor in range(7))
    return ",".join(f for f in features.split(",") if is_new or f not in {"^orphan_file", "^metadata_csum_seed"})
