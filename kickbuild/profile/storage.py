"""The tables of the target disk's layout."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from kickbuild.profile.fields import Flag, Line, Size
from kickbuild.profile.table import Table


class Layout(StrEnum):
    """How the target disk is divided."""

    PLAIN = "plain"
    LVM = "lvm"
    CUSTOM = "custom"


class Filesystem(StrEnum):
    """A filesystem of the new system."""

    XFS = "xfs"
    EXT4 = "ext4"
    EXT3 = "ext3"
    VFAT = "vfat"
    SWAP = "swap"


class Firmware(StrEnum):
    """The firmware of the boxes."""

    BIOS = "bios"
    UEFI = "uefi"
    BOTH = "both"


def _mount_point(text: str) -> str:
    if text == "swap":
        return text
    path = PurePosixPath(text)
    if not re.fullmatch(r"/[A-Za-z0-9_./-]*", text) or ".." in path.parts or str(path) != text:
        raise ValueError(f"{text!r} is neither \"swap\" nor an absolute path of letters, digits, '.', '_' and '-'")
    if text in {"/dev", "/proc", "/sys", "/run", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/boot/efi"}:
        reason = (
            "kickbuild makes it itself, by firmware" if text == "/boot/efi" else "it must be on the root filesystem"
        )
        raise ValueError(f"{text!r} cannot be a mount point of its own: {reason}")
    return text


class Part(Table):
    """One partition, or one logical volume where the layout is lvm."""

    mount: Annotated[str, AfterValidator(_mount_point)]
    size: Size
    grow: Flag = False
    filesystem: Filesystem | None = None


_STORAGE_COMMANDS = ("part", "partition", "raid", "volgroup", "logvol", "btrfs", "reqpart", "autopart")
_DISK_OPTIONS = ("--ondisk", "--ondrive", "--onpart", "--usepart", "--onbiosdisk", "--useexisting")


def _storage_line(text: str) -> str:
    words = text.split()
    if not words or words[0] not in _STORAGE_COMMANDS:
        raise ValueError(f"{text!r} is not a storage command; known here: {', '.join(_STORAGE_COMMANDS)}")
    named = [word for word in words if word.partition("=")[0] in _DISK_OPTIONS]
    if named:
        raise ValueError(f"{named[0]} names a disk: leave it out, the guard puts every line on the target")
    return text


class Storage(Table):
    """How the target disk is divided."""

    layout: Layout = Field(
        Layout.PLAIN,
        description="plain and lvm make /boot, swap and / where [[storage.part]] does not say otherwise; "
        "custom makes what is given, and nothing else but what the firmware needs.",
    )
    filesystem: Filesystem | None = Field(None, description="The release's own default where it is not given.")
    firmware: Firmware = Firmware.BOTH
    part: tuple[Part, ...] = Field((), description="Replaces the default of the same mount point, or adds to it.")
    lines: tuple[Annotated[Line, AfterValidator(_storage_line)], ...] = Field(
        (), description="With custom: storage commands as kickstart writes them, without the name of a disk."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        problems: list[str] = []
        mounts = [part.mount for part in self.part]
        if self.layout is Layout.CUSTOM:
            if not self.lines and "/" not in mounts:
                problems.append('layout = "custom" needs a [[storage.part]] with mount = "/", or lines')
        elif self.lines:
            problems.append('lines need layout = "custom"')
        doubles = sorted({m for m in mounts if mounts.count(m) > 1})
        problems += [f"[[storage.part]] has {m} twice" for m in doubles]
        if sum(part.grow for part in self.part) > 1:
            problems.append("[[storage.part]] has more than one grow = true")
        if self.filesystem in {Filesystem.SWAP, Filesystem.VFAT}:
            problems.append(f'filesystem = "{self.filesystem}" cannot hold a system')
        if problems:
            raise ValueError("; ".join(problems))
        return self
