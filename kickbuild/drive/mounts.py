"""Which filesystem a directory is on: /proc/self/mountinfo, parsed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from kickbuild.drive.info import Mount
from kickbuild.drive.tree import Filesystem
from kickbuild.errors import InputError, LackingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kickbuild.drive.info import BlockDevice

_OCTAL = re.compile(r"\\([0-7]{3})")


def parse_mountinfo(text: str) -> tuple[Mount, ...]:
    """Return the mounts that the text of a mountinfo file lists, in order. Lines it does not know are left out.

    Source: proc(5), "/proc/[pid]/mountinfo": optional fields end with a single hyphen; blanks are octal escapes.
    """
    mounts: list[Mount] = []
    for line in text.split("\n"):
        front, separator, back = line.partition(" - ")
        fields, rest = front.split(" "), back.split(" ")
        if not separator or len(fields) < 6 or len(rest) < 2 or not fields[0].isdecimal():
            continue
        options = frozenset(fields[5].split(",")) | frozenset(rest[2].split(",") if len(rest) > 2 else ())
        mounts.append(
            Mount(
                id=int(fields[0]),
                point=_plain(fields[4]),
                root=_plain(fields[3]),
                number=fields[2],
                fs_type=rest[0],
                source=_plain(rest[1]),
                options=options,
            )
        )
    return tuple(mounts)


def read_mounts(proc: Path = Path("/proc")) -> tuple[Mount, ...]:
    """Return the mounts of this process. Raises LackingError without /proc."""
    try:
        text = (proc / "self" / "mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise LackingError(f"{proc}/self/mountinfo cannot be read: {error.strerror}") from error
    return parse_mountinfo(text)


def mount_of(directory: Path, mounts: Iterable[Mount]) -> Mount:
    """Return the mount that a directory is on. Raises InputError for what is no directory."""
    try:
        real = directory.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{directory}: {reason}", hint="give the directory where the drive is mounted") from error
    if not real.is_dir():
        raise InputError(f"{directory} is not a directory", hint="for a disk image, use --image")
    listed = tuple(mounts)
    number = _mount_id(real)
    exact = next((mount for mount in listed if mount.id == number), None)
    best = exact or _longest(real, listed)
    if best is None:
        raise LackingError(f"nothing is mounted above {directory}, by what the kernel says")
    return best


def known_filesystem(mount: Mount, device: BlockDevice | None, *, is_root: bool) -> Filesystem:
    """Return the filesystem of a mount, by what is known of its device.

    Raises LackingError where this user may not know: udev has not looked at the device, and only root may read it.
    """
    if device is None:
        return Filesystem(mount.fs_type, "", "")
    if not (device.fs_type or is_root):
        raise LackingError(f"the UUID of {device.path} cannot be read by this user", hint="run it as root")
    return Filesystem(device.fs_type or mount.fs_type, device.fs_uuid, device.fs_label)


def _mount_id(directory: Path) -> int | None:
    """Ask the kernel: paths alone mislead where one mount hides another. Source: proc(5), fdinfo, since Linux 3.15."""
    try:
        descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            text = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
        finally:
            os.close(descriptor)
    except OSError:
        return None
    match = re.search(r"^mnt_id:\s*(\d+)$", text, flags=re.MULTILINE)
    return int(match[1]) if match else None


def _longest(directory: Path, mounts: Iterable[Mount]) -> Mount | None:
    """Return the last mount at the longest path above a directory."""
    best: Mount | None = None
    for mount in mounts:
        if directory.is_relative_to(mount.point) and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
