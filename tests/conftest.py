"""What several tests share: finding real tools, and saying loudly when one is missing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from kickbuild.run import find_tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab import Lab

pytest_plugins = ("boot_count",)

# A machine that has other work is slow, and that is no failure.
settings.register_profile("kickbuild", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kickbuild")

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


def needs_boot_parts() -> pytest.MarkDecorator:
    """Mark a test that boots what scripts/boot-parts brings: skipped without it, but run (and failing) in CI."""
    from boot_parts import PLACE, find_parts

    return pytest.mark.skipif(find_parts() is None and not CI, reason=f"nothing in {PLACE}: run scripts/boot-parts")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return what all boot tests of a process share."""
    from boot_parts import find_parts
    from lab import Lab

    parts = find_parts()
    assert parts is not None, "run scripts/boot-parts first"
    return Lab(parts, tmp_path_factory.mktemp("lab"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the golden files anew."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


class Golden:
    """Compares texts with the files in tests/golden, or writes them anew."""

    def __init__(self, *, update: bool) -> None:
        self.update = update

    def check(self, name: str, text: str) -> None:
        """Require that ``text`` is what the golden file holds."""
        path = Path(__file__).parent / "golden" / name
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing; write it with --update-golden and review it"
        assert text == path.read_text(encoding="utf-8")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """The golden files."""
    return Golden(update=bool(request.config.getoption("--update-golden")))
