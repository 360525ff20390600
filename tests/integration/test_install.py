"""Wheel, editable install and plain checkout all find the templates, the profiles and the collection."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROBE = (
    "from kickbuild import resources; print(resources.templates() / 'kickstart' / 'ks.cfg.j2', "
    "resources.profiles() / 'starter.toml', resources.collection() / 'playbooks' / 'reimage.yml', sep='\\n')"
)

pytestmark = pytest.mark.install


def found_by(python: Path, *, cwd: Path) -> list[Path]:
    done = subprocess.run([python, "-c", PROBE], cwd=cwd, capture_output=True, text=True, check=True)
    return [Path(line) for line in done.stdout.splitlines()]


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Return the python of a new environment that sees this one's third-party packages, but not kickbuild."""
    venv.create(tmp_path / "env", with_pip=True)
    site = next((tmp_path / "env").glob("lib/python3*/site-packages"))
    here = next(p for p in sys.path if p.endswith("site-packages"))
    (site / "dependencies.pth").write_text(f"{here}\n")
    return tmp_path / "env" / "bin" / "python"


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_installed(tmp_path: Path, python: Path, kind: str) -> None:
    editable = ["--editable"] if kind == "editable" else []
    command: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--no-build-isolation",
        "--no-deps",
        "--force-reinstall",
        *editable,
        ROOT,
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    paths = found_by(python, cwd=tmp_path)
    assert [path.is_file() for path in paths] == [True] * 3
    assert [path.is_relative_to(tmp_path) for path in paths] == [kind == "wheel"] * 3
    assert (python.parent / "kickbuild").is_file()


def test_checkout(python: Path) -> None:
    assert [path.is_file() for path in found_by(python, cwd=ROOT)] == [True] * 3
