"""Triggering by the real OpenSSH client, through a real sshd on loopback, to a made-up box."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from agent_standin import ARMING, StandIn
from command import Done
from conftest import needs_root, needs_tools
from ssh_box import SSH_TOOLS, SshBox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.tools, needs_root(), needs_tools(*SSH_TOOLS)]
#: Looks come in quick succession.
QUICK = ("--look-every", "0.05", "--leave-timeout", "60", "--timeout", "100")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SshBox]:
    with SshBox(tmp_path / "b") as box:
        yield box


@pytest.fixture
def agent(box: SshBox) -> StandIn:
    return StandIn(box)


def start(box: SshBox, command: str, *words: str, host: str = "", **more: str) -> subprocess.Popen[bytes]:
    way = ["--ssh-config", str(box.client.config)]
    return subprocess.Popen(
        [sys.executable, "-m", "kickbuild", command, host or box.name, *way, *words],
        env=box.client.environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[bytes]) -> Done:
    out, err = process.communicate(timeout=120)
    return Done(process.returncode, out.decode("utf-8", "strict"), err.decode("utf-8", "strict"))


def kickbuild(box: SshBox, command: str, *words: str, host: str = "", **more: str) -> Done:
    return ended(start(box, command, *words, host=host, **more))


def trigger(agent: StandIn, *words: str) -> Done:
    return kickbuild(agent.box, "trigger", "--confirm", agent.token(), *QUICK, *words)


def until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it does not happen")


def events(done: Done) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_box_is_rebuilt_and_proves_it(box: SshBox, agent: StandIn) -> None:
    box.on_reboot = agent.rebuilt
    done = trigger(agent)
    assert done.code == 0, done.err
    assert done.out.startswith("box1: rebuilt in ")
    assert done.out.rstrip().endswith("s: rocky9, profile web")
    assert "Traceback" not in done.err
    assert [line.partition(":")[0] for line in done.err.splitlines() if line.endswith(" ...")] == [
        *("check", "check-again", "arm", "reboot", "leave", "return"),
    ]
    assert agent.calls.count("arm") == 1


def test_events_end_with_the_result(box: SshBox, agent: StandIn) -> None:
    box.on_reboot = agent.rebuilt
    done = trigger(agent, "--json")
    assert done.code == 0, done.err
    told = events(done)
    assert [event["step"] for event in told if event["event"] == "begin"] == [
        *("check", "check-again", "arm", "reboot", "leave", "return"),
    ]
    assert next(event for event in told if event["event"] == "plan")["plan"]["name"] == "box1.example.org"
    assert told[-1]["event"] == "result"
    assert (told[-1]["outcome"], told[-1]["exit"], told[-1]["status"]["system_id"]) == ("rebuilt", 0, ARMING)
    assert done.err == ""


def test_a_box_that_returns_old_says_why(box: SshBox, agent: StandIn) -> None:
    refused = {"last": "refused", "last_id": ARMING, "last_reason": "no disk has serial TARGET1"}
    box.on_reboot = lambda: agent.boots(**refused)
    done = trigger(agent)
    assert done.code == 1, done.err
    assert "came back with the old system: the rebuild was refused" in done.out
    assert "no disk has serial TARGET1" in done.out
    assert "`kickbuild report box1` shows" in done.err


def test_what_is_still_armed_after_the_boot_is_taken_back(box: SshBox, agent: StandIn) -> None:
    box.on_reboot = lambda: agent.boots(state="armed", id=ARMING)
    done = trigger(agent)
    assert done.code == 1, done.err
    assert "is still armed" in done.out
    assert "it was disarmed and runs as before" in done.err
    assert agent.calls[-1] == "disarm"


def test_a_box_in_the_installer_is_waited_for(box: SshBox, agent: StandIn) -> None:
    def installs() -> None:
        agent.boots(last="started", last_id=ARMING)
        agent.refuses("check", "box.installer", "this box runs an installer", code=1)
        agent.before("check", "touch /control/reboot")
        box.on_reboot = ends

    def ends() -> None:
        (box.control / "before-check").unlink()
        agent.rebuilt()

    box.on_reboot = installs
    done = trigger(agent)
    assert done.code == 0, done.err


def test_a_box_that_never_returns_can_be_waited_for_again(box: SshBox, agent: StandIn) -> None:
    box.returns = False
    done = kickbuild(box, "trigger", "--confirm", agent.token(), "--look-every", "0.05", "--timeout", "1")
    assert done.code == 6
    assert "did not return within 1 s" in done.out
    assert "seen last: no answer (Connection refused)" in done.out
    assert "kickbuild wait box1" in done.err
    agent.rebuilt()
    box.start()
    done = kickbuild(box, "wait", *QUICK)
    assert done.code == 0, done.err
    assert "rebuilt" in done.out
    done = kickbuild(box, "wait", *QUICK)
    assert done.code == 2
    assert "no rebuild of box1 was triggered from here" in done.err
    agent.says("status", state="armed", id=ARMING)
    agent.before("status", "[ ! -f /control/seen ] || cp /control/none.json /control/status.json; touch /control/seen")
    done = kickbuild(box, "wait", *QUICK, "--id", ARMING, "--json")
    assert done.code == 0, done.err
    assert any(event["text"] == "it is armed, and has not booted since" for event in events(done)[:-1])


def test_a_box_that_never_leaves_is_disarmed(box: SshBox, agent: StandIn) -> None:
    box.inside("systemctl", "exit 0")
    done = kickbuild(box, "trigger", "--confirm", agent.token(), "--look-every", "0.05", "--leave-timeout", "0.5")
    assert done.code == 6
    assert "did not leave" in done.out
    assert "it was disarmed and runs as before" in done.out
    assert not agent.is_armed


def test_a_reboot_that_cannot_be_told_is_taken_back(box: SshBox, agent: StandIn) -> None:
    box.inside("systemctl", "echo no bus >&2; exit 1")
    done = trigger(agent)
    assert done.code == 6
    assert "does not take the command to reboot" in done.err
    assert "it was disarmed and runs as before" in done.err
    assert not agent.is_armed


def test_no_wait_leaves_the_rest_to_wait(box: SshBox, agent: StandIn) -> None:
    box.on_reboot = agent.rebuilt
    done = trigger(agent, "--no-wait")
    assert done.code == 0, done.err
    assert "the box reboots into its rebuild" in done.out
    assert kickbuild(box, "wait", *QUICK).code == 0
