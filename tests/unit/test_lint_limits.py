"""What is hostile, broken or endless costs a bounded time and memory, and ends in words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kickbuild.cli.main import run as kickbuild
from kickbuild.errors import ExitCode, UsageError
from kickbuild.lint.bounded import TooMuchError, bounded
from kickbuild.lint.config import find_config
from kickbuild.lint.discover import find_files
from kickbuild.lint.engine import Settings, check
from kickbuild.lint.grammar import MOST_PACKAGES, grammar_problems
from kickbuild.lint.read import Reading, read_kickstart
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import make_source
from kickbuild.run import run

RHEL9 = choose_release("rhel9")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'a' * 10**10 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ [1] * 10**9 }}",
    ],
)
def test_a_template_that_takes_too_much_is_one_finding(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("web.ks.j2").write_text(f"lang x\n{template}\n")
    Path("v.json").write_text("{}")
    assert kickbuild(["validate", "web.ks.j2", "--vars", "v.json", "--json"]) == ExitCode.FINDINGS
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["code"] == "KB706"
    assert "too much time or memory" in finding["message"]


def test_work_in_a_process_of_its_own_gives_bytes_or_an_error() -> None:
    assert bounded(lambda: b"x" * 1_000_000) == b"x" * 1_000_000
    with pytest.raises(TooMuchError):
        bounded(lambda: bytes(10**10))
    with pytest.raises(TooMuchError):
        bounded(lambda: b"%d" % (1 // 0))
    with pytest.raises(TooMuchError):
        bounded(lambda: b"%d" % sum(1 for _ in iter(int, 1)), seconds=1)


@pytest.mark.parametrize("option", ["--vars", "--baseline"])
@pytest.mark.parametrize("kind", ["device", "fifo"])
def test_no_file_of_ours_is_read_from_what_has_no_end(
    option: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.ks").write_text("lang x\n{{ x }}\n")
    os.mkfifo("fifo")
    assert kickbuild(["validate", "a.ks", option, "/dev/zero" if kind == "device" else "fifo"]) == ExitCode.INPUT
    assert "is no regular file" in capsys.readouterr().err


def test_a_name_that_is_too_long_or_odd_is_not_there() -> None:
    for name in ("a" * 5000, "a\0b"):
        with pytest.raises(UsageError):
            find_files([name])


@pytest.mark.skipif(os.geteuid() != 0, reason="takes another user's identity")
def test_what_may_not_be_entered_is_said(tmp_path: Path) -> None:
    # Who is not root: in a process of its own, which can enter the directories down to here.
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)
    (locked / "a.ks").write_text("lang x\n")

    def said(name: str) -> bytes:
        os.setegid(65534)
        os.seteuid(65534)
        assert find_config(Path("locked")) is None
        with pytest.raises(UsageError) as caught:
            find_files([name])
        return str(caught.value).encode()

    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)
    for name in ("locked", "locked/a.ks", "."):
        assert b"cannot be read: Permission denied" in bounded(lambda name=name: said(name))  # type: ignore[misc]


def test_the_grammar_is_asked_about_no_more_packages_than_it_can_take() -> None:
    text = "%packages\n" + "".join(f"p{number}\n" for number in range(MOST_PACKAGES)) + "-@^x y\n--foo\n%end\n"
    kickstart = read_kickstart(make_source("x.ks", text.encode()), Reading(release=RHEL9))
    assert grammar_problems(kickstart) == ()
    found = check(kickstart.source, Settings(release=RHEL9, shellcheck=False))
    assert [finding.code for finding in found.findings if "5000 lines" in finding.message] == ["KB712"]


def test_a_program_gets_no_more_memory_than_it_may_fill() -> None:
    program = "x = bytearray(600 * 1024 * 1024)"
    assert run([sys.executable, "-c", program], check=False).code == 0
    assert run([sys.executable, "-c", program], check=False, memory=256 * 1024 * 1024).code != 0


def test_no_worker_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "bash").write_text(f"#!/bin/sh\necho $PPID >> {tmp_path}/workers\nexec sleep 8\n")
    (tools / "bash").chmod(0o755)
    for number in range(16):
        (tmp_path / f"{number}.ks").write_text("%post\nx\n%end\n")
    words = [sys.executable, "-m", "kickbuild", "validate", "--no-shellcheck", "--jobs", "2", "."]
    environment = os.environ | {"PATH": f"{tools}:/usr/bin:/bin"}
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) as process:
        workers = tmp_path / "workers"
        while process.poll() is None and not (workers.exists() and workers.read_text().count("\n")):
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    for pid in set(workers.read_text().split()):
        assert int(pid) != process.pid
        while Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
            time.sleep(0.05)


@pytest.mark.parametrize("path", ["/etc/shadow", "/sys/x", "/proc/self/environ", "/dev/zero"])
def test_the_installers_own_files_are_not_looked_for_here(path: str) -> None:
    found = check(make_source("x.ks", f"%include {path}\n".encode()), Settings(release=RHEL9))
    assert {finding.file for finding in found.findings} == {"x.ks"}
    assert len(found.findings) == 1
