"""Rehearsals from the command line with a program in QEMU's place: what goes wrong, and that nothing is left of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command import environment, kickbuild, wait_for
from conftest import needs_tools
from rehearsed import TOOLS, fake_qemu, make_drive, pids

from kickbuild.errors import LackingError
from kickbuild.rehearse.accelerator import choose_accelerator
from kickbuild.rehearse.machine import Board, Bus
from kickbuild.rehearse.qemu import Qemu, require_buses, require_qemu
from kickbuild.rehearse.scratch import workplace

if TYPE_CHECKING:
    from command import Done

pytestmark = needs_tools(*TOOLS)

#: Says on the control channel that the host's disk is full, and waits for its end.
FULL = """
control.send(b'{"event": "BLOCK_IO_ERROR", "data": {"nospace": true}}\\n')
time.sleep(60)
"""
REBOOT = """
control.send(b'{"event": "SHUTDOWN", "data": {"reason": "guest-reset"}}\\n')
time.sleep(0.1)
"""
PANIC = """
serial.send(b'[ 2.0] Kernel panic - not syncing: VFS: Unable to mount root fs\\n')
time.sleep(60)
"""
HOSTILE = """
serial.send(b'kickbuild: \\xc2\\x9b2J\\xe2\\x80\\xae[31mgo on' + b'x' * 200 + b'\\n' + b'kickbuild: the second line\\n')
time.sleep(1)
"""
#: Makes a picture wherever one is asked for.
SCREEN = """
import json, threading
def answer():
    for line in control.makefile():
        asked = json.loads(line)
        if asked["execute"] == "screendump":
            open(asked["arguments"]["filename"], "wb").write(b"P6 1 1 255\\nabc")
        control.send(json.dumps({"id": asked["id"], "return": {}}).encode() + b"\\n")
threading.Thread(target=answer, daemon=True).start()
"""
FLOOD = """
while True:
    serial.send(b'<script>flood</script>' * 2000 + b'\\n')
"""


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_drive(tmp_path_factory.mktemp("drive"))


def rehearse(drive: Path, place: Path, body: str, *words: str | Path, deadline: int = 30) -> Done:
    work = place / "work"
    work.mkdir(exist_ok=True)
    options: list[str | Path] = ["--accel", "tcg", "--scenario", "normal", "--work", work, "--deadline", str(deadline)]
    done = kickbuild("rehearse", drive, *options, *words, PATH=fake_qemu(place / "bin", body))
    assert list(work.iterdir()) == []
    return done


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended: it is not there, or waits only for somebody to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def two_run(place: Path) -> bool:
    return len(pids(place / "bin")) == 2


def test_a_machine_that_dies_early_fails_the_scenario_with_its_words(drive: Path, tmp_path: Path) -> None:
    done = rehearse(drive, tmp_path, "sys.exit('no such accelerator')")
    assert done.code == 7, done.err
    assert "no such accelerator" in done.out.replace("\n" + " " * 26, " ")
    assert "no installer" in done.out


def test_a_guest_that_floods_and_never_ends_meets_the_deadline(drive: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    done = rehearse(drive, tmp_path, FLOOD, "--report", report, "--json", deadline=2)
    assert done.code == 7, done.err
    assert "deadline" in done.json["scenarios"][0]["said"]
    page = (report / "index.html").read_text()
    assert "<script" not in page
    assert "bytes left out" in page
    assert len(page) < 20 << 20
    assert all(map(is_gone, pids(tmp_path / "bin")))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("serial.send(b'Linux version 6\\n'); os._exit(3)", "QEMU failed: it ended with status 3, without a word"),
        ("os.kill(os.getpid(), 9)", "QEMU failed: it ended by signal 9"),
        (REBOOT.replace("guest-reset", "host-signal"), "QEMU failed: it does not say why"),
        (REBOOT, "the box came to no system (it rebooted 6 times without reaching one) instead of its new system"),
        (PANIC, "(it stood still until the deadline: Kernel panic - not syncing: VFS: Unable to mount root fs)"),
    ],
    ids=["status", "signal", "terminated", "loop", "panic"],
)
def test_how_a_machine_ends_is_told(drive: Path, tmp_path: Path, body: str, said: str) -> None:
    done = rehearse(drive, tmp_path, body, "--json", deadline=5 if body is PANIC else 60)
    assert done.code == 7, done.err
    assert said in done.json["scenarios"][0]["said"]


def test_a_panic_is_on_the_timeline_and_seen(drive: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    done = rehearse(drive, tmp_path, SCREEN + PANIC, "--report", report, "--json", deadline=5)
    assert [event["text"] for event in done.json["scenarios"][0]["events"] if event["sign"] == "panic"] == [
        "Kernel panic - not syncing: VFS: Unable to mount root fs"
    ]
    page = (report / "index.html").read_text()
    assert re.search(r"<figcaption>[0-9.]+ s: Kernel panic - not syncing: VFS", page)


def test_what_happens_is_told_while_it_does_and_each_kind_once(drive: Path, tmp_path: Path) -> None:
    done = rehearse(drive, tmp_path, HOSTILE + REBOOT)
    told = [line for line in done.err.splitlines() if line.startswith("normal ")]
    # There are six boots.
    assert len(told) == 6
    assert all("kickbuild: " in line and len(line) < 80 and line.isprintable() for line in told)
    assert "normal " not in rehearse(drive, tmp_path, HOSTILE + REBOOT, "-q").err


def test_emulation_is_given_the_time_that_an_installation_takes(drive: Path, tmp_path: Path) -> None:
    path = fake_qemu(tmp_path / "bin", REBOOT)
    done = kickbuild("rehearse", drive, "--accel", "tcg", "--scenario", "normal", "--json", PATH=path)
    assert done.json["machine"]["deadline"] == "14400 s"


def test_no_room_for_overlays_is_told(drive: Path, tmp_path: Path) -> None:
    """It ends the scenario, and not what the others told."""
    done = rehearse(drive, tmp_path, FULL, "--json")
    assert done.code == 7, done.err
    assert "the overlays have no room where they are: see --work" in done.json["scenarios"][0]["said"]


def test_a_drive_that_is_not_right_is_rehearsed_only_when_asked(drive: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.img"
    data = bytearray(drive.read_bytes())
    at = data.index(b"KB_DIGEST=") + 11
    data[at] ^= 1
    damaged.write_bytes(data)
    done = rehearse(damaged, tmp_path, "sys.exit('played')")
    assert done.code == 5
    assert "ks.cfg" in done.err
    assert pids(tmp_path / "bin") == []
    assert rehearse(damaged, tmp_path, "sys.exit('played')", "--anyway").code == 7
    assert damaged.read_bytes() == data


def test_a_qemu_that_is_missing_or_too_old_is_told(drive: Path, tmp_path: Path) -> None:
    missing = kickbuild("rehearse", drive, PATH=str(tmp_path))
    assert missing.code == 4
    assert "qemu-system-x86" in missing.err
    old = tmp_path / "bin"
    path = fake_qemu(old, "")
    program = old / "qemu-system-x86_64"
    program.write_text(program.read_text().replace("7.2.0", "2.12.0"))
    done = kickbuild("rehearse", drive, PATH=path)
    assert done.code == 4
    assert "2.12" in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--profile", "other"], 2),
        (["--memory", "much"], 2),
        (["--memory", "1MiB"], 2),
        (["--memory", "100TiB"], 4),
        (["--cpus", "65"], 2),
        (["--deadline", "nan"], 2),
        (["--deadline", "0"], 2),
        (["--junit", "/"], 2),
        (["--junit", "/proc/nowhere.xml"], 6),
        (["--report", "/dev/null"], 6),
        (["--scenario", "none"], 2),
        (["--loader", "grub-legacy", "--firmware", "uefi"], 4),
        (["--work", "/nowhere"], 6),
        (["--report", "/proc/nowhere"], 6),
        (["--report", "/proc/self"], 6),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_machine_starts(
    drive: Path, tmp_path: Path, words: list[str], code: int
) -> None:
    done = kickbuild("rehearse", drive, *words, PATH=fake_qemu(tmp_path / "bin", ""))
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert pids(tmp_path / "bin") == []


def test_a_result_is_told_though_its_report_cannot_be_written_any_more(drive: Path, tmp_path: Path) -> None:
    """The directory was there when the rehearsal began."""
    report = tmp_path / "report"
    body = f"os.rmdir({str(report)!r}); open({str(report)!r}, 'w'); sys.exit('played')"
    done = rehearse(drive, tmp_path, body, "--report", report)
    assert done.code == 6
    assert "played" in done.out
    assert str(report) in done.err


def test_what_is_no_drive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.img").write_bytes(b"noise" * 1000)
    path = fake_qemu(tmp_path / "bin", "")
    for place in ("noise.img", "nothing.img", "bin", "/dev/null"):
        done = kickbuild("rehearse", tmp_path / place, PATH=path)
        assert done.code == 3, done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_a_rehearsal_no_process_and_no_file_is_left(
    drive: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Two at once, of which one is stopped: the other goes on."""
    runs = []
    for name in ("stopped", "other"):
        place = tmp_path / name
        (place / "work").mkdir(parents=True)
        path = fake_qemu(place / "bin", "time.sleep(60)")
        argv: list[str | Path] = [sys.executable, "-m", "kickbuild", "rehearse", drive, "--accel", "tcg", "--jobs", "2"]
        argv += ["--work", place / "work", "-q"]
        process = subprocess.Popen(
            argv, env=environment(PATH=path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        runs.append((process, place))
    try:
        for _, place in runs:
            wait_for(partial(two_run, place))
        (process, place), (other, elsewhere) = runs
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
        assert process.returncode == (-number if number is signal.SIGKILL else 130)
        assert b"Traceback" not in said
        wait_for(lambda: all(map(is_gone, pids(place / "bin"))))
        assert list((place / "work").iterdir()) == []
        assert other.poll() is None
        assert not any(map(is_gone, pids(elsewhere / "bin")))
    finally:
        for process, _ in runs:
            process.kill()
            process.communicate()


@pytest.mark.skipif(not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="no /dev/kvm here")
def test_kvm_is_used_only_when_a_guest_was_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", fake_qemu(tmp_path / "bin", "serial.send(b'kickbuild-kvm-works\\n')\ntime.sleep(60)"))
    with workplace(tmp_path) as place:
        assert choose_accelerator("auto", Qemu(), Bus.VIRTIO, place) == "kvm"
        fake_qemu(tmp_path / "bin", "sys.exit(1)")
        assert choose_accelerator("auto", Qemu(), Bus.VIRTIO, place) == "tcg"
        with pytest.raises(LackingError):
            choose_accelerator("kvm", Qemu(), Bus.VIRTIO, place)


def test_a_qemu_with_q35_alone_and_without_half_of_its_devices_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As RHEL 10 builds it."""
    q35 = "Supported machines are:\nq35  RHEL-10.0.0 PC (Q35 + ICH9) (alias of pc-q35-rhel10.0.0)\nnone  empty\n"
    few = 'name "virtio-blk-pci", bus PCI\nname "ide-hd", bus IDE\nname "scsi-hd", bus SCSI, no-user\n'
    few += 'name "e1000e", bus PCI\nname "virtio-scsi-pci", bus PCI, alias "virtio-scsi"\n'
    place = tmp_path / "bin"
    monkeypatch.setenv("PATH", fake_qemu(place, "", machine=q35, device=few, netdev="user\n", accel="kvm\n"))
    qemu = require_qemu()
    assert qemu.board == Board(chipset="q35", card="e1000e", has_screen=False)
    assert qemu.buses == {Bus.VIRTIO, Bus.SATA}
    assert not qemu.has_tcg
    with pytest.raises(LackingError) as caught:
        require_buses(qemu, (Bus.IDE, Bus.VIRTIO, Bus.IDE, Bus.SCSI))
    assert len(caught.value.problems) == 2
    assert "virtio, sata" in caught.value.problems[0].hint
    fake_qemu(place, "", netdev="socket\n")
    assert require_qemu().board == Board(chipset="pc")
    fake_qemu(place, "", machine="Supported machines are:\nmicrovm  microvm (i386)\n")
    with pytest.raises(LackingError, match="no machine that is a PC"):
        require_qemu()


def test_a_bus_that_qemu_has_not_is_refused_before_anything_starts(drive: Path, tmp_path: Path) -> None:
    path = fake_qemu(tmp_path / "bin", "", device='name "virtio-blk-pci", bus PCI\n')
    for words in (["--bus", "nvme"], ["--drive-bus", "usb"]):
        done = kickbuild("rehearse", drive, *words, PATH=path)
        assert done.code == 4
        assert f"makes no disk on {words[1]}" in done.err
        assert "virtio" in done.err
    assert pids(tmp_path / "bin") == []


def test_no_accelerator_at_all_is_told(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        for wanted in ("auto", "kvm", "tcg"):
            with pytest.raises(LackingError, match=r"KVM does not work|no TCG"):
                choose_accelerator(wanted, Qemu(program="/bin/false", has_tcg=False), Bus.VIRTIO, place)


def test_a_machine_without_a_network_is_told(drive: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    says_its_words = "print(sys.argv); sys.exit(1)"
    path = fake_qemu(tmp_path / "bin", says_its_words, netdev="socket\n")
    words = ["--accel", "tcg", "--scenario", "normal", "--work", str(work), "--json"]
    done = kickbuild("rehearse", drive, *words, PATH=path)
    assert done.code == 7
    assert any("no network card" in notice for notice in done.json["notices"])
    assert "'-net', 'none'" in done.json["scenarios"][0]["said"]
    with_network = kickbuild(
        "rehearse", drive, *words, PATH=fake_qemu(tmp_path / "bin", "print(sys.argv); sys.exit(1)")
    )
    assert not any("network" in notice for notice in with_network.json["notices"])
    assert "restrict=on" in with_network.json["scenarios"][0]["said"]
