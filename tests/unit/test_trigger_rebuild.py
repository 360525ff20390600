"""The steps up to the reboot, on a box that answers what a test says: what is not as planned is taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kickbuild.errors import HostError, LackingError, RefusedError, ToolError
from kickbuild.run import Completed
from kickbuild.trigger import remote
from kickbuild.trigger.box import Box
from kickbuild.trigger.host import parse_host
from kickbuild.trigger.rebuild import Rebuild, Wish, interrupted, on_its_way
from kickbuild.trigger.record import Record, alone_with, checked_id, drop_record, find_record, save_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kickbuild.trigger.plan import BoxPlan

ID = "0123456789abcdef" * 2
FACTS = {"schema": 1, "host": "box1", "version": "1", "boot_id": "b", "profile": "web", "digest": "d", "id": ID}


class Way:
    """A way to a box that keeps what it is asked."""

    has_drive_commands = True

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.host = parse_host("local")
        self.answers = answers
        self.asked: list[str] = []
        self.reboot_code = 0

    def ready(self) -> None:
        pass

    def close(self) -> None:
        pass

    def run(self, program: str, words: Sequence[str] = (), *, stdin: bytes = b"", timeout: float) -> Completed:
        assert timeout > 0
        assert not stdin
        if program == remote.REBOOT_THIS:
            self.asked.append(f"reboot {words[0]}")
            return Completed(self.reboot_code, b"", b"no\n")
        self.asked.append(words[0])
        said = {**FACTS, "command": words[0], "changed": True, **self.answers.get(words[0], {})}
        if said.get("interrupts"):
            raise KeyboardInterrupt
        return Completed(0, json.dumps(said).encode(), b"")


class Agrees:
    """An observer who confirms every plan."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def begin(self, step: str, text: str) -> None:
        self.said.append(f"{step}: {text}")

    def still(self, text: str) -> None:
        self.said.append(text)

    end = fail = note = still

    def confirm(self, plan: BoxPlan) -> None:
        self.said.append(f"confirm {plan.name}")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_the_steps_come_in_their_order_and_are_remembered() -> None:
    way = Way(check={"keep": "ssh_host_keys"}, arm={"keep": "ssh_host_keys"})
    record = Rebuild(Box(way), Agrees(), Wish()).run()
    assert way.asked == ["check", "check", "arm", "reboot b"]
    assert record == Record("local", ID, "b", "web", keeps_host_keys=True)
    assert find_record(way.host) == record
    assert "goes down" in on_its_way(record, waits=False).hint


@pytest.mark.parametrize(
    "wrong", [{"digest": "e"}, {"boot_id": "c"}, {"target_serial": "S2"}, {"drive_uuid": "u"}, {"id": ""}]
)
def test_what_is_armed_otherwise_than_planned_is_taken_back(wrong: dict[str, Any]) -> None:
    way, watch = Way(arm=wrong), Agrees()
    with pytest.raises(HostError, match="not what was planned"):
        Rebuild(Box(way), watch, Wish()).run()
    assert way.asked == ["check", "check", "arm", "disarm"]
    assert watch.said[-1] == "it was disarmed and runs as before"
    assert find_record(way.host) is None


def test_a_reboot_that_is_refused_is_taken_back_and_forgotten() -> None:
    for code, words in ((1, "does not take the command"), (remote.OTHER_BOOT, "another boot runs")):
        way = Way()
        way.reboot_code = code
        with pytest.raises(HostError, match=words):
            Rebuild(Box(way), Agrees(), Wish()).run()
        assert way.asked == ["check", "check", "arm", "reboot b", "disarm"]
        assert find_record(way.host) is None


def test_to_arm_alone_is_as_careful() -> None:
    way = Way()
    assert Rebuild(Box(way), Agrees(), Wish()).arm().id == ID
    assert way.asked == ["check", "check", "arm"]
    assert find_record(way.host) is None
    way = Way(arm={"digest": "e"})
    with pytest.raises(HostError, match="not what was planned"):
        Rebuild(Box(way), Agrees(), Wish()).arm()
    assert way.asked[-1] == "disarm"


def test_another_box_that_is_disarmed_is_not_the_one() -> None:
    way, watch = Way(arm={"digest": "e"}, disarm={"host": "box2"}), Agrees()
    rebuild = Rebuild(Box(way), watch, Wish())
    with pytest.raises(HostError) as error:
        rebuild.run()
    planned, armed = error.value.problems
    assert "not what was planned" in planned.message
    assert "could NOT be disarmed (another box answers, box2): its next boot may rebuild it" in armed.message
    assert rebuild.arms


def test_what_an_interruption_leaves_is_said() -> None:
    rebuild = Rebuild(Box(Way(check={"interrupts": True})), Agrees(), Wish())
    with pytest.raises(KeyboardInterrupt):
        rebuild.run()
    assert interrupted(rebuild) == "local was not rebooted"
    rebuild = Rebuild(Box(Way(arm={"interrupts": True})), Agrees(), Wish())
    with pytest.raises(KeyboardInterrupt):
        rebuild.run()
    assert interrupted(rebuild) == "local was not rebooted"
    rebuild = Rebuild(Box(Way(arm={"interrupts": True}, disarm={"interrupts": True})), Agrees(), Wish())
    with pytest.raises(KeyboardInterrupt):
        rebuild.run()
    assert "was not rebooted; it may be armed, and its next boot may rebuild it" in interrupted(rebuild)


@pytest.mark.parametrize(
    ("finding", "error"), [("memory", RefusedError), ("privileges", LackingError), ("arm.failed", HostError)]
)
def test_an_error_of_the_check_ends_it_before_anybody_is_asked(finding: str, error: type[Exception]) -> None:
    found = [{"id": finding, "severity": "error", "message": "no", "hint": "yes"}]
    way, watch = Way(check={"findings": found}), Agrees()
    with pytest.raises(error):
        Rebuild(Box(way), watch, Wish()).run()
    assert way.asked == ["check"]
    assert "confirm box1" not in watch.said


@pytest.mark.parametrize("lacking", ["host", "boot_id", "profile", "digest"])
def test_an_agent_that_does_not_tell_enough_is_not_trusted(lacking: str) -> None:
    with pytest.raises(HostError, match=f"does not tell the box's {lacking}"):
        Rebuild(Box(Way(check={lacking: ""})), Agrees(), Wish()).run()


def test_what_is_remembered_is_for_the_user_alone_and_damage_is_nothing(tmp_path: Path) -> None:
    host = parse_host("root@box/../../x:1")
    record = Record(host.text, ID, "b", "web", keeps_host_keys=False)
    save_record(record)
    (place,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert place.parent == tmp_path / "kickbuild/triggered"
    assert place.stat().st_mode & 0o777 == 0o600
    assert find_record(host) == record
    for damage in (b"", b"[]", b"{}", b'"x"', place.read_bytes().replace(ID.encode(), b"0"), b'{"host": 1}'):
        place.write_bytes(damage)
        assert find_record(host) is None
    drop_record(host)
    drop_record(host)
    assert not place.exists()
    assert checked_id(ID) == ID


def test_where_nothing_can_be_remembered_nothing_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    host = parse_host("box1")
    with pytest.raises(ToolError, match="cannot be remembered") as error, alone_with(host):
        pass
    assert error.value.problems[0].hint
    assert find_record(host) is None


def test_one_run_at_a_time_for_a_host() -> None:
    host = parse_host("box1")
    with alone_with(host), pytest.raises(RefusedError, match="another kickbuild"), alone_with(host):
        pass
