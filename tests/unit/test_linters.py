"""The linters are tests like any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs_tools

ROOT = Path(__file__).parents[2]


def shell_files() -> list[str]:
    """Return the files that are shell programs by name or first line."""
    found = [*ROOT.glob("templates/**/*.sh"), ROOT / ".ci" / "run"]
    for path in ROOT.glob("scripts/*"):
        first = path.read_bytes()[:200].splitlines()[:2] if path.is_file() else []
        if (
            any(b"sh" in line and (line.startswith(b"#!") or b"shellcheck shell" in line) for line in first)
            or path.name == "environment"
        ):
            found.append(path)
    return sorted(str(path.relative_to(ROOT)) for path in found)


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "--no-cache", "."],
        ["ruff", "format", "--no-cache", "--check", "."],
        ["mypy"],
    ],
    ids=["ruff", "ruff-format", "mypy"],
)
def test_python(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_tools("shellcheck")
def test_shell() -> None:
    files = shell_files()
    assert files
    done = subprocess.run(["shellcheck", "-x", *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_project_speaks_of_itself_alone() -> None:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    big = [name for name in done.stdout.splitlines() if (ROOT / name).is_file() and b"\0" in (ROOT / name).read_bytes()]
    assert not big, "no binaries in git"
