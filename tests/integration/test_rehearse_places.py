"""Rehearsals that would write to their drive, that somebody disturbs, or whose tools tell nonsense."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command import environment, kickbuild, wait_for
from conftest import needs_tools
from rehearsed import TOOLS, fake_qemu, make_drive, pids

if TYPE_CHECKING:
    from command import Done

pytestmark = needs_tools(*TOOLS)

PLAYED = "sys.exit('played')"
ONE = ("--accel", "tcg", "--scenario", "normal")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_drive(tmp_path_factory.mktemp("drive"))


@pytest.fixture
def drive(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "drive.img"))


def rehearse(drive: Path, place: Path, body: str, *words: str | Path) -> Done:
    return kickbuild("rehearse", drive, *ONE, *words, PATH=fake_qemu(place / "bin", body))


def program(place: Path, name: str, text: str) -> None:
    """Put a program in the place of another one."""
    (place / "bin").mkdir(exist_ok=True)
    (place / "bin" / name).write_text(text)
    (place / "bin" / name).chmod(0o755)


def test_no_result_takes_the_place_of_the_drive_or_of_what_is_no_file(drive: Path, tmp_path: Path) -> None:
    before = drive.read_bytes()
    (tmp_path / "link.img").symlink_to(drive)
    os.mkfifo(tmp_path / "pipe")
    page = tmp_path / "report/index.html"
    page.parent.mkdir()
    os.link(drive, page)
    for of, words in (
        (drive, ["--junit", drive]),
        (drive, ["--junit", tmp_path / "link.img"]),
        (tmp_path / "link.img", ["--junit", drive]),
        (tmp_path / "link.img", ["--junit", tmp_path / "link.img"]),
        (drive, ["--junit", tmp_path / "pipe"]),
        (drive, ["--junit", "/dev/stdout"]),
        (page, ["--report", page.parent]),
    ):
        done = rehearse(of, tmp_path, PLAYED, *words)
        assert done.code == 2, done.err
    assert drive.read_bytes() == before
    assert page.samefile(drive)
    assert (tmp_path / "link.img").is_symlink()
    assert pids(tmp_path / "bin") == []


def test_nothing_is_written_into_a_directory_that_is_the_drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = tmp_path / "files"
    (files / "kickbuild").mkdir(parents=True)
    (tmp_path / "way").symlink_to(files)
    for option, place in (("--report", files / "a/b"), ("--junit", tmp_path / "way/x.xml"), ("--work", files)):
        assert rehearse(files, tmp_path, PLAYED, option, place).code == 2
    monkeypatch.setenv("TMPDIR", str(tmp_path / "way"))
    assert rehearse(files, tmp_path, PLAYED).code == 2
    assert [path.name for path in files.iterdir()] == ["kickbuild"]


def test_a_place_that_may_not_be_looked_at_is_told(drive: Path, tmp_path: Path) -> None:
    done = rehearse(drive, tmp_path, PLAYED, "--junit", drive / "x.xml")
    assert done.code in {2, 6}
    assert "Traceback" not in done.err


def test_a_pipe_is_no_drive_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert rehearse(tmp_path / "pipe", tmp_path, PLAYED).code == 3
    assert kickbuild("verify", tmp_path / "pipe").code == 3


@pytest.mark.parametrize(
    "change",
    [
        "open({!r}, 'r+b').write(b'x')",
        "os.truncate({!r}, 4096)",
        "os.unlink({!r})",
        "os.rename({!r}, {!r} + '.old'); open({!r}, 'wb').write(b'x')",
    ],
    ids=["written", "cut", "gone", "another"],
)
def test_a_drive_that_somebody_changes_meanwhile_proves_nothing(drive: Path, tmp_path: Path, change: str) -> None:
    body = change.replace("{!r}", repr(str(drive))) + "; " + PLAYED
    done = rehearse(drive, tmp_path, body, "--json")
    assert done.code == 7, done.err
    assert "could not be played to its end" in done.json["scenarios"][0]["said"]
    assert str(drive) in done.json["scenarios"][0]["said"]


def test_a_drive_is_not_prepared_while_it_is_rehearsed(made: Path, drive: Path, tmp_path: Path) -> None:
    body = f"time.sleep(1)\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.05)\n"
    argv: list[str | Path] = [sys.executable, "-m", "kickbuild", "rehearse", drive, *ONE, "-q"]
    with subprocess.Popen(argv, env=environment(PATH=fake_qemu(tmp_path / "bin", body))) as running:
        wait_for(lambda: pids(tmp_path / "bin"))
        prepare = kickbuild("prepare", made.parent / "web.toml", "--image", drive, "--recheck")
        (tmp_path / "go").touch()
    assert prepare.code == 5
    assert "another kickbuild is at work" in prepare.err
    assert running.returncode == 7


def test_a_scenario_that_cannot_be_played_leaves_the_others_what_they_told(drive: Path, tmp_path: Path) -> None:
    """A tool fails at the byte of `corrupt`, when `normal` is over."""
    program(tmp_path, "qemu-io", "#!/bin/sh\necho no room >&2\nexit 1\n")
    done = rehearse(drive, tmp_path, PLAYED, "--scenario", "corrupt", "--jobs", "1", "--json")
    assert done.code == 7, done.err
    normal, corrupt = (scenario["said"] for scenario in done.json["scenarios"])
    assert "played" in normal
    assert "could not be played to its end: qemu-io failed with status 1: no room" in corrupt


@pytest.mark.parametrize(
    "said", [b"garbage", b"[1]", b'"id"', b'{"event": "SHUTDOWN", "data": 5}', b"\xff\xfe", b"[" * 200_000]
)
def test_a_control_channel_that_says_nonsense_is_told(drive: Path, tmp_path: Path, said: bytes) -> None:
    done = rehearse(drive, tmp_path, f"control.sendall({said!r} + b'\\n'); time.sleep(60)", "--json")
    assert done.code == 7, done.err
    assert "not QMP" in done.json["scenarios"][0]["said"]


@pytest.mark.parametrize("said", ["garbage", '[{"x": 1}]', "5"])
def test_a_map_of_a_disk_that_is_nonsense_is_told(drive: Path, tmp_path: Path, said: str) -> None:
    real = shutil.which("qemu-img")
    program(tmp_path, "qemu-img", f"#!/bin/sh\n[ $1 = map ] && {{ echo '{said}'; exit; }}\nexec {real} \"$@\"\n")
    done = rehearse(drive, tmp_path, PLAYED, "--json")
    assert done.code == 7, done.err
    assert "qemu-img does not tell" in done.json["scenarios"][0]["said"]


@pytest.mark.parametrize("text", ["", "#!/no/such/program\n"])
def test_a_program_that_is_none_is_told(drive: Path, tmp_path: Path, text: str) -> None:
    path = fake_qemu(tmp_path / "bin", "")
    program(tmp_path, "qemu-system-x86_64", text)
    done = kickbuild("rehearse", drive, PATH=path)
    assert done.code == 6
    assert "qemu-system-x86_64 cannot be started" in done.err


def test_a_report_is_written_though_the_result_cannot_be_told(drive: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    argv: list[str | Path] = [sys.executable, "-m", "kickbuild", "rehearse", drive, *ONE, "--json", "--report", report]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(argv, env=environment(PATH=fake_qemu(tmp_path / "bin", PLAYED)), stdout=full, check=False)
    assert done.returncode == 6
    assert (report / "index.html").exists()


def test_a_second_interrupt_does_not_stop_the_stopping(drive: Path, tmp_path: Path) -> None:
    argv: list[str | Path] = [sys.executable, "-m", "kickbuild", "rehearse", drive, *ONE, "-q"]
    path = fake_qemu(tmp_path / "bin", "time.sleep(60)")
    with subprocess.Popen(argv, env=environment(PATH=path), stderr=subprocess.PIPE) as running:
        wait_for(lambda: pids(tmp_path / "bin"))
        while running.poll() is None:
            running.send_signal(signal.SIGINT)
            # Of two within the moment in which the first is taken, CPython itself says that it ignores one.
            time.sleep(0.02)
        assert running.stderr is not None
        assert running.stderr.read().strip() == b"kickbuild: interrupted"
    assert running.returncode == 130


def test_a_hangup_that_nohup_ignores_stops_nothing(drive: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    body = f"while not os.path.exists({str(go)!r}): time.sleep(0.05)\n"
    argv: list[str | Path] = ["nohup", sys.executable, "-m", "kickbuild", "rehearse", drive, *ONE, "-q"]
    env = environment(PATH=fake_qemu(tmp_path / "bin", body))
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        wait_for(lambda: pids(tmp_path / "bin"))
        running.send_signal(signal.SIGHUP)
        go.touch()
        running.communicate(timeout=60)
    assert running.returncode == 7
