"""The house rules that a machine can hold: layers, fences, no cycles, rooms of a sane size."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "kickbuild"
MODULES = {
    ".".join(("kickbuild", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
GROUND = {
    "copying",
    "errors",
    "files",
    "progress",
    "quoting",
    "resources",
    "run",
    "templating",
    "units",
    "workers",
}
#: Room -> layer. A module may import from its own layer and below.
LAYERS = {
    **dict.fromkeys(GROUND, 0),
    "drive.ref": 1,
    "drive.tree": 1,
    "releases": 1,
    "agent": 2,
    "profile": 2,
    "iso": 3,
    "drive": 3,
    "boot": 3,
    "kickstart": 4,
    "lint": 5,
    "build": 6,
    "rehearse": 7,
    "trigger": 7,
    "fleet": 8,
    "cli": 9,
}
#: Third-party or delicate module -> the rooms that may import it.
FENCES = {
    "pycdlib": {"iso.reader"},
    "pyudev": {"drive.udev"},
    "pykickstart": {"kickstart.parse"},
    "jinja2": {"templating", "lint.template"},
    "yaml": {"lint.template"},
    "subprocess": {"run"},
    "ansible": {"fleet.inventory"},
    "ansible_runner": {"fleet.playbook"},
    "click": {"cli"},
    "rich": {"cli"},
    "pydantic": {"profile", "kickstart.render"},
}
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60


def room(module: str) -> str:
    return module.removeprefix("kickbuild.")


def layer(module: str) -> int | None:
    name = room(module)
    while name:
        if name in LAYERS:
            return LAYERS[name]
        name = name.rpartition(".")[0]
    return None


def imports(path: Path, *, type_checking: bool = False) -> set[str]:
    """Return every module that a file imports, inside functions too; those for the type checker alone if asked."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    if not type_checking:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                skipped |= set(ast.walk(node))
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {longest_module(name) for name in found}


def longest_module(name: str) -> str:
    if not name.startswith("kickbuild"):
        return name
    while name not in MODULES and "." in name:
        name = name.rpartition(".")[0]
    return name


@pytest.mark.parametrize("module", [m for m in MODULES if m not in {"kickbuild", "kickbuild.__main__"}])
def test_imports_go_downward(module: str) -> None:
    own = layer(module)
    assert own is not None, f"{module} has no layer: add its room to LAYERS"
    for other in imports(MODULES[module]):
        if other.startswith("kickbuild.") and other != "kickbuild.__init__":
            below = layer(other)
            assert below is not None
            assert below <= own, f"{module} imports {other}, which is above it"


def test_nothing_imports_the_command_line() -> None:
    for module, path in MODULES.items():
        if not module.startswith("kickbuild.cli") and module != "kickbuild.__main__":
            assert not [name for name in imports(path) if name.startswith("kickbuild.cli")], module


@pytest.mark.parametrize("fenced", FENCES)
def test_fences(fenced: str) -> None:
    allowed = FENCES[fenced]
    users = {room(m) for m, path in MODULES.items() if any(i.split(".")[0] == fenced for i in imports(path))}
    outside = {u for u in users if not any(u == a or u.startswith(f"{a}.") for a in allowed)}
    assert not outside, f"{fenced} is imported outside its fence"


def test_no_import_cycle() -> None:
    graph = {m: {i for i in imports(path) if i in MODULES and i != m} for m, path in MODULES.items()}
    done: set[str] = set()
    trail: list[str] = []

    def walk(module: str) -> None:
        assert module not in trail, f"cycle: {' -> '.join([*trail[trail.index(module) :], module])}"
        if module in done:
            return
        trail.append(module)
        for other in sorted(graph[module]):
            walk(other)
        trail.pop()
        done.add(module)

    for module in graph:
        walk(module)


@pytest.mark.parametrize("module", MODULES)
def test_rooms_stay_small(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, f"{node.name} is too long"


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith("kickbuild.cli")])
def test_only_the_command_line_prints_or_exits(module: str) -> None:
    if module == "kickbuild.__main__":
        return
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in {"print", "sys.exit", "exit", "input"}, module


def test_no_room_without_a_noun() -> None:
    names = {part for module in MODULES for part in module.split(".")}
    assert not names & {"utils", "util", "helpers", "common", "misc"}
