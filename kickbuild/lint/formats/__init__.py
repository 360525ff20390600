"""How a report is told: one module for each output format, each with ``render(report, style) -> str``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kickbuild.lint.report import Report

#: Format -> its module.
FORMATS: Final = {
    "text": "text",
    "json": "json_report",
    "sarif": "sarif",
    "junit": "junit",
    "github": "github",
    "gitlab": "gitlab",
    "gcc": "gcc",
}


@dataclass(frozen=True, slots=True)
class Style:
    """How a person reads it: whether there are colours, and how many columns. Formats for programs do not care."""

    color: bool = False
    width: int = 80


def repository_path(file: str) -> str:
    """Return the path by which a code host knows a file: from the directory that the run was started in, where it is
    below that.
    """
    relative = os.path.relpath(file)
    return os.path.normpath(file) if relative.startswith("..") else relative


def render(name: str, report: Report, style: Style) -> str:
    """Return the report in a format; it ends with a line ending, or is empty."""
    module = import_module(f"kickbuild.lint.formats.{FORMATS[name]}")
    text: str = module.render(report, style)
    # A lone surrogate stands for a byte that is not UTF-8, and no file or terminal takes it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
