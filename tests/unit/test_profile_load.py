"""Loading profiles: what is right, and everything that is wrong with its key and line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild import resources
from kickbuild.errors import ProfileError
from kickbuild.profile.load import LoadedProfile, load_profile, parse_profile
from kickbuild.profile.model import Profile
from kickbuild.profile.positions import key_lines

HASH = "$6$saltsalt$abcdefghijklmnopqrstuv"
MINIMAL = f"""\
schema = 1
name = "web"
[source]
iso = "x.iso"
[target]
serial = "S1"
[system]
root_password_hash = "{HASH}"
"""


def load(text: str, **environment: str) -> LoadedProfile:
    return parse_profile(text, Path("web.toml"), environment=environment)


def problems(text: str, **environment: str) -> list[tuple[str, str, str]]:
    with pytest.raises(ProfileError) as caught:
        load(text, **environment)
    return [(p.where, p.message, p.hint) for p in caught.value.problems]


def test_minimal() -> None:
    loaded = load(MINIMAL)
    assert loaded.profile.name == "web"
    assert loaded.iso == Path("x.iso")
    assert loaded.profile.system.mode == "cmdline"
    assert loaded.profile.system.after == "reboot"


def test_every_problem_at_once_with_key_and_line() -> None:
    text = """\
schema = 1
name = "Web"
tittle = "x"

[source]
iso = "x.iso"

[target]
serail = "S1"

[[user]]
name = "bob"

[[user]]
name = "al ice"
groups = "wheel"

[[storage.part]]
mount = "/"
size = 10
"""
    found = problems(text)
    assert [where for where, _, _ in found] == [
        "web.toml:2: name",
        "web.toml:3: tittle",
        "web.toml:9: target.serail",
        "web.toml:15: user[2].name",
        "web.toml:16: user[2].groups",
        "web.toml:20: storage.part[1].size",
    ]
    assert found[1][2] == "did you mean title?"
    assert found[2][2] == "did you mean serial?"
    assert found[4][1] == "must be a list"
    assert "10GiB" in found[5][1]


@pytest.mark.parametrize(
    ("line", "where", "says"),
    [
        ('by_id = "../../sda"', "target", "by_id is a name below /dev/disk/by-id/"),
        ('min_size = "10"', "target.min_size", "not a size"),
        ('min_size = "10 parsecs"', "target.min_size", "not a size"),
        ('min_size = "2TiB"\nmax_size = "1TiB"', "target", "min_size is above max_size"),
        ('model = "a\\nb"', "target.model", "control character"),
        ("only_other_disk = 3", "target.only_other_disk", "must be true or false"),
    ],
)
def test_target_is_checked(line: str, where: str, says: str) -> None:
    found = problems(MINIMAL.replace('serial = "S1"', f'serial = "S1"\n{line}'))
    assert [(w.split(": ")[1], says in m) for w, m, _ in found] == [(where, True)]


def test_a_target_needs_an_identity() -> None:
    found = problems(MINIMAL.replace('serial = "S1"', 'min_size = "1GiB"'))
    assert "names no disk" in found[0][1]


def test_a_plaintext_password_is_refused_and_never_repeated() -> None:
    found = problems(MINIMAL.replace(HASH, "hunter2-secret"))
    assert "openssl passwd -6" in found[0][1]
    assert "hunter2" not in str(found)


def test_secrets_from_outside(tmp_path: Path) -> None:
    text = MINIMAL.replace(f'"{HASH}"', '{ env = "ROOT_HASH" }')
    secret = load(text, ROOT_HASH=f"{HASH}\n").profile.system.root_password_hash
    assert secret is not None
    assert HASH not in repr(secret)
    assert HASH not in repr(load(MINIMAL))
    assert "ROOT_HASH is not set" in problems(text)[0][1]
    bad = problems(text, ROOT_HASH="swordfish")
    assert "swordfish" not in str(bad)
    assert "not a password hash" in bad[0][1]
    (tmp_path / "root.hash").write_text(f"{HASH}\n")
    profile = tmp_path / "web.toml"
    profile.write_text(MINIMAL.replace(f'"{HASH}"', '{ file = "root.hash" }'))
    assert load_profile(profile).digest != ""
    (tmp_path / "root.hash").unlink()
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(profile)


def test_digest_follows_content_and_not_secrets() -> None:
    text = MINIMAL.replace(f'"{HASH}"', '{ env = "H" }')
    first, second = load(text, H=HASH), load(text, H=HASH.replace("a", "b"))
    assert first.digest == second.digest
    assert first.digest != load(text.replace('"S1"', '"S2"'), H=HASH).digest


def test_nobody_is_locked_out() -> None:
    locked = MINIMAL.replace(f'root_password_hash = "{HASH}"', "lock_root = true")
    assert "locks everybody out" in problems(locked)[0][1]
    assert "neither root_password_hash nor lock_root" in problems(MINIMAL.split("[system]", maxsplit=1)[0])[0][1]
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA a@b"
    admin = f'[[user]]\nname = "ops"\ngroups = ["wheel"]\nssh_keys = ["{key}"]\n'
    assert load(locked + admin).profile.user[0].name == "ops"


def test_a_base_takes_no_tables(tmp_path: Path) -> None:
    (tmp_path / "ks.cfg").write_text("text\n")
    head = MINIMAL.split("[system]", maxsplit=1)[0]
    path = tmp_path / "web.toml"
    path.write_text(head + '[kickstart]\nbase = "ks.cfg"\n')
    assert load_profile(path).base == "text\n"
    path.write_text(MINIMAL + '[kickstart]\nbase = "ks.cfg"\n')
    with pytest.raises(ProfileError, match="no effect beside"):
        load_profile(path)


@pytest.mark.parametrize("mark", ["%end", "  %post", "%packages --nobase"])
def test_a_script_cannot_end_its_section(mark: str) -> None:
    found = problems(MINIMAL + f"[[script]]\ninline = '''\nok\n{mark}\n'''\n")
    assert "line 2 of the script begins with" in found[0][1]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"schema = ", "not TOML"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"", "is required"),
    ],
)
def test_broken_files(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "web.toml"
    path.write_bytes(data)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert any(says in p.message for p in caught.value.problems)
    assert all(p.where.startswith(str(path)) for p in caught.value.problems)


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="No such file"):
        load_profile(tmp_path / "absent.toml")
    with pytest.raises(ProfileError, match="is a directory"):
        load_profile(tmp_path)


@pytest.mark.parametrize("path", sorted(resources.profiles().glob("*.toml")), ids=lambda p: p.name)
def test_example_profiles(path: Path) -> None:
    loaded = load_profile(path, environment={"KICKBUILD_ROOT_HASH": HASH})
    assert loaded.profile.schema_ == 1


def test_schema_knows_every_key() -> None:
    schema = Profile.model_json_schema(by_alias=True)
    json.dumps(schema)
    assert set(schema["required"]) == {"schema", "name", "source", "target"}
    assert schema["additionalProperties"] is False
    assert "serial" in schema["$defs"]["Target"]["properties"]


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)
BARE = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)


def toml_key(key: str) -> str:
    return json.dumps(key, ensure_ascii=True) if not key.isascii() or not key.isalnum() else key


def toml_value(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else str(value).lower()


VALUES = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12), st.integers(0, 9), st.booleans()
)
TABLES = st.dictionaries(BARE, VALUES, max_size=3)


@given(top=TABLES, tables=st.dictionaries(BARE, TABLES, max_size=3), arrays=st.lists(TABLES, max_size=3))
def test_key_lines_agree_with_the_parser(
    top: dict[str, Any], tables: dict[str, dict[str, Any]], arrays: list[dict[str, Any]]
) -> None:
    lines = [f"{key} = {toml_value(value)}  # [x] = y" for key, value in top.items()]
    tables = {key: value for key, value in tables.items() if key not in top and key != "array"}
    for name, table in tables.items():
        lines += ["", f"[ {name} ]", *(f"{key} = {toml_value(value)}" for key, value in table.items())]
    if "array" not in top:
        for table in arrays:
            lines += ["[[array]]", *(f"{key} = {toml_value(value)}" for key, value in table.items())]
    text = "\n".join(lines)
    data = tomllib.loads(text)
    found = key_lines(text)

    def paths(value: Any, path: tuple[str | int, ...]) -> set[tuple[str | int, ...]]:
        if isinstance(value, dict):
            return {path}.union(*(paths(v, (*path, k)) for k, v in value.items()))
        if isinstance(value, list):
            return {path}.union(*(paths(v, (*path, i)) for i, v in enumerate(value)))
        return {path}

    assert set(found) == paths(data, ()) - {()}
    for path, line in found.items():
        last = path[-1]
        assert ("array" if isinstance(last, int) else last) in text.splitlines()[line - 1]


def test_key_lines_through_strings_and_arrays() -> None:
    text = 'a = """\nb = 1\n\\"""\n"""\nc = [\n  "]", # ]\n  {d = 1}\n]\n"e.f".g = \'\'\'x\'\'\'\n[h.i]\nj = 1\n'
    assert key_lines(text) == {
        ("a",): 1,
        ("c",): 5,
        ("e.f",): 9,
        ("e.f", "g"): 9,
        ("h",): 10,
        ("h", "i"): 10,
        ("h", "i", "j"): 11,
    }


@pytest.mark.parametrize("blank", [" ", "   ", "\u00a0", "\u3000"])
@pytest.mark.parametrize("key", ["serial", "model"])
def test_a_blank_names_no_disk(key: str, blank: str) -> None:
    ((_, message, _),) = problems(MINIMAL.replace('serial = "S1"', f'{key} = "{blank}"'))
    assert f"{key} is blank" in message
