"""Where the templates, the example profiles and the Ansible collection are: in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def templates() -> Path:
    """Return the directory of the templates."""
    return _find("templates")


def profiles() -> Path:
    """Return the directory of the example profiles."""
    return _find("profiles")


def collection() -> Path:
    """Return the directory of the Ansible collection."""
    return _find("ansible")


def _find(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name
