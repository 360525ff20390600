"""The guard: a program for ``%pre`` that lets the installer erase the one right disk, or sends the box home.

The program is ``templates/kickstart/guard.sh``, the same for every profile; before it stand the values that it works
with, each quoted for the shell.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from kickbuild import __version__, resources
from kickbuild.profile.describe import target_words
from kickbuild.quoting import shell_quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kickbuild.drive.ref import DriveRef
    from kickbuild.profile.model import Target
    from kickbuild.releases.model import Capabilities

#: Where the installers of RHEL 7 and newer have the drive, or the ISO on it, mounted while ``%pre`` runs.
_INSTALLER_MOUNTS: Final = "/run/install/isodir /run/install/repo"
#: What the guard takes off both ends of an identity; other blanks are a part of it.
_BLANKS: Final = " \t"
INCLUDE: Final = "/tmp/kickbuild-storage.ks"  # noqa: S108 - in the installer's own memory, where nobody else is


def render_guard(
    *,
    profile_name: str,
    profile_digest: str,
    source: DriveRef,
    target: Target,
    capabilities: Capabilities,
    release: str,
    kickstart_path: str,
    iso_path: str,
    iso_size: int,
    storage_lines: tuple[tuple[str, str], ...],
    firmware: str,
) -> str:
    """Return the body of the guard's ``%pre``.

    ``storage_lines`` are pairs of a firmware (``bios``, ``uefi`` or empty for both) and a storage command, in which
    ``@TARGET@`` stands for the disk and ``@OTHERS@`` for all disks that are neither it nor the drive; ``firmware`` is
    the one that the profile asks for, or empty. ``iso_size`` is in bytes. Raises ValueError for text with a NUL byte.
    """
    values = rebuild_values(profile_name, profile_digest, release, source) | {
        "KB_SOURCE_MOUNTS": _INSTALLER_MOUNTS if capabilities.source_mount else "",
        "KB_KICKSTART": kickstart_path,
        "KB_ISO": iso_path,
        "KB_ISO_SIZE": str(iso_size),
        "KB_SERIAL": (target.serial or "").strip(_BLANKS),
        "KB_WWN": target.wwn or "",
        "KB_BY_ID": (target.by_id or "").removeprefix("/dev/disk/by-id/"),
        "KB_BY_PATH": (target.by_path or "").removeprefix("/dev/disk/by-path/"),
        "KB_MODEL": (target.model or "").strip(_BLANKS),
        "KB_MIN_SIZE": str(target.min_size or 0),
        "KB_MAX_SIZE": str(target.max_size or 0),
        "KB_ONLY_OTHER": "yes" if target.only_other_disk else "",
        "KB_TARGET_WORDS": target_words(target),
        "KB_FIRMWARE": firmware,
        "KB_INCLUDE": INCLUDE,
        "KB_STORAGE": "\n".join(f"{condition}\t{line}" for condition, line in storage_lines),
    }
    return preamble(values) + guard_program()


def rebuild_values(profile_name: str, profile_digest: str, release: str, source: DriveRef) -> dict[str, str]:
    """Return what every script of a rebuild knows of it: its profile, and where its drive is."""
    return {
        "KB_PROFILE": profile_name,
        "KB_DIGEST": profile_digest,
        "KB_RELEASE": release,
        "KB_VERSION": __version__,
        "KB_SOURCE_TAG": source.kind.name,
        "KB_SOURCE_KIND": source.kind.value,
        "KB_SOURCE": source.value,
    }


def preamble(values: Mapping[str, str]) -> str:
    """Return the lines of shell that set variables. Raises ValueError for text with a NUL byte."""
    return "".join(f"{name}={shell_quote(value)}\n" for name, value in values.items())


@cache
def guard_program() -> str:
    """Return the guard's program, which is the same for every profile."""
    return (resources.templates() / "kickstart" / "guard.sh").read_text(encoding="utf-8")
