"""Login scripts that talk: what they say is never taken for what the box answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from agent_standin import StandIn
from conftest import needs_root, needs_tools
from ssh_box import SSH_TOOLS, SshBox
from test_trigger import QUICK, kickbuild, trigger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.tools, needs_root(), needs_tools(*SSH_TOOLS)]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SshBox]:
    """Yield a box whose login script says something else each time, on its standard output."""
    with SshBox(tmp_path / "b") as box:
        shell = tmp_path / "b/shell"
        shell.write_text(shell.read_text().replace("PATH=", 'echo "Welcome! $$ {up}"\nPATH=', 1))
        yield box


def test_it_has_not_booted_because_it_greets_otherwise(box: SshBox) -> None:
    agent = StandIn(box)
    box.inside("systemctl", "exit 0")
    quick = ("--look-every", "0.05", "--leave-timeout", "1", "--timeout", "30")
    done = kickbuild(box, "trigger", "--confirm", agent.token(), *quick)
    assert done.code == 6, done.err
    assert "did not leave" in done.out
    assert "it was disarmed and runs as before" in done.out


def test_it_is_rebuilt_all_the_same(box: SshBox) -> None:
    agent = StandIn(box)
    box.on_reboot = agent.rebuilt
    assert trigger(agent).code == 0


def test_a_refusal_of_sudo_is_told(box: SshBox) -> None:
    StandIn(box)
    box.inside("sudo", "echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1")
    done = kickbuild(box, "trigger", "--sudo", *QUICK)
    assert done.code == 4, done.err
    assert "sudo does not let the agent run" in done.err
    assert "requiretty" in done.err
