"""The commands for a box, run by every shell that a box may have."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from agent_box import SHELLS
from command import wait_for

from kickbuild.trigger import remote

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = (
    *(remote.RUN_FROM_DRIVE, remote.RUN_PUSHED, remote.REBOOT, remote.REBOOT_THIS, remote.BOOT_ID),
    *(remote.with_ticket(remote.RUN_PUSHED, command) for command in ("arm", "disarm")),
    remote.later(remote.REBOOT, 2),
)
ECHO = b"""main() { printf '%s\\n' "$*"; exit 5; }\nmain "$@"\n"""


def run(shell: str, program: str, *words: str, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*shlex.split(shell), "-c", program, "kickbuild", *words],
        input=stdin,
        capture_output=True,
        env={"PATH": os.environ["PATH"], **more},
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_command_passes_through_any_login_shell(program: str) -> None:
    assert "\n" not in program
    assert "'" not in program
    assert "!" not in program
    # fish reads that within single quotes.
    assert "\\\\" not in program
    assert program.isascii()
    assert shlex.split(remote.remote_command(program, ["check", "--json"]))[-4:] == [
        *(program, "kickbuild", "check", "--json"),
    ]


@pytest.mark.parametrize("program", PROGRAMS)
def test_shellcheck_has_nothing_to_say(program: str) -> None:
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-"], input=f"{program}\n", text=True, capture_output=True, check=False
    )
    assert done.stdout == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_pushed_agent_runs_with_its_words_and_leaves_nothing(shell: str, tmp_path: Path) -> None:
    scratch = tmp_path / "a $(touch x) 'b\" c"
    scratch.mkdir()
    sha256 = subprocess.run(["sha256sum"], input=ECHO, capture_output=True, check=True).stdout.split()[0].decode()
    done = run(shell, remote.RUN_PUSHED, sha256, "check", "--json", stdin=ECHO, TMPDIR=str(scratch))
    assert (done.stdout, done.stderr, done.returncode) == (b"check --json\n", b"", 5)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_an_agent_that_arrives_cut_off_does_not_run(shell: str, tmp_path: Path) -> None:
    sha256 = subprocess.run(["sha256sum"], input=ECHO, capture_output=True, check=True).stdout.split()[0].decode()
    done = run(shell, remote.RUN_PUSHED, sha256, "arm", stdin=ECHO[:-9], TMPDIR=str(tmp_path))
    assert (done.stdout, done.returncode) == (b"", remote.DAMAGED)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_runs(tmp_path: Path) -> None:
    done = run("sh", remote.RUN_PUSHED, "0" * 64, "arm", stdin=ECHO, TMPDIR=str(tmp_path / "none"))
    assert done.returncode == remote.NO_ROOM


@pytest.mark.parametrize("shell", SHELLS)
def test_the_agent_of_the_one_mounted_drive_is_found(shell: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    program = remote.RUN_FROM_DRIVE.replace("/proc/mounts", shlex.quote(str(mounts)))
    for name in ("one", "two"):
        (tmp_path / name / "kickbuild").mkdir(parents=True)
        (tmp_path / name / "kickbuild/agent").write_bytes(ECHO)
        (tmp_path / name / "kickbuild/manifest.json").touch()
    other = "proc /proc proc rw 0 0\n/dev/sda1 / xfs rw 0 0\n"
    mounts.write_text(f"{other}/dev/sdb1 {tmp_path}/one ext4 rw 0 0\n")
    done = run(shell, program, "status", "--json")
    assert (done.stdout, done.returncode) == (b"status --json\n", 5)
    for text in (other, f"/dev/sdb1 {tmp_path}/one ext4 rw 0 0\n/dev/sdc1 {tmp_path}/two ext4 rw 0 0\n"):
        mounts.write_text(text)
        assert run(shell, program, "status").returncode == remote.NO_AGENT


@pytest.mark.parametrize("shell", SHELLS)
def test_an_arming_that_comes_after_it_was_taken_back_does_nothing(shell: str, tmp_path: Path) -> None:
    arm, disarm = (remote.with_ticket('echo "$*"', c).replace("r=/run", f"r={tmp_path}/run") for c in ("arm", "disarm"))
    (tmp_path / "run").mkdir()
    assert run(shell, arm, "t1", "arm", "--json").stdout == b"arm --json\n"
    assert run(shell, disarm, "t1", "disarm").stdout == b"disarm\n"
    for _ in range(2):
        assert run(shell, disarm, "t2", "disarm").stdout == b"disarm\n"
    late = run(shell, arm, "t2", "arm", "--json")
    assert (late.returncode, late.stdout) == (remote.WITHDRAWN, b"")


@pytest.mark.parametrize("shell", SHELLS)
def test_no_other_boot_is_told_to_reboot(shell: str) -> None:
    assert remote.REBOOT_THIS.endswith(remote.REBOOT)
    program = remote.REBOOT_THIS.removesuffix(remote.REBOOT) + "echo reboots"
    boot = run(shell, remote.BOOT_ID).stdout.decode().strip()
    for other in ([], ["*"], [boot[:-1]], [f"{boot}0"]):
        done = run(shell, program, *other)
        assert (done.returncode, done.stdout) == (remote.OTHER_BOOT, b"")
    assert run(shell, program, boot).stdout == b"reboots\n"


def test_sudo_never_asks() -> None:
    assert remote.remote_command(remote.REBOOT, sudo=True).startswith("sudo -n sh -c '")


@pytest.mark.parametrize("word", ["web;reboot", "a b", "$x", "", "a'b", "--json\n"])
def test_no_word_is_more_than_a_word(word: str) -> None:
    with pytest.raises(ValueError, match="no word of a remote command"):
        remote.remote_command(remote.RUN_PUSHED, ["check", word])


def test_the_words_of_an_agent() -> None:
    assert remote.agent_words("arm", profile="web", dry_run=True) == ["arm", "--json", "--profile", "web", "--dry-run"]
    assert remote.agent_words("check", full=True) == ["check", "--json", "--full"]


def test_the_pushed_agent_is_this_kickbuilds_own() -> None:
    agent, sha256 = remote.pushed_agent()
    done = subprocess.run(["sha256sum"], input=agent, capture_output=True, check=True)
    assert done.stdout.split()[0].decode() == sha256
    done = run("sh", remote.RUN_PUSHED, sha256, "--version", stdin=agent)
    assert done.stdout.startswith(b"kickbuild agent ")
    assert json.dumps(remote.agent_words("status")) == '["status", "--json"]'


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_begun_for_later_outlives_its_terminal(shell: str, tmp_path: Path) -> None:
    """A session that ends hangs up whatever it began: also what has not come to run yet."""
    places = [tmp_path / str(number) for number in range(40)]
    for place in places:
        end_of_session(shell, remote.later(f"touch {place}", 0))
    wait_for(lambda: all(place.exists() for place in places), seconds=60)


def end_of_session(shell: str, program: str) -> None:
    """Run a program in a session with a terminal of its own, and take the terminal away when it ends."""
    child, terminal = pty.fork()
    if child == 0:
        words = [*shlex.split(shell), "-c", program, "kickbuild"]
        os.execvp(words[0], words)
    os.waitpid(child, 0)
    os.close(terminal)
