"""The real Ansible on boxes behind real sshds: a fleet is checked whole, confirmed once, rebuilt batch after batch."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from agent_standin import ARMING, StandIn
from command import Done, kickbuild
from conftest import needs_root, needs_tools
from ssh_box import SSH_TOOLS, Client, SshBox

from kickbuild import resources
from kickbuild.agent import AGENT
from kickbuild.trigger.plan import fleet_token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.root, pytest.mark.tools, needs_root(), needs_tools(*SSH_TOOLS)]
HOOK = """\
- name: Note it
  ansible.builtin.raw: echo {word} {{{{ kickbuild_outcome }}}} >>/control/hooks
  changed_when: true
"""
#: What the sudo of a box does with the words that Ansible gives to it.
SUDO = """\
while :; do case $1 in -u) shift 2 ;; -*) shift ;; *) break ;; esac; done
echo "$SUDO_TEST" >>/control/sudo
exec "$@"
"""


@dataclass
class Fleet:
    """Boxes with an agent each, the user's side, and an inventory."""

    top: Path
    client: Client
    agents: dict[str, StandIn]
    inventory: Path
    sockets: str
    """A directory whose name is short enough for a socket in it."""

    def __getitem__(self, name: str) -> StandIn:
        return self.agents[name]

    @property
    def token(self) -> str:
        """The token of all plans."""
        return fleet_token_of(agent.token() for agent in self.agents.values())

    @property
    def calls(self) -> dict[str, list[str]]:
        """What each agent was asked beside the looks that change nothing, in order."""
        return {
            name: [call for call in agent.calls if call not in {"status", "check"}]
            for name, agent in self.agents.items()
        }

    def hooks(self, name: str) -> list[str]:
        """What the user's tasks have noted on a box."""
        path = self[name].box.control / "hooks"
        return path.read_text().splitlines() if path.exists() else []

    def report(self, name: str) -> dict[str, Any]:
        """The report of a host."""
        report: dict[str, Any] = json.loads((self.top / f"kickbuild-report/{name}.json").read_bytes())
        return report

    def write_inventory(self, **variables: Any) -> None:
        """Write the inventory; ``variables`` are the group's."""
        known = {
            "ansible_ssh_common_args": f"-F {self.client.config}",
            "ansible_ssh_transfer_method": "piped",
            "kickbuild_pause": 0.1,
            "kickbuild_leave": 30,
            "kickbuild_deadline": 60,
            "kickbuild_known_hosts": str(self.client.known_hosts),
        }
        group = {"vars": known | variables, "hosts": dict.fromkeys(self.agents)}
        self.inventory.write_text(yaml.safe_dump({"web": group}))

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a program of this environment on the user's side."""
        beside = str(Path(sys.executable).parent)
        return subprocess.Popen(
            [f"{beside}/{words[0]}", *words[1:]],
            cwd=self.top,
            env=self.client.environment(
                ANSIBLE_COLLECTIONS_PATH=str(self.top / "collections"),
                ANSIBLE_HOME=str(self.top / "ansible"),
                ANSIBLE_LOCALHOST_WARNING="false",
                ANSIBLE_SSH_CONTROL_PATH_DIR=self.sockets,
                PATH=f"{beside}:{os.environ['PATH']}",
                PWD=str(self.top),
                TMPDIR=str(self.top),
                LC_ALL="C.UTF-8",
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *words: str) -> Done:
        """Run it and wait."""
        return ended(self.start(*words))

    def kickbuild(self, command: str, *words: str) -> Done:
        """Run ``kickbuild fleet``."""
        return self.run("kickbuild", "fleet", command, str(self.inventory), *words)

    def playbook(self, name: str, *words: str) -> Done:
        """Run a playbook of the collection as a user of Ansible does."""
        return self.run("ansible-playbook", "-i", str(self.inventory), f"kickbuild.rebuild.{name}", *words)


def ended(process: subprocess.Popen[bytes]) -> Done:
    out, err = process.communicate(timeout=240)
    return Done(process.returncode, out.decode("utf-8", "strict"), err.decode("utf-8", "strict"))


@pytest.fixture
def sockets() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="kb-", dir="/tmp") as folder:
        yield folder


@pytest.fixture
def fleet(tmp_path: Path, sockets: str) -> Iterator[Fleet]:
    client = Client(tmp_path / "home")
    home = tmp_path / "collections/ansible_collections/kickbuild"
    home.mkdir(parents=True)
    (home / "rebuild").symlink_to(resources.collection())
    with contextlib.ExitStack() as stack:
        agents = {}
        for number in (1, 2, 3):
            name = f"web{number}"
            box = SshBox(tmp_path / name, name, client=client)
            agents[name] = StandIn(stack.enter_context(box))
            box.on_reboot = new_system(agents[name])
        fleet = Fleet(tmp_path, client, agents, tmp_path / "hosts.yml", sockets)
        fleet.write_inventory()
        yield fleet


def new_system(agent: StandIn) -> Callable[[], None]:
    """Return what happens at the reboot of a box whose rebuild goes well."""
    return lambda: agent.rebuilt(system_digest=agent.facts["digest"])


def until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it does not happen")


def test_a_fleet_is_planned_confirmed_rebuilt_and_resumed(fleet: Fleet) -> None:
    for word in ("drain", "undrain"):
        (fleet.top / f"{word}.yml").write_text(HOOK.format(word=word))
    hooks = {f"kickbuild_{word}_tasks": str(fleet.top / f"{word}.yml") for word in ("drain", "undrain")}
    fleet.write_inventory(**hooks)
    batches = ("--batches", "1,100%")
    plan = fleet.kickbuild("plan", "--json", *batches)
    assert plan.code == 0, plan.err
    assert plan.json["token"] == fleet.token
    assert plan.json["batches"] == [["web1"], ["web2", "web3"]]
    assert [row["target_words"] for row in plan.json["hosts"]] == ["serial = TARGET1"] * 3
    assert fleet.calls == {"web1": [], "web2": [], "web3": []}
    assert not (fleet.top / "kickbuild-report").exists()

    wrong = fleet.kickbuild("run", "--confirm", "0" * 12)
    assert (wrong.code, wrong.out) == (5, "")
    assert f"--confirm {fleet.token}" in wrong.err
    assert fleet.calls == {"web1": [], "web2": [], "web3": []}

    # web2 keeps no host key: its new one is proven by its stamp, and takes the old one's place.
    old_key = fleet["web2"].box.host_key.with_suffix(".pub").read_text().split()[1]

    def with_another_key() -> None:
        new_system(fleet["web2"])()
        fleet["web2"].box.new_host_key()

    fleet["web2"].box.on_reboot = with_another_key
    token = fleet.token
    done = fleet.kickbuild("run", "--confirm", token, *batches)
    assert (done.code, done.out) == (0, "web1: rebuilt\nweb2: rebuilt\nweb3: rebuilt\n"), done.err
    assert fleet.calls == {"web1": ["arm"], "web2": ["arm"], "web3": ["arm"]}
    lines = done.err.splitlines()
    first_rebuilt = next(number for number, line in enumerate(lines) if "web1: rebuilt in" in line)
    assert not [line for line in lines[:first_rebuilt] if "web2: armed" in line or "web3: armed" in line]
    for name in fleet.agents:
        assert fleet.hooks(name) == ["drain waiting", "undrain rebuilt"]
        report = fleet.report(name)
        assert (report["outcome"], report["run"], report["id"]) == ("rebuilt", token, ARMING)
        assert (fleet.top / f"kickbuild-report/{name}.json").stat().st_mode & 0o777 == 0o600
    summary = json.loads((fleet.top / "kickbuild-report/_summary.json").read_bytes())
    assert summary["outcomes"] == {"rebuilt": 3}
    known = fleet.client.known_hosts.read_text()
    new_key = fleet["web2"].box.host_key.with_suffix(".pub").read_text().split()[1]
    assert old_key not in known, (fleet.report("web2"), done.err)
    assert new_key in known

    # The run is resumed, as after a power cut before the last report: nothing is rebuilt, what is left is done.
    path = fleet.top / "kickbuild-report/web3.json"
    path.write_text(json.dumps(fleet.report("web3") | {"outcome": "rebooting"}))
    again = fleet.kickbuild("run", "--resume", token, *batches)
    assert (again.code, again.out) == (0, "web1: rebuilt\nweb2: rebuilt\nweb3: rebuilt\n"), again.err
    assert fleet.calls == {"web1": ["arm"], "web2": ["arm"], "web3": ["arm"]}
    assert [len(fleet.hooks(name)) for name in fleet.agents] == [2, 2, 3]
    assert fleet.report("web3")["outcome"] == "rebuilt"


def test_the_canary_stops_the_rest(fleet: Fleet) -> None:
    canary = fleet["web1"]
    reason = "no disk is the one to erase\x1b[2J {{ 7 * 7 }}"
    canary.box.on_reboot = lambda: canary.boots(last="refused", last_id=ARMING, last_reason=reason)
    done = fleet.playbook("reimage", "-e", f"kickbuild_confirm={fleet.token}")
    assert done.code != 0
    assert fleet.calls == {"web1": ["arm"], "web2": [], "web3": []}
    report = fleet.report("web1")
    assert report["outcome"] == "old-system"
    # What a box says is data: it commands no terminal, and is no template.
    assert "no disk is the one to erase?[2J {{ 7 * 7 }}" in report["why"]
    assert "\x1b" not in done.out + done.err
    assert not (fleet.top / "kickbuild-report/web2.json").exists()


def test_batches_are_those_of_the_plan(fleet: Fleet) -> None:
    """A play does not read its batches from the inventory; what would go otherwise than it was shown does not go."""
    fleet.write_inventory(kickbuild_serial=[3])
    done = fleet.playbook("reimage", "-e", f"kickbuild_confirm={fleet.token}")
    assert done.code != 0
    assert "must be extra variables" in " ".join(done.out.split())
    assert fleet.calls == {"web1": [], "web2": [], "web3": []}


def test_no_box_of_a_batch_reboots_before_all_are_armed(fleet: Fleet) -> None:
    for word in ("drain", "undrain"):
        (fleet.top / f"{word}.yml").write_text(HOOK.format(word=word))
    hooks = {f"kickbuild_{word}_tasks": str(fleet.top / f"{word}.yml") for word in ("drain", "undrain")}
    fleet.write_inventory(ansible_become=True, **hooks)
    for agent in fleet.agents.values():
        agent.box.inside("sudo", SUDO)
    token = fleet.token
    # Its disk is pulled in the very last moment.
    fleet["web2"].refuses("arm", "target.none", "no disk of this box is the one to erase")
    boots = {
        name: agent.box.path("/proc/sys/kernel/random/boot_id").read_text() for name, agent in fleet.agents.items()
    }
    extra = json.dumps({"kickbuild_confirm": token, "kickbuild_serial": [2]})
    done = fleet.playbook("reimage", "-e", extra)
    assert done.code != 0
    assert fleet.calls == {"web1": ["arm", "disarm"], "web2": ["arm", "disarm"], "web3": []}
    assert not fleet["web1"].is_armed
    for name, agent in fleet.agents.items():
        assert agent.box.path("/proc/sys/kernel/random/boot_id").read_text() == boots[name]
    assert fleet.hooks("web1") == fleet.hooks("web2") == ["drain waiting", "undrain not-rebuilt"]
    assert "no disk of this box is the one to erase" in fleet.report("web2")["why"]
    assert (fleet["web1"].box.control / "sudo").exists()
    assert fleet.report("web1")["outcome"] == "not-rebuilt"


def test_a_fleet_is_refused_with_every_reason_at_once(fleet: Fleet) -> None:
    fleet["web1"].refuses("check", "file.changed", "ks.cfg is not the one that was prepared", code=1)
    fleet["web2"].says_bytes("check", b'{"schema": 1, "command": {}}\n')
    fleet["web3"].box.stop()
    refused = fleet.kickbuild("run", "--confirm", "0" * 12, "--protect", "web")
    assert refused.code == 5
    for text in (
        "web1: file.changed: ks.cfg is not the one that was prepared",
        "web2: web2: the answer is not the agent's",
        "web3: ",
        "group web: the play would take all of it at once (3 hosts)",
    ):
        assert text in refused.err, refused.err
    assert "Traceback" not in refused.err
    assert fleet.calls == {"web1": [], "web2": [], "web3": []}


def test_what_is_armed_is_taken_back(fleet: Fleet) -> None:
    for name in ("web1", "web2"):
        fleet[name].says("status", command="status", state="armed", id=ARMING)
    fleet["web3"].says("disarm", summary="nothing is armed")
    done = fleet.kickbuild("disarm", "--json")
    assert (done.code, done.json["disarmed"]) == (0, True), done.err
    assert fleet.calls == {"web1": ["disarm"], "web2": ["disarm"], "web3": ["disarm"]}

    # Ctrl-C while two of a batch are armed and the third is not yet: what was armed is disarmed.
    fleet["web3"].before("arm", "while [ -e /control/hold ]; do sleep 0.1; done")
    (fleet["web3"].box.control / "hold").touch()
    for agent in fleet.agents.values():
        agent.boots()
    token = fleet.token
    process = fleet.start("kickbuild", "fleet", "run", str(fleet.inventory), "--confirm", token, "--batches", "3")
    until(lambda: fleet["web1"].is_armed and fleet["web2"].is_armed and "arm" in fleet["web3"].calls)
    process.send_signal(signal.SIGINT)
    stopped = ended(process)
    (fleet["web3"].box.control / "hold").unlink()
    assert stopped.code == 130, stopped.err
    assert not any(fleet[name].is_armed for name in ("web1", "web2")), (stopped.err, fleet.calls)


def test_what_cannot_be_taken_back_is_said(fleet: Fleet) -> None:
    fleet["web1"].before("arm", "while [ -e /control/hold ]; do sleep 0.1; done")
    (fleet["web1"].box.control / "hold").touch()
    process = fleet.start("kickbuild", "fleet", "run", str(fleet.inventory), "--confirm", fleet.token)
    until(lambda: "arm" in fleet["web1"].calls)
    fleet.inventory.unlink()
    process.send_signal(signal.SIGINT)
    stopped = ended(process)
    (fleet["web1"].box.control / "hold").unlink()
    assert stopped.code == 6, stopped.err
    assert "web1: may be armed" in stopped.err
    assert "web2" not in stopped.err.partition("may be armed")[2]


def test_an_inventory_of_nobody_is_no_fleet(tmp_path: Path) -> None:
    """Ansible ends well where it has asked nobody; a fleet that may be armed is not told that it is disarmed."""
    (tmp_path / "empty.yml").write_text("web: {hosts: {}}\n")
    (tmp_path / "broken.yml").write_text("web: [\n")
    (tmp_path / "good.yml").write_text("web: {hosts: {web1: {ansible_connection: local}}}\n")
    environment = {"ANSIBLE_HOME": str(tmp_path / "ansible"), "ANSIBLE_FORCE_COLOR": "1"}
    for command, sources, code, said in (
        ("disarm", ["missing.yml"], 6, "missing.yml"),
        ("disarm", ["empty.yml"], 2, "empty.yml names no host"),
        ("disarm", ["good.yml", "--limit", "x\x1b[2J"], 6, "no hosts to target"),
        ("plan", ["good.yml", "--ansible", "--bogus"], 6, "unrecognized arguments: --bogus"),
        ("plan", ["good.yml", "broken.yml"], 6, "broken.yml"),
    ):
        done = kickbuild("fleet", command, *sources, cwd=tmp_path, **environment)
        assert (done.code, done.out) == (code, ""), (sources, done)
        assert said in done.err, done.err
        assert "\x1b" not in done.err
        # Ansible paints what it says.
        assert "?[0" not in done.err, done.err


def test_kickstarts_are_validated_by_the_collection(fleet: Fleet) -> None:
    (fleet.top / "bad.ks").write_text("clearpart --all\nrootpw secret\n")
    play = {
        "hosts": "web1",
        "gather_facts": False,
        "tasks": [
            {"kickbuild.rebuild.kickstart_validate": {"paths": ["bad.ks"], "fail_on": "never"}, "register": "found"},
            {"ansible.builtin.assert": {"that": "'KB101' in (found.report.findings | map(attribute='code'))"}},
            {"kickbuild.rebuild.kickstart_validate": {"content": "lang en\nclearpart --all\n", "release": "rhel9"}},
        ],
    }
    (fleet.top / "play.yml").write_text(yaml.safe_dump([play]))
    done = fleet.run("ansible-playbook", "-i", str(fleet.inventory), "play.yml")
    assert done.code != 0
    assert "content:2: " in done.out
    assert "ok=2 " in done.out
    assert "failed=1" in done.out


def test_the_agent_itself_arms_and_disarms_a_fleet(tmp_path: Path, sockets: str) -> None:
    """With the real agent: check mode changes nothing, arming twice is arming once, and disarming is to the byte."""
    client = Client(tmp_path / "home")
    home = tmp_path / "collections/ansible_collections/kickbuild"
    home.mkdir(parents=True)
    (home / "rebuild").symlink_to(resources.collection())
    with SshBox(tmp_path / "web1", "web1", client=client) as box:
        fleet = Fleet(tmp_path, client, {"web1": StandIn(box)}, tmp_path / "hosts.yml", sockets)
        box.fill_drive()
        fleet.write_inventory()
        before = box.tree()
        shown = fleet.playbook("reimage", "--check", "--diff")
        assert shown.code == 0, shown.out + shown.err
        assert "+put the entry kickbuild-web into /boot/grub2/custom.cfg" in shown.out
        assert box.tree() == before

        arm = {"kickbuild.rebuild.rebuild_arm": {"token": "{{ info.token }}"}}
        play = {
            "hosts": "web1",
            "gather_facts": False,
            "tasks": [
                {"kickbuild.rebuild.rebuild_info": {}, "register": "info"},
                {**arm, "register": "first"},
                {**arm, "register": "second"},
                {"ansible.builtin.assert": {"that": ["first.changed", "not second.changed", "first.id == second.id"]}},
                {"kickbuild.rebuild.rebuild_boot": {"id": "0" * 32}, "register": "other", "ignore_errors": True},
                {"ansible.builtin.assert": {"that": ["other.failed", "'is not armed with' in other.msg"]}},
            ],
        }
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
        done = fleet.run("ansible-playbook", "-i", str(fleet.inventory), "play.yml")
        assert done.code == 0, done.out
        assert box.next_boot() == "kickbuild-web"

        assert fleet.playbook("disarm").code == 0
        assert box.tree() == before
        # With no agent on the drive, kickbuild's own goes over ssh.
        agent = box.drive / AGENT.strip("/")
        program = agent.read_bytes()
        agent.unlink()
        again = fleet.playbook("disarm")
        assert (again.code, "changed=0 " in again.out) == (0, True), again.out
        agent.write_bytes(program)
        assert box.tree() == before
        assert list((box.root / "tmp").iterdir()) == []

        # The same box as a system that is mounted here: kickbuild's own agent is put there, and taken away again.
        shell = tmp_path / "sh"
        shell.write_text(f'#!/bin/sh\nPATH={box.bin}:{os.environ["PATH"]}\nexport PATH\nexec /bin/sh "$@"\n')
        shell.chmod(0o755)
        root = {"ansible_connection": "local", "kickbuild_root": str(box.root)}
        fleet.write_inventory(ansible_shell_executable=str(shell), ansible_remote_tmp=str(tmp_path / "remote"), **root)
        plan = fleet.kickbuild("plan", "--json")
        assert plan.code == 0, plan.err
        assert [row["target"] for row in plan.json["hosts"]] == ["sda"]
        assert list((tmp_path / "remote").iterdir()) == []
        assert box.tree() == before
