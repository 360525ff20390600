"""The whole way with the agent itself: from the workstation, by ssh, to made-up boxes of each release's layout."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from agent_box import EL6, EL7, Layout
from conftest import needs_root, needs_tools
from ssh_box import SSH_TOOLS, SshBox
from test_trigger import QUICK, kickbuild

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.tools, needs_root(), needs_tools(*SSH_TOOLS)]


def install(box: SshBox, outcome: str, reason: str = "") -> None:
    """Do what the installer does to the drive and the system, and come back."""
    booted = box.next_boot()
    state = (box.drive / "kickbuild/armed.state").read_text()
    found = re.search(r"(?m)^id=([0-9a-f]{32})$", state)
    assert booted == "kickbuild-web"
    assert found is not None
    lines = [
        *("schema=1", f"id={found[1]}", "profile=web", f"digest={'d' * 64}", f"release={box.layout.release}"),
        *("kickbuild=0.0.0", f"outcome={outcome}", "started=2026-01-01T00:00:00Z", "ended=2026-01-01T00:14:00Z"),
        f"reason={reason}",
    ]
    text = "\n".join(lines) + "\n"
    (box.drive / "kickbuild/web/rebuild.state").write_text(text)
    if outcome == "installed":
        box.write("/etc/kickbuild-release", text)
    if box.layout.loader != "grub-legacy":
        env = box.path(box.layout.env)
        env.write_bytes(env.read_bytes().replace(b"next_entry=kickbuild-web\n", b"next_entry=\n" + b"#" * 13))


@pytest.mark.parametrize("layout", [EL7, EL6], ids=lambda layout: layout.name)
def test_a_box_of_each_layout_is_rebuilt(tmp_path: Path, layout: Layout) -> None:
    with SshBox(tmp_path / "b", layout=layout) as box:
        box.on_reboot = lambda: install(box, "installed")
        plan = kickbuild(box, "trigger", "--plan", "--json")
        assert plan.code == 0, plan.err
        assert (plan.json["name"], plan.json["target_serial"], plan.json["loader"]) == (
            "box1",
            "TARGET1",
            layout.loader,
        )
        done = kickbuild(box, "trigger", "--confirm", plan.json["token"], *QUICK)
        assert done.code == 0, done.err
        assert "rebuilt in" in done.out
        # The same command once more, from a shell's history, wipes nothing.
        assert kickbuild(box, "trigger", "--confirm", plan.json["token"], *QUICK).code == 5
        assert list((box.root / "tmp").iterdir()) == []


def test_a_refused_rebuild_tells_its_reason_and_can_be_cleared(tmp_path: Path) -> None:
    with SshBox(tmp_path / "b") as box:
        before = box.tree("/boot", "/etc")
        box.on_reboot = lambda: install(box, "refused", "no disk has the serial TARGET1")
        token = kickbuild(box, "trigger", "--plan", "--json").json["token"]
        done = kickbuild(box, "trigger", "--confirm", token, *QUICK)
        assert done.code == 1, done.err
        assert "no disk has the serial TARGET1" in done.out
        status = kickbuild(box, "status", "--json").json
        assert (status["state"], status["last"]) == ("spent", "refused")
        assert "`kickbuild disarm box1` takes out what is left" in done.err
        report = kickbuild(box, "report")
        assert report.code == 0
        assert "no disk has the serial TARGET1" in report.out
        assert kickbuild(box, "disarm").code == 0
        assert box.next_boot() == "old"
        assert set(box.tree("/boot", "/etc")) == set(before)


def test_arm_and_disarm_leave_the_box_as_it_was(tmp_path: Path) -> None:
    with SshBox(tmp_path / "b") as box:
        before = box.tree()
        token = kickbuild(box, "trigger", "--plan", "--json").json["token"]
        done = kickbuild(box, "arm", "--confirm", token, "--json")
        assert done.code == 0, done.err
        assert len(json.loads(done.out)["id"]) == 32
        assert box.next_boot() == "kickbuild-web"
        again = kickbuild(box, "trigger", "--plan")
        assert "armed.earlier" in again.out
        assert kickbuild(box, "disarm").code == 0
        assert box.tree() == before
