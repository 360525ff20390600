"""The Ansible collection: its documentation says what its actions take, and the field's own linter passes it."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kickbuild import __version__, resources

COLLECTION = resources.collection()
ACTIONS = sorted(path.stem for path in (COLLECTION / "plugins/action").glob("*.py"))


def constant(path: Path, name: str) -> Any:
    """Return what a module gives a name, without importing it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(target, ast.Name) and target.id == name and node.value is not None:
                return ast.literal_eval(node.value)
    raise AssertionError(f"{path} has no {name}")


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Ansible makes of the modules' documentation, with the fragments that it extends."""
    place = tmp_path_factory.mktemp("collections")
    (place / "ansible_collections/kickbuild").mkdir(parents=True)
    (place / "ansible_collections/kickbuild/rebuild").symlink_to(COLLECTION, target_is_directory=True)
    names = [f"kickbuild.rebuild.{action}" for action in ACTIONS]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-doc")), "--json", *names],
        env=os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(place), "ANSIBLE_HOME": str(place), "HOME": str(place)},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.rpartition(".")[2]: found["doc"] for name, found in json.loads(done.stdout).items()}


@pytest.mark.parametrize("action", ACTIONS)
def test_the_documentation_says_what_an_action_takes(action: str, documents: dict[str, Any]) -> None:
    source = COLLECTION / f"plugins/action/{action}.py"
    taken = constant(source, "ARGUMENTS")
    if "BoxAction" in source.read_text(encoding="utf-8"):
        taken |= constant(COLLECTION / "plugins/plugin_utils/box.py", "ROOT")
    document = documents[action]
    assert document["module"] == action
    told = {
        name: {key: option[key] for key in ("type", "default", "choices", "elements", "required") if key in option}
        for name, option in document["options"].items()
    }
    assert told == {name: {k: v for k, v in option.items() if k != "no_log"} for name, option in taken.items()}
    assert yaml.safe_load(constant(COLLECTION / f"plugins/modules/{action}.py", "EXAMPLES"))
    assert yaml.safe_load(constant(COLLECTION / f"plugins/modules/{action}.py", "RETURN"))


def test_the_collection_is_of_this_version() -> None:
    galaxy = yaml.safe_load((COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["version"] == __version__
    assert f"kickbuild-rebuild-{__version__}.tar.gz" in (COLLECTION / "execution-environment.yml").read_text("utf-8")


def test_the_role_says_what_it_takes() -> None:
    defaults = yaml.safe_load((COLLECTION / "roles/reimage/defaults/main.yml").read_text(encoding="utf-8"))
    specs = yaml.safe_load((COLLECTION / "roles/reimage/meta/argument_specs.yml").read_text(encoding="utf-8"))
    for entry in specs["argument_specs"].values():
        assert set(entry["options"]) == set(defaults)
        for name, option in entry["options"].items():
            if "default" in option and "{{" not in str(defaults[name]):
                assert option["default"] == defaults[name], name


def test_ansible_lint(tmp_path: Path) -> None:
    home = tmp_path / "ansible_collections/kickbuild/rebuild"
    shutil.copytree(COLLECTION, home, ignore=shutil.ignore_patterns("__pycache__"))
    beside = str(Path(sys.executable).parent)
    done = subprocess.run(
        [sys.executable, "-m", "ansiblelint", "--offline", "--nocolor"],
        cwd=home,
        env=os.environ
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
            "ANSIBLE_HOME": str(tmp_path / "ansible"),
            "HOME": str(tmp_path),
            "PATH": f"{beside}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Passed.*0 failure\(s\), 0 warning\(s\)", done.stdout + done.stderr)


def test_it_can_be_built(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("ansible-galaxy")), "collection", "build", str(COLLECTION)]
    environment = os.environ | {"ANSIBLE_HOME": str(tmp_path / "ansible"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [*command, "--output-path", str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"kickbuild-rebuild-{__version__}.tar.gz").is_file()
