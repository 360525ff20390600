"""KVM with the real QEMU, on machines where it works, where it hangs or crawls, and where there is none."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import environment, kickbuild, wait_for
from conftest import needs_tools
from rehearsed import TOOLS, make_drive

from kickbuild.rehearse.accelerator import accelerator_works, choose_accelerator
from kickbuild.rehearse.machine import Bus
from kickbuild.rehearse.qemu import require_qemu
from kickbuild.rehearse.scratch import workplace

pytestmark = [pytest.mark.qemu, needs_tools("qemu-system-x86_64", *TOOLS)]


def processes(mark: str) -> list[int]:
    """Return the QEMUs that have a mark in their environment: of this test, and not of another run."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes() and b"qemu" in (place / "comm").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found


def test_a_guest_that_counts_in_64_bits_is_heard(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        assert accelerator_works("tcg", require_qemu(), Bus.SCSI, place)
        assert not accelerator_works("none-such", require_qemu(), Bus.SCSI, place)


def test_kvm_is_refused_exactly_where_auto_does_not_take_it(tmp_path: Path) -> None:
    drive, mark = make_drive(tmp_path), secrets.token_hex(8)
    with workplace(tmp_path) as place:
        chosen = choose_accelerator("auto", require_qemu(), Bus.VIRTIO, place)
    words = ["--accel", "kvm", "--scenario", "normal", "--memory", "256MiB", "--deadline", "5"]
    done = kickbuild("rehearse", drive, *words, KICKBUILD_TEST=mark)
    if chosen == "kvm":
        # What the drive holds is noise: it is played, and fails.
        assert done.code == 7, done.err
        assert "by kvm" in done.err
    else:
        assert chosen == "tcg"
        assert done.code == 4, done.err
        assert "KVM does not work here" in done.err
        assert "--accel tcg" in done.err
    assert processes(mark) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_what_ends_kickbuild_at_its_first_guest_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """Where /dev/kvm opens, the first guest is the one that measures it."""
    drive, mark, work = make_drive(tmp_path), secrets.token_hex(8), tmp_path / "work"
    work.mkdir()
    argv: list[str | Path] = [sys.executable, "-m", "kickbuild", "rehearse", drive, "--work", work, "-q"]
    with subprocess.Popen(
        argv, env=environment(KICKBUILD_TEST=mark), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            wait_for(lambda: processes(mark))
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == (-number if number is signal.SIGKILL else 130)
    assert b"Traceback" not in said
    wait_for(lambda: not processes(mark))
    assert list(work.iterdir()) == []
