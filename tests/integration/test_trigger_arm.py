"""``kickbuild arm``, and what a terminal is asked: nothing is armed but the plan that was read and confirmed."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from agent_standin import StandIn
from conftest import needs_root, needs_tools
from ssh_box import SSH_TOOLS, SshBox
from test_trigger import ended, kickbuild, start, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.tools, needs_root(), needs_tools(*SSH_TOOLS)]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SshBox]:
    with SshBox(tmp_path / "b") as box:
        yield box


@pytest.fixture
def agent(box: SshBox) -> StandIn:
    return StandIn(box)


def test_an_arming_whose_connection_breaks_is_taken_back(box: SshBox, agent: StandIn) -> None:
    agent.before("arm", "touch /control/cut; while [ -f /control/cut ]; do sleep 0.05; done; rm /control/before-arm")
    done = kickbuild(box, "arm", "--confirm", agent.token(), "--json")
    assert done.code == 6, done.err
    assert "it was disarmed and runs as before" in done.err
    assert not agent.is_armed
    assert done.out == ""


def test_an_arming_that_arrives_after_it_was_taken_back_arms_nothing(box: SshBox, agent: StandIn) -> None:
    # The box's shell gets the command only when kickbuild has given up.
    shell = box.top / "shell"
    late = 'case $SSH_ORIGINAL_COMMAND in *" arm "*) touch C/late; while [ ! -f C/go ]; do sleep 0.05; done;; esac'
    shell.write_text(shell.read_text().replace("PATH=", f"{late.replace('C/', f'{box.control}/')}\nPATH=", 1))
    process = start(box, "arm", "--confirm", agent.token())
    until((box.control / "late").exists)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert done.code == 130, done.err
    assert "box1 was not rebooted" in done.err
    (box.control / "go").touch()
    until(lambda: not box.has_command())
    assert "arm" not in agent.calls


def test_a_plan_that_changes_while_it_is_read_is_not_armed(box: SshBox, agent: StandIn) -> None:
    token = agent.token()
    agent.before("check", 'rm /control/before-check; trap "sed -i s/TARGET1/TARGET2/ /control/check.json" EXIT')
    done = kickbuild(box, "arm", "--confirm", token)
    assert done.code == 5, done.err
    assert "no longer the one that was confirmed" in done.err
    assert agent.calls == ["check", "check"]


def test_the_plan_is_shown_where_its_token_is_asked_for(box: SshBox, agent: StandIn) -> None:
    done = kickbuild(box, "arm", "--json")
    assert done.code == 5, done.err
    assert "ERASED   the one disk with serial = TARGET1" in done.err
    assert "arm the entry for one boot; nobody reboots the box" in done.err
    assert "look for" not in done.err
    assert f"--confirm {agent.token()}" in done.err


def test_a_second_ctrl_c_says_that_the_box_may_be_armed(box: SshBox, agent: StandIn) -> None:
    for command in ("arm", "disarm"):
        agent.before(command, f"touch /control/at-{command}; while [ ! -f /control/go ]; do sleep 0.05; done")
    process = start(box, "trigger", "--confirm", agent.token())
    for command in ("arm", "disarm"):
        until((box.control / f"at-{command}").exists)
        process.send_signal(signal.SIGINT)
    done = ended(process)
    (box.control / "go").touch()
    assert done.code == 130, done.err
    assert "box1 was not rebooted; it may be armed" in done.err
    assert "`kickbuild disarm box1`" in done.err


@pytest.mark.parametrize(("typed", "after"), [(b"box1\n", b"\n"), (b"", b"box1\xff\n")], ids=["ahead", "no text"])
def test_what_is_typed_ahead_or_is_no_text_confirms_nothing(
    box: SshBox, agent: StandIn, typed: bytes, after: bytes
) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, typed)
    process = subprocess.Popen(
        [sys.executable, "-m", "kickbuild", "arm", "box1", "--ssh-config", box.client.config],
        env=box.client.environment(TERM="xterm", COLUMNS="80", LINES="24", LC_ALL="C.UTF-8"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            asks = b"leave it as it is: " in shown
            shown += chunk
            if b"leave it as it is: " in shown and not asks:
                os.write(ours, after)
    except OSError:
        pass
    os.close(ours)
    assert process.wait(60) == 5, shown
    assert b"not confirmed" in shown
    assert "arm" not in agent.calls


def test_a_closed_standard_input_is_no_terminal(box: SshBox, agent: StandIn) -> None:
    line = f'"{sys.executable}" -m kickbuild trigger box1 --ssh-config "{box.client.config}" <&-'
    done = subprocess.run(["sh", "-c", line], env=box.client.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 5, done.stderr
    assert "there is no terminal to confirm on" in done.stderr
    assert agent.calls == ["check"]
