"""Where the templates and the example profiles are: in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def templates() -> Path:
    """Return the directory of the templates."""
    return _find("templates")


def profiles() -> Path:
    """Return the directory of the example profiles."""
    return _find("profiles")


def _find(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name
