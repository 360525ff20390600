"""Where the templates, the example profiles and the Ansible collection are: in the wheel, or in the checkout."""

from __future__ import annotations

import re
from functools import cache
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


@cache
def shell_function(program: str, name: str) -> str:
    """Return the text of a function of a shell program, so that another can have it too.

    It begins with its name at a line's beginning and ends with the brace that stands so, or on the line it begins on.
    Raises ValueError where the program has no such function.
    """
    found = re.search(rf"(?m)^{re.escape(name)}\(\) \{{(?:.*\}}\n|(?s:\n.*?)^\}}\n)", program)
    if found is None:
        raise ValueError(f"there is no function {name}")
    return found[0]
