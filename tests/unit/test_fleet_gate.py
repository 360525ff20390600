"""Whether a fleet may be rebuilt is judged from what its boxes told, whatever that is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.errors import InputError, UsageError
from kickbuild.fleet.gate import FleetPlan, batches, plan_fleet
from kickbuild.fleet.reports import read_reports, write_report, write_summary
from kickbuild.trigger.plan import fleet_token_of

if TYPE_CHECKING:
    from pathlib import Path

RUN = "0123456789ab"
ID = "a" * 32


def told(host: str, *errors: str, system: str = "", **facts: Any) -> dict[str, Any]:
    """Return what rebuild_info returns for a box, with these errors."""
    found = [{"id": "a.b", "severity": "error", "message": error, "hint": "mend it"} for error in errors]
    plan = {
        **dict.fromkeys(("name", "profile", "release", "digest", "drive_uuid", "target", "target_mounts"), "x"),
        **dict.fromkeys(("loader", "config"), "y"),
        "target_words": f"serial = {host}",
        "target_bytes": 1 << 40,
        "keep": [],
        "boot_id": f"boot-{host}",
        "findings": found,
        "token": f"token-{host}",
        **facts,
    }
    return {"ready": not errors, "token": plan["token"], "plan": plan, "status": {"system_id": system}}


def judged(*hosts: str, **more: Any) -> FleetPlan:
    infos = {host: told(host) for host in hosts}
    return plan_fleet(infos, groups=more.pop("groups", {"all": hosts}), **more)


def reasons(fleet: FleetPlan) -> list[str]:
    return [f"{problem.where}: {problem.message}" for problem in fleet.refusals]


def test_a_plan_and_its_token() -> None:
    fleet = judged("a", "b", "c")
    assert (fleet.hosts, fleet.batches, reasons(fleet)) == (("a", "b", "c"), (("a",), ("b",), ("c",)), [])
    assert fleet.token == fleet_token_of(["token-c", "token-b", "token-a"])
    assert fleet.token != judged("a", "b").token
    assert "the canary" in "\n".join(fleet.lines)
    assert "serial = c" in "\n".join(fleet.lines)


def test_every_reason_at_once() -> None:
    infos = {
        "a": told("a", "no drive", "no disk"),
        "b": {"unreachable": True, "msg": "cannot\nbe reached\x1b[2J"},
        "c": {},
        "d": told("d"),
        "e": told("e", boot_id="boot-d"),
    }
    fleet = plan_fleet(infos, groups={"db": ["d", "e"], "web": ["a", "x"]}, protected=["db", "web"])
    assert reasons(fleet) == [
        "a: a.b: no drive",
        "a: a.b: no disk",
        "b: cannot be reached?[2J",
        "c: it was not checked",
        "e: is the same box as d",
        "group db: the play would take all of it at once (2 hosts)",
    ]
    assert fleet.token == ""


def test_a_protected_group() -> None:
    groups = {"db": ["a", "b"], "none": []}
    assert reasons(judged("a", groups=groups, protected=["db", "none"])) == []
    assert len(reasons(judged("a", "b", "c", groups=groups, protected=["db"]))) == 1
    assert reasons(judged("a", "b", groups=groups, protected=["db"], allowed=["db"])) == []
    # A slip of the pen must not take the protection away.
    for names in ({"protected": ["bd"]}, {"protected": ["db"], "allowed": ["bd"]}):
        with pytest.raises(UsageError, match="no group bd"):
            judged("a", groups=groups, **names)


def test_a_run_is_resumed() -> None:
    infos = {"a": told("a", system=ID), "b": told("b", system="b" * 32), "c": told("c", "no drive", system=ID)}
    resumed = {"a": {"id": ID}, "b": {"id": ID}, "c": {"id": ID, "outcome": "rebuilt"}}
    fleet = plan_fleet(infos, groups={}, resumed=resumed)
    assert (fleet.hosts, fleet.done, fleet.batches, reasons(fleet)) == (("b",), ("a", "c"), (("b",),), [])
    assert plan_fleet(infos, groups={}).hosts == ("a", "b", "c")
    # An empty id proves nothing.
    assert plan_fleet({"a": told("a", system="")}, groups={}, resumed={"a": {"id": ""}}).hosts == ("a",)


def test_batches_are_those_of_ansible() -> None:
    hosts = [f"h{n}" for n in range(25)]
    assert [len(batch) for batch in batches(hosts, [1, "10%", "50%"])] == [1, 2, 12, 10]
    assert [len(batch) for batch in batches(hosts, 10)] == [10, 10, 5]
    assert [len(batch) for batch in batches(hosts, "100%")] == [25]
    wrongs: tuple[object, ...] = (0, -1, True, "x", "0", "1.5%", None, {})
    for wrong in wrongs:
        with pytest.raises(UsageError):
            batches(hosts, [1, wrong])


@given(st.integers(1, 40), st.lists(st.integers(1, 9) | st.sampled_from(["5%", "50%", "100%"]), max_size=4))
def test_batches_hold_every_host_once(count: int, serial: list[int | str]) -> None:
    hosts = [str(number) for number in range(count)]
    assert [host for batch in batches(hosts, serial) for host in batch] == hosts


@given(st.text(), st.text(), st.integers(0, 1 << 62))
def test_lines_command_no_terminal(name: str, words: str, size: int) -> None:
    infos = {"a": told("a", name=name, target_words=words, target_bytes=size)}
    assert all(line.isprintable() for line in plan_fleet(infos, groups={}).lines)


def test_reports_go_round(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    write_report(folder, {"host": "a", "run": RUN, "id": ID, "outcome": "rebuilt"})
    write_report(folder, {"host": "b", "run": "f" * 12, "id": ID, "outcome": "rebuilt"})
    (folder / "c.json").write_text(json.dumps({"schema": 1, "host": "a", "run": RUN}))
    (folder / "d.json").write_bytes(b"\xff{")
    (folder / "e.json").write_text("[" * 100_000)
    (folder / "f.json").write_text(json.dumps({"schema": 1, "host": "f", "run": RUN, "id": 7}))
    found = read_reports(folder, RUN, ["a", "b", "c", "d", "e", "f", "g", "../a", ""])
    assert list(found) == ["a"]
    summary = json.loads(write_summary(folder, RUN, found.values()).read_bytes())
    assert (summary["outcomes"], summary["hosts"]) == ({"rebuilt": 1}, {"a": "rebuilt"})
    assert {path.stat().st_mode & 0o777 for path in (folder / "a.json", folder / "_summary.json")} == {0o600}
    for run in ("", "x", "../..", "F" * 12, "e" * 12):
        with pytest.raises(UsageError):
            read_reports(folder, run, ["a"])
    with pytest.raises(InputError):
        write_report(folder, {"host": "../x", "run": RUN})
