"""What several tests share: finding real tools, and saying loudly when one is missing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kickbuild.run import find_tool

if TYPE_CHECKING:
    from collections.abc import Sequence

pytest_plugins = ("boot_count",)

#: Set by CI, where a missing tool is a failure and not a skip.
CI = os.environ.get("KICKBUILD_CI") == "1"


def missing(tools: Sequence[str]) -> list[str]:
    """Return those of ``tools`` that are not installed."""
    return [tool for tool in tools if find_tool(tool) is None]


def needs_tools(*tools: str) -> pytest.MarkDecorator:
    """Mark a test that runs real programs: skipped where one is missing, but run (and failing) in CI."""
    absent = missing(tools)
    return pytest.mark.skipif(bool(absent) and not CI, reason=f"not installed: {', '.join(absent)}")


def needs_root() -> pytest.MarkDecorator:
    """Mark a test that needs root: skipped without it, but run (and failing) in CI."""
    return pytest.mark.skipif(os.geteuid() != 0 and not CI, reason="needs root")
