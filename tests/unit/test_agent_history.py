"""What rebuilds left behind, as status and report tell it: by ids, bounded, and never taken for more than data."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from agent_box import EL6, EL7, Box
from conftest import needs_tools
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kickbuild import __version__

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_tools("dash", "bash", "busybox", "grub-editenv")

ID = "00112233445566778899aabbccddeeff"
OTHER = "f" * 32
# The shell of busybox has tools of its own, and bash reads another way than dash.
by_shell = pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])


def rebuilt(outcome: str, **pairs: str) -> str:
    values = {
        "schema": "1", "id": ID, "profile": "web", "digest": "d" * 64, "release": "centos7", "kickbuild": "0.1",
        "outcome": outcome, "started": "2024-01-02T03:04:05Z", "ended": "2024-01-02T03:24:05Z", "reason": "",
    } | pairs  # fmt: skip
    return "".join(f"{key}={value}\n" for key, value in values.items())


def leave(box: Box, text: str | bytes, profile: str = "web") -> None:
    path = box.drive / f"kickbuild/{profile}/rebuild.state"
    path.write_bytes(text.encode() if isinstance(text, str) else text)


def test_every_command_tells_where_it_ran(tmp_path: Path) -> None:
    box = Box(tmp_path)
    for command in ("status", "check", "arm", "report", "disarm", "enter", "leave"):
        value = box.run(command, "--json").json
        assert value["command"] == command
        told = {key: value[key] for key in ("host", "boot_id", "version", "drive", "drive_uuid", "title", "digest")}
        assert told == {
            "host": "box1", "boot_id": "first-boot", "version": __version__, "drive": "/mnt/rebuild",
            "drive_uuid": "3bde0ee8-e6a9-4960-94e6-3fd6e3149de6", "title": "Rebuild", "digest": "d" * 64,
        }  # fmt: skip


def test_what_is_erased(tmp_path: Path) -> None:
    value = Box(tmp_path).run("check", "--json").json
    told = {key: value[key] for key in ("keep", "target_words", "target_mounts", "target_bytes", "target_serial")}
    assert told == {
        "keep": "", "target_words": "serial = TARGET1", "target_mounts": "/, /boot",
        "target_bytes": str(100 * 1024**3), "target_serial": "TARGET1",
    }  # fmt: skip


def test_every_arming_has_an_id_of_its_own(tmp_path: Path) -> None:
    box = Box(tmp_path)
    assert box.run("arm", "--dry-run", "--json").json["id"] == ""
    first = box.run("arm", "--json").json["id"]
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert box.run("arm", "--json").json["id"] == first
    assert box.run("status", "--json").json["id"] == first
    box.run("disarm")
    assert box.run("status", "--json").json["id"] == ""
    assert box.run("arm", "--json").json["id"] != first


@by_shell
@pytest.mark.parametrize("outcome", ["started", "refused", "failed"])
def test_back_with_the_old_system(tmp_path: Path, shell: str, outcome: str) -> None:
    box = Box(tmp_path)
    armed = box.run("arm", "--json").json["id"]
    box.boot()
    leave(box, rebuilt(outcome, id=armed, reason="no disk is the one to erase"))
    done = box.run("status", "--json", shell=shell)
    assert (done.code, done.err) == (0, "")
    told = {key: done.json[key] for key in ("state", "id", "last", "last_id", "last_time", "last_reason", "system_id")}
    assert told == {
        "state": "spent", "id": armed, "last": outcome, "last_id": armed, "last_time": "2024-01-02T03:24:05Z",
        "last_reason": "no disk is the one to erase", "system_id": "",
    }  # fmt: skip
    words = box.run("status", shell=shell).out
    assert ("no disk is the one to erase" in words) == (outcome != "started")


@by_shell
def test_the_new_system(tmp_path: Path, shell: str) -> None:
    box = Box(tmp_path)
    armed = box.run("arm", "--json").json["id"]
    box.boot()
    leave(box, rebuilt("installed", id=armed))
    value = box.run("status", "--json", shell=shell).json
    # What was armed has become a system: nothing is armed, whether that system carries its stamp or not.
    assert (value["state"], value["last"], value["last_id"], value["system_id"]) == ("none", "installed", armed, "")
    box.write("/etc/kickbuild-release", rebuilt("installed", id=armed))
    value = box.run("status", "--json", shell=shell).json
    told = {key: value[f"system_{key}"] for key in ("id", "profile", "release", "digest", "time")}
    assert told == {
        "id": armed, "profile": "web", "release": "centos7", "digest": "d" * 64, "time": "2024-01-02T03:24:05Z"
    }  # fmt: skip
    box.run("disarm", shell=shell)
    assert not (box.drive / "kickbuild/armed.state").exists()


def test_the_clock_decides_nothing(tmp_path: Path) -> None:
    """The installer's clock is years before the box's, or after it, and its files are dated as it likes."""
    for year in ("1970", "2099"):
        (tmp_path / year).mkdir()
        box = Box(tmp_path / year)
        armed = box.run("arm", "--json").json["id"]
        box.boot()
        leave(box, rebuilt("refused", id=armed, started=f"{year}-01-01T00:00:00Z", ended=f"{year}-01-01T00:00:00Z"))
        os.utime(box.drive / "kickbuild/web/rebuild.state", (0, 0))
        value = box.run("status", "--json").json
        assert (value["state"], value["last"], value["last_id"]) == ("spent", "refused", armed)
        leave(box, rebuilt("refused", id=OTHER, ended=f"{year}-01-01T00:00:00Z"))
        assert box.run("status", "--json").json["last_id"] == OTHER
        box.run("arm")
        # Armed anew: the refusal of then says nothing of now.
        value = box.run("status", "--json").json
        assert (value["state"], value["id"] != OTHER) == ("armed", True)


def test_a_refusal_without_a_state_is_told(tmp_path: Path) -> None:
    box = Box(tmp_path, EL6)
    (box.drive / "kickbuild/web/last-refusal.log").write_text("kickbuild: - a.\nkickbuild: - b.\n")
    value = box.run("status", "--json").json
    assert (value["last"], value["last_id"], value["last_reason"]) == ("refused", "", "a.;b.")


def test_several_profiles(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.fill_drive("web", "db", title='A "b" ü')
    leave(box, rebuilt("refused", profile="db", reason="why"), "db")
    done = box.run("status", "--json")
    assert done.code == 0
    value = done.json
    assert (value["state"], value["last"], value["last_reason"], value["profile"]) == ("none", "refused", "why", "")
    assert [(p["name"], p["last"], p["title"], p["release"]) for p in value["profiles"]] == [
        ("db", "refused", 'A "b" ü', "centos7"),
        ("web", "none", 'A "b" ü', "centos7"),
    ]
    words = box.run("status").out
    assert 'profile db (centos7, A "b" ü): last rebuild: refused 2024-01-02T03:24:05Z' in words
    assert box.run("status", "--profile", "web", "--json").json["last"] == "none"
    assert box.run("check", "--json").failed == {"profile.several"}
    assert box.run("arm", "--json").code == 5
    # The system that runs tells which of them it came from.
    box.write("/etc/kickbuild-release", rebuilt("installed"))
    leave(box, rebuilt("installed"), "web")
    assert box.run("status", "--json").json["last"] == "installed"


@by_shell
def test_the_report(tmp_path: Path, shell: str) -> None:
    box = Box(tmp_path)
    leave(box, rebuilt("failed", reason="an error"))
    logs = box.drive / "kickbuild/web/log"
    logs.mkdir()
    (logs / "anaconda.log").write_text("first\n" + "x" * 200_000 + '\n\tlast "line" \\ ü\n')
    (logs / "odd name").write_text("not shown")
    (logs / "passwd").symlink_to("/etc/passwd")
    (logs / "program.log").write_bytes(b"\x1b[2J\xff\0end")
    (box.drive / "kickbuild/web/last-refusal.log").write_text("kickbuild: - why\n")
    done = box.run("report", "--json", shell=shell)
    assert (done.code, done.err) == (0, "")
    value = done.json
    assert (value["last"], value["state"]) == ("failed", "none")
    assert {entry["name"]: entry["size"] for entry in value["log"]} == {"anaconda.log": 200_025, "program.log": 9}
    assert len(value["text"].encode()) < 65536
    assert '\n?last "line" \\ ü\n' in value["text"]
    assert "kickbuild: - why\n" in value["text"]
    assert "?[2J\ufffd?end\n" in value["text"]
    assert "first" not in value["text"]
    assert "root:" not in done.out
    assert "not shown" not in done.out
    assert "\x1b" not in box.run("report", shell=shell).out
    assert '?last "line"' in box.run("report", shell=shell).out


def test_a_report_of_nothing(tmp_path: Path) -> None:
    value = Box(tmp_path).run("report", "--json").json
    assert (value["log"], value["text"], value["last"]) == ([], "", "none")


HOSTILE = (
    b"", b"\n", b"=\n", b"outcome", b"outcome=installed", b"outcome=owned\n", b"\xff\xfe\0\n", b"outcome=\n" * 9,
    b"x" * 100_000, rebuilt("installed").encode()[:-1], b"outcome=installed\n" + b"reason=" + b"y" * 9000 + b"\n",
    b"outcome=failed\nid=../../x\nended=$(id)\nreason=\x1b[2J`id`$(id)\\\n", b"outcome=failed\r\n",
    b"\noutcome=failed\n",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_not_of_its_form_says_nothing(tmp_path: Path, text: bytes) -> None:
    for shell in ("dash", "bash", "busybox sh"):
        (tmp_path / shell.replace(" ", "")).mkdir()
        box = Box(tmp_path / shell.replace(" ", ""))
        leave(box, text)
        box.write("/etc/kickbuild-release", text)
        done = box.run("status", "--json", shell=shell)
        assert (done.code, done.err) == (0, "")
        value = done.json
        assert value["state"] == "none"
        assert value["last"] in {"none", "failed", "installed"}
        assert all(re.fullmatch("([0-9a-f]{32})?", value[key]) for key in ("id", "last_id", "system_id"))
        assert re.fullmatch("[0-9TZ:-]*", value["last_time"])
        assert len(value["last_reason"]) <= 1000
        assert not re.search("[\x00-\x1f\x7f]", value["last_reason"] + value["summary"])
        assert value["system_profile"] == ""


def test_a_stamp_that_leads_elsewhere_is_none(tmp_path: Path) -> None:
    box = Box(tmp_path)
    (tmp_path / "theirs").write_text(rebuilt("installed"))
    box.path("/etc/kickbuild-release").symlink_to(tmp_path / "theirs")
    (box.drive / "kickbuild/web/rebuild.state").symlink_to(tmp_path / "theirs")
    value = box.run("status", "--json").json
    assert (value["system_id"], value["last"]) == ("", "none")


@given(st.binary(max_size=60), st.sampled_from(["state", "rebuild", "stamp", "manifest"]))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_any_bytes_are_data(tmp_path_factory: pytest.TempPathFactory, data: bytes, place: str) -> None:
    box = Box(tmp_path_factory.mktemp("box"))
    armed = box.run("arm", "--json").json["id"]
    paths = {
        "state": box.drive / "kickbuild/armed.state", "rebuild": box.drive / "kickbuild/web/rebuild.state",
        "stamp": box.path("/etc/kickbuild-release"), "manifest": box.drive / "kickbuild/manifest.json",
    }  # fmt: skip
    whole = paths[place].read_bytes() if paths[place].exists() else rebuilt("failed", id=armed).encode()
    paths[place].write_bytes(whole[: len(data) * 7] + data + whole[len(data) * 8 :])
    done = box.run("report", "--json")
    assert (done.code, done.err, done.json["state"]) == (0, "", "armed")
    assert box.run("disarm").code in {0, 5}
    assert box.next_boot() in {"old", "kickbuild-web"}


def test_nobody_but_root_can_tell(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.run("arm")
    box.program("id", "echo 1000")
    done = box.run("status", "--json")
    assert (done.code, done.failed, "state" in done.json) == (4, {"privileges"}, False)


def test_a_box_whose_boot_is_not_there(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.run("arm")
    box.path("/boot/grub2/grub.cfg").unlink()
    done = box.run("status", "--json")
    assert (done.code, done.json["state"], done.found) == (0, "unfinished", {"loader.none": "error"})


def test_a_drive_that_was_prepared_anew(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.run("arm")
    path = box.drive / "kickbuild/armed.state"
    path.write_text(path.read_text().replace("d" * 64, "e" * 64))
    assert box.run("status", "--json").found == {"armed.other-version": "warning"}
    assert box.run("arm", "--json").json["changed"] is True


def test_a_copy_that_was_cut_off_does_nothing(tmp_path: Path) -> None:
    box = Box(tmp_path, EL7)
    before = box.tree()
    program = (box.drive / "kickbuild/agent").read_bytes()
    script = tmp_path / "cut"
    last = program.rindex(b"main ")
    for end in (*range(0, last, len(program) // 25), *range(last, last + 8)):
        script.write_bytes(program[:end])
        box.run("arm", script=script)
        assert box.tree() == before, end
    script.write_bytes(program)
    assert box.run("arm", script=script).code == 0
