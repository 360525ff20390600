"""Bad days of triggering: connections that break, keys that change, boxes that lie, people who press Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from agent_standin import ARMING, OTHER, StandIn
from conftest import needs_root, needs_tools
from ssh_box import SSH_TOOLS, SshBox
from test_trigger import QUICK, ended, events, kickbuild, start, trigger, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.root, pytest.mark.tools, needs_root(), needs_tools(*SSH_TOOLS)]
#: Break every connection in the middle of a command; the command itself goes on.
CUT = "touch /control/cut; while [ -f /control/cut ]; do sleep 0.05; done; rm /control/before-$1; sleep 0.3"
HOLD = "touch /control/here; while [ ! -f /control/go ]; do sleep 0.05; done"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SshBox]:
    with SshBox(tmp_path / "b") as box:
        yield box


@pytest.fixture
def agent(box: SshBox) -> StandIn:
    return StandIn(box)


@pytest.mark.parametrize("command", ["check", "arm"])
def test_a_connection_that_breaks_leaves_nothing_armed(box: SshBox, agent: StandIn, command: str) -> None:
    agent.before(command, CUT)
    done = trigger(agent)
    assert done.code == 6, done.err
    assert "box1: the box cannot be reached" in done.err
    assert not agent.is_armed
    assert (box.control / "reboot").exists() is False
    if command == "arm":
        assert "it was disarmed and runs as before" in done.err


def test_a_box_that_cannot_be_disarmed_any_more_is_said_so(agent: StandIn) -> None:
    agent.before("arm", CUT)
    agent.before("disarm", "touch /control/cut; sleep 5")
    done = trigger(agent)
    assert done.code == 6
    assert "it could NOT be disarmed" in done.err
    assert "`kickbuild disarm box1`" in done.err


def test_a_new_host_key_counts_where_the_system_proves_itself(box: SshBox, agent: StandIn) -> None:
    def on_reboot() -> None:
        box.new_host_key()
        agent.rebuilt()

    box.on_reboot = on_reboot
    before = box.client.known_hosts.read_text()
    done = trigger(agent)
    assert done.code == 0, done.err
    shown = subprocess.run(["ssh-keygen", "-lf", box.host_key], capture_output=True, text=True, check=True).stdout
    assert shown.split()[1] in done.err
    assert f"ssh-keygen -R '[127.0.0.1]:{box.port}'" in done.err
    assert box.client.known_hosts.read_text() == before
    done = kickbuild(box, "wait", "--id", ARMING, "--accept-new-host-key", "--json", *QUICK)
    assert done.code == 0, done.err
    assert events(done)[-1]["host_key"]["accepted"] is True
    assert kickbuild(box, "status").code == 0


def test_a_new_host_key_goes_into_known_hosts_hashed_under_its_alias(box: SshBox, agent: StandIn) -> None:
    def on_reboot() -> None:
        box.new_host_key()
        agent.rebuilt()

    box.on_reboot = on_reboot
    box.client.known_hosts.write_text("other.example.org ssh-ed25519 AAAA")
    box.client.add(box, "HostKeyAlias the-box", "HashKnownHosts yes")
    with box.client.known_hosts.open("a") as file:
        file.write("\n")
    box.client.know(box, name="the-box")
    done = trigger(agent, "--accept-new-host-key")
    assert done.code == 0, done.err
    lines = box.client.known_hosts.read_text().splitlines()
    assert lines[0] == "other.example.org ssh-ed25519 AAAA"
    assert [line.startswith("|1|") for line in lines] == [False, True]
    assert kickbuild(box, "status").code == 0


def test_known_hosts_that_cannot_be_written_make_no_rebuild_fail(box: SshBox, agent: StandIn) -> None:
    def on_reboot() -> None:
        box.new_host_key()
        agent.rebuilt()

    files = box.client.home / "none/none/known_hosts"
    box.client.add(box, f"UserKnownHostsFile {files} {box.client.known_hosts}")
    box.on_reboot = on_reboot
    done = trigger(agent, "--accept-new-host-key")
    assert done.code == 0, done.err
    assert "could not be put into known_hosts" in done.err
    assert "box1: rebuilt in" in done.out


def test_a_new_host_key_that_proves_nothing_is_never_trusted(box: SshBox, agent: StandIn) -> None:
    def on_reboot() -> None:
        box.new_host_key()
        agent.boots(last="installed", last_id=OTHER, system_id=OTHER)

    box.on_reboot = on_reboot
    done = trigger(agent, "--accept-new-host-key", "--timeout", "5")
    assert done.code == 6
    assert "another host key, and nothing proves that it is the new system" in done.out
    assert ARMING not in (box.control / "calls").read_text()


def test_a_new_host_key_counts_after_another_that_proved_nothing(box: SshBox, agent: StandIn) -> None:
    box.on_reboot = box.new_host_key
    process = start(box, "trigger", "--confirm", agent.token(), "--json", *QUICK)
    assert process.stdout is not None
    while b"nothing proves" not in process.stdout.readline():
        pass
    box.stop()
    box.new_host_key()
    agent.rebuilt()
    box.start()
    assert ended(process).code == 0


def test_a_new_host_key_is_wrong_where_the_profile_keeps_the_old_one(box: SshBox, agent: StandIn) -> None:
    def on_reboot() -> None:
        box.new_host_key()
        agent.rebuilt()

    agent.facts["keep"] = "ssh_host_keys"
    agent.boots()
    box.on_reboot = on_reboot
    done = trigger(agent, "--accept-new-host-key")
    assert done.code == 1
    assert "although the profile keeps the old one" in done.out


def test_an_unknown_host_key_stops_everything(box: SshBox, agent: StandIn) -> None:
    box.client.known_hosts.write_text("")
    done = kickbuild(box, "disarm")
    assert done.code == 6
    assert "ssh does not know its host key" in done.err
    assert agent.calls == []


def test_a_box_that_floods_is_no_longer_listened_to(box: SshBox, agent: StandIn) -> None:
    agent.before("status", "while :; do printf '%8192s'; done")
    done = kickbuild(box, "status")
    assert done.code == 6
    assert "it says more than" in done.err


def test_what_a_box_says_commands_no_terminal(box: SshBox, agent: StandIn) -> None:
    agent.refuses("check", "target.\x1b[2J", "\x1b]0;x\x07\u202e", "\x9b2J")
    agent.before("check", "printf '\\033[31m' >&2")
    for words in (("check",), ("trigger", "--plan"), ("trigger",), ("arm",)):
        done = kickbuild(box, *words)
        assert done.code == (1 if words == ("check",) else 5)
        assert all(c.isprintable() or c == "\n" for c in done.out + done.err)
    assert agent.calls.count("arm") == 0


def test_an_answer_that_is_none_is_one_error(box: SshBox, agent: StandIn) -> None:
    agent.says_bytes("status", b"sh: \x1b[31m agent: not found\n", code=0)
    done = kickbuild(box, "status")
    assert done.code == 6
    assert "no answer of the agent came, but: sh: ?[31m agent: not found" in done.err
    assert "Traceback" not in done.err


def test_a_box_without_an_agent_gets_ours_and_keeps_nothing_of_it(box: SshBox) -> None:
    (box.drive / "kickbuild/agent").unlink()
    done = kickbuild(box, "status", "--json")
    assert done.code == 0, done.err
    assert (done.json["agent"], done.json["state"]) == ("the agent of this kickbuild", "none")
    assert list((box.root / "tmp").iterdir()) == []
    (box.root / "tmp").rmdir()
    done = kickbuild(box, "status")
    assert done.code == 6
    assert "could not be put into a temporary directory" in done.err


def test_sudo_is_asked_never_to_ask(box: SshBox, agent: StandIn) -> None:
    box.inside("sudo", '[ "$1" = -n ] || exit 9; shift; touch /control/sudo; exec "$@"')
    done = kickbuild(box, "status", "--sudo", "--json")
    assert (done.code, done.json["agent"]) == (0, "the agent on the drive"), agent.calls
    assert (box.control / "sudo").exists()
    box.inside("sudo", 'echo "sudo: a password is required" >&2; exit 1')
    done = kickbuild(box, "status", "--sudo")
    assert done.code == 4
    assert "sudo: a password is required" in done.err
    assert "NOPASSWD" in done.err


def test_a_new_system_without_a_rule_for_sudo_is_seen_to_have_booted(box: SshBox, agent: StandIn) -> None:
    def on_reboot() -> None:
        box.inside("sudo", 'echo "sudo: a password is required" >&2; exit 1')
        agent.rebuilt()

    box.inside("sudo", 'shift; exec "$@"')
    box.on_reboot = on_reboot
    done = trigger(agent, "--sudo", "--timeout", "5")
    assert done.code == 6
    assert "it has booted, but: sudo does not let the agent run" in done.out


def test_only_the_plans_own_token_confirms_it(box: SshBox, agent: StandIn) -> None:
    old = agent.token()
    agent.facts["target_mounts"] = "/, /boot, /srv"
    agent.boots()
    done = kickbuild(box, "trigger", "--confirm", old)
    assert done.code == 5
    assert "/, /boot, /srv" in done.err
    assert f"--confirm {agent.token()}" in done.err
    assert kickbuild(box, "trigger").code == 5
    assert kickbuild(box, "arm").code == 5
    assert kickbuild(box, "trigger", "--yes").code == 2
    assert agent.calls.count("arm") == 0
    assert kickbuild(box, "arm", "--confirm", agent.token()).code == 0
    assert agent.is_armed


def test_a_plan_that_changes_after_it_was_confirmed_is_void(agent: StandIn) -> None:
    agent.before("check", "sed 's/TARGET1/TARGET2/g' /control/check.json >/control/x; mv /control/x /control/next; "
                 "[ ! -f /control/second ] || cp /control/next /control/check.json; touch /control/second")  # fmt: skip
    done = trigger(agent)
    assert done.code == 5
    assert "no longer the one that was confirmed" in done.err
    assert agent.calls.count("arm") == 0


def test_two_at_once_for_one_box_are_one_too_many(box: SshBox, agent: StandIn) -> None:
    agent.before("check", HOLD)
    box.on_reboot = agent.rebuilt
    first = start(box, "trigger", "--confirm", agent.token(), *QUICK)
    until((box.control / "here").exists)
    second = trigger(agent)
    assert second.code == 5
    assert "another kickbuild is at work" in second.err
    (box.control / "go").touch()
    assert ended(first).code == 0


def test_ctrl_c_before_the_reboot_takes_it_back(box: SshBox, agent: StandIn) -> None:
    agent.before("arm", HOLD)
    process = start(box, "trigger", "--confirm", agent.token(), *QUICK)
    until((box.control / "here").exists)
    process.send_signal(signal.SIGINT)
    (box.control / "go").touch()
    done = ended(process)
    assert done.code == 130
    assert "it was disarmed and runs as before" in done.err
    assert "box1 was not rebooted" in done.err
    assert not agent.is_armed


def test_ctrl_c_after_the_reboot_says_how_to_go_on(box: SshBox, agent: StandIn) -> None:
    box.returns = False
    process = start(box, "trigger", "--confirm", agent.token(), "--json", *QUICK)
    assert process.stdout is not None
    told = ""
    while '"return"' not in told:
        told = process.stdout.readline().decode()
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert done.code == 130
    last = [json.loads(line) for line in done.out.splitlines()][-2:]
    assert "the box rebuilds on: `kickbuild wait box1`" in last[0]["text"]
    assert (last[1]["outcome"], last[1]["exit"]) == ("interrupted", 130)
    assert agent.calls.count("disarm") == 0


def test_killed_it_leaves_no_connection(box: SshBox, agent: StandIn) -> None:
    agent.before("check", HOLD)
    # What a killed run leaves behind is an empty directory; a socket's name in it must be short.
    with tempfile.TemporaryDirectory(prefix="k", dir="/tmp") as scratch:
        _killed(box, scratch)


def _killed(box: SshBox, scratch: str) -> None:
    process = start(box, "check", "-o", "ControlPersist=1", TMPDIR=scratch)
    until((box.control / "here").exists)
    process.kill()
    ended(process)
    (box.control / "go").touch()

    def clients() -> list[str]:
        home = f"HOME={box.client.home}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if home in (path / "environ").read_bytes():
                    found.append(path.name)
            except OSError:
                continue
        return found

    until(lambda: not clients())


@pytest.mark.parametrize(("typed", "code"), [("box1", 0), ("", 5), ("root@box1", 5)])
def test_the_boxs_name_is_typed_on_a_terminal(box: SshBox, agent: StandIn, typed: str, code: int) -> None:
    box.on_reboot = agent.rebuilt
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kickbuild", "trigger", "box1", "--ssh-config", box.client.config, *QUICK],
        env=box.client.environment(TERM="xterm", COLUMNS="80", LINES="24"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            asks = b"Type box1" in shown
            shown += chunk
            if b"Type box1" in shown and not asks:
                os.write(ours, f"{typed}\n".encode())
    except OSError:
        pass
    os.close(ours)
    assert process.wait(60) == code, shown
    assert (b"rebuilt in" in shown) == (code == 0)
    assert agent.calls.count("arm") == (1 if code == 0 else 0)


def test_a_box_under_a_directory_is_armed_and_disarmed_without_ssh(box: SshBox) -> None:
    shutil.rmtree(box.control)

    def here(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kickbuild", *words, "--root", box.root],
            env=box.client.environment() | {"PATH": f"{box.bin}:{os.environ['PATH']}"},
            capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    done = here("status", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "none"
    assert here("trigger").returncode == 2
    assert here("status", "local").returncode == 2
    assert here("status", "-o", "Port=1").returncode == 2
