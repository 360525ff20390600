"""Loading profiles: what is right, and everything that is wrong with its key and line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kickbuild import resources
from kickbuild.errors import ProfileError
from kickbuild.profile.load import LoadedProfile, load_profile, parse_profile
from kickbuild.profile.mended import with_stand_ins
from kickbuild.profile.model import Profile
from kickbuild.profile.positions import key_lines
from kickbuild.profile.problems import broken_paths, dotted, problems_of

HASH = "$6$saltsalt$fCrh8nUGWG1kaWS0cBxg4tHqtdI/.vguU6L92utUDE2uuLboegIJMic.sfv7QYLSrG3dfTzYL584/rt2BJn400"
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


def wheres(text: str, **environment: str) -> list[str]:
    return [where.removeprefix("web.toml:") for where, _, _ in problems(text, **environment)]


def test_a_broken_value_hides_nothing_else() -> None:
    text = """\
schema = 1
nam = "web"
[source]
iso = "x.iso"
[target]
min_size = 100
max_sise = "1GiB"
[drive]
find_by = "label"
frob = 1
[system]
timezone = "a b"
root_password_hash = { env = "ABSENT" }
[[user]]
name = "twice"
uid = "x"
[[user]]
name = "twice"
[[network.interface]]
device = "eno1"
mac = "52:54:00:12:34:56"
vlan = 9999
[storage]
filesystem = "swap"
layout = "x"
[[script]]
inline = "%end"
interpreter = "sh"
[[script]]
file = "no-such-script"
when = "never"
"""
    assert wheres(text) == [
        " name",
        "2: nam",
        "5: target",
        "6: target.min_size",
        "7: target.max_sise",
        "8: drive",
        "10: drive.frob",
        "12: system.timezone",
        "13: system.root_password_hash",
        "14: user",
        "16: user[1].uid",
        "19: network.interface[1]",
        "22: network.interface[1].vlan",
        "23: storage",
        "25: storage.layout",
        "27: script[1].inline",
        "28: script[1].interpreter",
        "30: script[2].file",
        "31: script[2].when",
    ]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('serial = "S1"', "serial = 5", "6: target.serial"),
        ('serial = "S1"', 'serail = "S1"', "6: target.serail"),
        ("root_password_hash", "root_pasword_hash", "8: system.root_pasword_hash"),
        (f'"{HASH}"', '"secret"', "8: system.root_password_hash"),
        (f'"{HASH}"', "{ env = 5 }", "8: system.root_password_hash.env"),
        ("[system]", "[sistem]", "7: sistem"),
        (f'root_password_hash = "{HASH}"', 'lock_root = true\n[[user]]\nname = "A"', "10: user[1].name"),
        ("[system]", "[[script]]\nfile = 5\n[system]", "8: script[1].file"),
        ("[system]", "[[network.interface]]\ndevice = 5\n[system]", "8: network.interface[1].device"),
        ("[system]", '[[network.interface]]\nmac = "x"\n[system]', "8: network.interface[1].mac"),
        (
            "[system]",
            '[storage]\nlayout = "custom"\n[[storage.part]]\nmount = "/"\nsize = 1\n[system]',
            "11: storage.part[1].size",
        ),
    ],
)
def test_what_is_broken_is_not_missing_as_well(old: str, new: str, where: str) -> None:
    assert wheres(MINIMAL.replace(old, new)) == [where]


TOML_VALUES = st.recursive(
    st.text(max_size=4) | st.integers(-1, 9) | st.booleans() | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "env", "file"]), inner),
)


@given(key=st.sampled_from(sorted(Profile.model_fields)), sub=st.text(max_size=5) | st.none(), value=TOML_VALUES)
def test_any_value_anywhere_is_taken_or_told(key: str, sub: str | None, value: Any) -> None:
    data = tomllib.loads(MINIMAL) | {key.rstrip("_"): value if sub is None else {sub: value}}
    try:
        error = None
        Profile.model_validate(data)
    except ValidationError as caught:
        error = caught
    if error is not None:
        found = problems_of(error, data, dotted)
        assert found
        for problem in found:
            assert problem.where
            assert problem.where.isprintable()
            assert "Input should" not in problem.message
        with_stand_ins(data, broken_paths(error, data))


@pytest.mark.parametrize(
    ("line", "where"),
    [("name = { a = 1 }", "2: name"), ("title = {}", "2: title"), ('source = { iso = { "" = 1 } }', "2: source.iso")],
)
def test_a_table_where_a_text_belongs(line: str, where: str) -> None:
    rest = "[source]\niso = 'x'\n" if "source" not in line else ""
    name = "name = 'web'\n" if "name" not in line else ""
    tables = f"[target]\nserial = 'S1'\n[system]\nroot_password_hash = '{HASH}'\n"
    assert wheres(f"schema = 1\n{line}\n{name}{rest}{tables}") == [where]


@pytest.mark.parametrize(("value", "where"), [("{ env = {} }", ".env"), ("{ file = [] }", ".file"), ("[]", "")])
def test_a_strange_reference_to_a_hash(value: str, where: str) -> None:
    assert set(wheres(MINIMAL.replace(f'"{HASH}"', value))) == {f"8: system.root_password_hash{where}"}


@pytest.mark.parametrize("value", ["true", "1.0", '"1"'])
def test_only_a_number_is_a_number(value: str) -> None:
    assert wheres(MINIMAL.replace("schema = 1", f"schema = {value}")) == ["1: schema"]
    vlan = f"[[network.interface]]\ndevice = 'eno1'\nvlan = {value}\n"
    assert wheres(MINIMAL + vlan) == ["11: network.interface[1].vlan"]


@pytest.mark.parametrize("value", ['"yes"', '"false"', "1", "0.0"])
def test_only_true_and_false_are_flags(value: str) -> None:
    assert wheres(MINIMAL + f"lock_root = {value}\n") == ["9: system.lock_root"]


def test_bounds_are_told() -> None:
    interface = "[[network.interface]]\ndevice = 'eno1'\n"
    assert problems(f"{MINIMAL}{interface}vlan = 4095")[0][1] == "must be at most 4094"
    assert problems(f"{MINIMAL}{interface}vlan = 0")[0][1] == "must be at least 1"


def test_a_key_that_no_terminal_should_see() -> None:
    assert wheres('"a\\n\\u001b[31m é" = 1\n' + MINIMAL) == [r'1: "a\n\u001b[31m \u00e9"']


def test_the_home_of_nobody() -> None:
    assert load(MINIMAL.replace("x.iso", "~no-such-user/x.iso")).iso == Path("~no-such-user/x.iso")
    assert load(MINIMAL.replace("x.iso", "~/x.iso")).iso == Path.home() / "x.iso"


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "web.toml"
    path.write_text(MINIMAL, encoding="utf-8-sig")
    assert load_profile(path).profile.name == "web"


def test_the_schema_knows_that_a_firewall_may_be_a_flag() -> None:
    firewall = Profile.model_json_schema(by_alias=True)["$defs"]["System"]["properties"]["firewall"]
    assert firewall["anyOf"][0] == {"type": "boolean"}
    assert "Firewall" in json.dumps(firewall["anyOf"][1])


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


def test_what_is_kept() -> None:
    assert load(MINIMAL).profile.keep.names == ()
    text = MINIMAL + "[keep]\nnetwork = true\nssh_host_keys = true\nmachine_id = false\n"
    assert load(text).profile.keep.names == ("ssh_host_keys", "network")
    assert load(text).digest != load(MINIMAL).digest


def test_what_is_kept_and_given_contradict_each_other() -> None:
    text = MINIMAL + '[network]\nhostname = "web"\n[keep]\nhostname = true\nnetwork = true\n'
    [(where, message, hint)] = problems(text)
    assert where == "web.toml:12: keep.hostname"
    assert message == "contradicts network.hostname"
    assert hint.startswith("remove network.hostname")
    more = text + '[[network.interface]]\ndevice = "eno1"\n'
    assert [message for _, message, _ in problems(more)] == [
        "contradicts network.hostname",
        "contradicts network.interface",
    ]
    assert load(text.replace("hostname = true", "hostname = false")).profile.keep.names == ("network",)


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
