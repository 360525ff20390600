"""Checking what the command line says of a new image."""

from __future__ import annotations

import re

import click

_VFAT = re.compile(r"[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def checked_uuid(text: str | None, fs: str) -> str | None:
    """Return a UUID as blkid prints it for that filesystem. Raises click.BadParameter."""
    if text is None:
        return None
    if fs == "vfat":
        if not _VFAT.fullmatch(text):
            raise click.BadParameter(f"{text!r} is not a volume id of vfat such as 1234-ABCD", param_hint="--uuid")
        plain = text.replace("-", "").upper()
        return f"{plain[:4]}-{plain[4:]}"
    if not _UUID.fullmatch(text):
        raise click.BadParameter(f"{text!r} is not a UUID", param_hint="--uuid")
    return text.lower()
