"""The kickstarts of a fleet: one profile, an inventory as Ansible reads it, and every mistake told by host and key."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import pytest
from command import kickbuild
from hypothesis import given
from hypothesis import strategies as st
from kickstart_requests import HASH, UUID
from media import make_iso

from kickbuild.drive.ref import parse_ref
from kickbuild.errors import InputError, UsageError
from kickbuild.fleet.inventory import Inventory, plain_value
from kickbuild.fleet.kickstarts import KickstartMaker, merged, write_kickstarts
from kickbuild.fleet.names import file_of
from kickbuild.profile.load import read_tables

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = f"""\
schema = 1
name = "web"
[source]
iso = "x.iso"
[target]
model = "M"
[system]
root_password_hash = "{HASH}"
[network]
hostname = "nobody"
"""
INVENTORY = f"""\
web:
  vars:
    domain: example.org
    kickbuild_drive: UUID={UUID}
    kickbuild:
      network: {{hostname: "{{{{ inventory_hostname }}}}.{{{{ domain }}}}"}}
      target: {{model: null, serial: "{{{{ disk | default('S0') }}}}"}}
  hosts:
    web1: {{disk: S1}}
    web2: {{disk: S 2}}
    web3: {{kickbuild_drive: LABEL=REBUILD}}
"""


class Said:
    """Hosts of whom something is said, without Ansible."""

    def __init__(self, **hosts: dict[str, Any]) -> None:
        self.said = hosts

    @property
    def hosts(self) -> list[str]:
        return list(self.said)

    def variables(self, host: str, names: object) -> dict[str, Any]:  # noqa: ARG002 - the protocol's signature
        return self.said[host]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    make_iso(folder / "x.iso", "rocky9")
    (folder / "web.toml").write_text(PROFILE)
    (folder / "hosts.yml").write_text(INVENTORY)
    return folder


def maker(desk: Path, **hosts: dict[str, Any]) -> KickstartMaker:
    return KickstartMaker(read_tables(desk / "web.toml"), Said(**hosts), parse_ref("LABEL=REBUILD"), environment={})


def told(maker: KickstartMaker, folder: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        write_kickstarts(maker, folder, lambda _: None)
    return [f"{problem.where}: {problem.message}" for problem in caught.value.problems]


def test_a_kickstart_for_every_host(desk: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("fleet", "render", desk / "hosts.yml", "--profile", desk / "web.toml", "--to", out, "--json")
    done = kickbuild(*words)
    assert (done.code, done.err) == (0, "")
    assert [one["file"] for one in done.json["files"]] == ["web1.ks", "web2.ks", "web3.ks"]
    assert len({one["digest"] for one in done.json["files"]}) == 3
    assert sorted(path.name for path in out.iterdir()) == ["web1.ks", "web2.ks", "web3.ks"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    texts = {path.stem: path.read_text() for path in out.iterdir()}
    assert "--hostname=web1.example.org" in texts["web1"]
    assert "KB_SERIAL='S 2'" in texts["web2"]
    assert "KB_SERIAL=S0\n" in texts["web3"]
    assert "KB_MODEL=''" in texts["web1"]
    assert f"harddrive --partition=UUID={UUID}" in texts["web1"]
    assert "harddrive --partition=LABEL=REBUILD" in texts["web3"]

    (out / "web1.ks").write_text("old")
    (out / "web2.ks").unlink()
    (out / "web2.ks").symlink_to(desk / "web.toml")
    done = kickbuild(*words[:-1], "--limit", "web1,web2")
    assert (done.code, done.out) == (0, f"2 kickstarts in {out}\n")
    assert {path.stem: path.read_text() for path in out.iterdir()} == texts
    assert (desk / "web.toml").read_text() == PROFILE


def test_what_ansible_cannot_read(desk: Path, tmp_path: Path) -> None:
    words = ("--profile", desk / "web.toml", "--to", tmp_path / "out")
    (tmp_path / "broken.yml").write_text("web: [\n")
    done = kickbuild("fleet", "render", desk / "hosts.yml", tmp_path / "broken.yml", *words)
    assert (done.code, "Traceback" in done.err) == (2, False)
    done = kickbuild("fleet", "render", desk / "hosts.yml", *words, "--limit", "db*")
    assert done.code == 2
    assert "names no host that matches db*" in done.err
    (tmp_path / "hosts.yml").write_text(INVENTORY.replace("default('S0')", "mistake"))
    done = kickbuild("fleet", "render", tmp_path / "hosts.yml", *words)
    assert done.code == 3
    assert done.err.count("kickbuild: error: web") == 3
    assert "web1: kickbuild: " in done.err
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_without_ansible_it_says_what_to_install(desk: Path, tmp_path: Path) -> None:
    (tmp_path / "ansible").mkdir()
    (tmp_path / "ansible" / "__init__.py").write_text("raise ImportError('not here')\n")
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n")
    words = ("fleet", "render", desk / "hosts.yml", "--profile", desk / "web.toml", "--to", tmp_path / "out")
    done = kickbuild(*words, cwd=tmp_path)
    assert done.code == 4, done.err
    assert "ansible-core is not installed" in done.err
    assert "pip install 'kickbuild[fleet]'" in done.err


def test_every_mistake_is_told_by_host_and_key(desk: Path, tmp_path: Path) -> None:
    made = maker(
        desk,
        good={},
        a={"kickbuild": {"network": {"hostnam": "x"}}},
        b={"kickbuild": {"target": {"min_size": "huge", "serial": 7}}},
        c={"kickbuild": {"target": {"model": None}}},
        d={"kickbuild": ["network"]},
        e={"kickbuild_drive": 7},
        f={"kickbuild_drive": "sdb1"},
        g={"kickbuild": {"source": {"iso": "absent.iso"}}},
        h={"kickbuild": {"network": {"interface": [{"device": "eno1", "address": "10.0.0.300/24"}]}}},
        i={"kickbuild": {1: {"x": 2}}},
    )
    lines = told(made, tmp_path)
    assert not list(tmp_path.iterdir())
    where = [line.partition(": ")[0] for line in lines]
    assert sorted(set(where)) == list("abcdefghi")
    for start in (
        "a: kickbuild.network.hostnam: is not a known key",
        "b: kickbuild.target.min_size: ",
        "b: kickbuild.target.serial: must be a text",
        "c: kickbuild.target: names no disk",
        "d: kickbuild: must be a table",
        "e: kickbuild_drive: must be a text",
        "f: kickbuild_drive: 'sdb1' does not name",
        "g: ",
        "h: kickbuild.network.interface[1].address",
    ):
        assert any(line.startswith(start) for line in lines), (start, lines)


def test_a_mistake_that_all_share_does_not_fill_the_screen(desk: Path, tmp_path: Path) -> None:
    made = maker(desk, **{f"h{n}": {"kickbuild": {"no": 1}} for n in range(60)})
    lines = told(made, tmp_path)
    assert len(lines) == 21
    assert lines[-1] == ": and 40 more problems"


def test_a_drive_is_named_by_host_or_command_line_or_label(desk: Path, tmp_path: Path) -> None:
    made = KickstartMaker(read_tables(desk / "web.toml"), Said(a={}), environment={})
    assert "a: names no rebuild drive" in told(made, tmp_path)[0]
    labelled = {"kickbuild": {"drive": {"find_by": "label", "label": "HERE"}}}
    made = KickstartMaker(read_tables(desk / "web.toml"), Said(a=labelled), environment={})
    assert "LABEL=HERE" in made.make("a")[0]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/etc/x", "-rf", ".hidden", "a\nb", "a b", "a\0b", "ü" * 9, "x" * 241]
)
def test_hostile_names_are_no_files(desk: Path, tmp_path: Path, name: str) -> None:
    made = KickstartMaker(read_tables(desk / "web.toml"), Said(**{"good": {}, name: {}}), parse_ref("LABEL=R"))
    assert any("cannot be the name of a file" in line for line in told(made, tmp_path))
    assert not list(tmp_path.iterdir())


@given(st.text())
def test_a_file_stays_in_its_directory(name: str) -> None:
    try:
        file = file_of(name, ".ks")
    except InputError:
        return
    assert "/" not in file
    assert not file.startswith((".", "-"))
    assert len(file.encode()) < 256


TABLES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abc"), TABLES), st.dictionaries(st.sampled_from("abc"), TABLES))
def test_merging(base: dict[str, Any], over: dict[str, Any]) -> None:
    result = merged(base, over)
    assert merged(result, over) == result
    assert merged(base, {}) == base
    for key, value in over.items():
        if value is None:
            assert key not in result
        elif not isinstance(value, dict):
            assert result[key] == value
    for key in base.keys() - over.keys():
        assert result[key] == base[key]


class Marked(str):
    """A text of a class of its own, as Ansible's are."""

    __slots__ = ()


def test_values_become_plain() -> None:
    value = plain_value({Marked("a"): [Marked("b"), True, 7, None, 1.5, (Marked("c"),)]})
    assert value == {"a": ["b", True, 7, None, 1.5, ["c"]]}
    assert [type(key) for key in value] == [str]
    assert [type(inner) for inner in value["a"]] == [str, bool, int, type(None), float, list]
    deep: list[Any] = []
    deep.append(deep)
    with pytest.raises(ValueError, match="too deeply"):
        plain_value(deep)


def test_an_inventory_of_nobody(tmp_path: Path) -> None:
    (tmp_path / "empty.ini").write_text("[web]\n")
    with pytest.raises(UsageError, match="names no host"):
        Inventory([str(tmp_path / "empty.ini")])
