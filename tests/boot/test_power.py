"""The power fails while a box is being armed: a real GRUB then boots the old system or the rebuild, and all is clear.

QEMU is killed where the agent is stopped. The guest's page cache is lost with it, as its memory is when the power
fails: what no sync had reached is gone, and the tests see that it is. What the guest had handed to its disk is kept,
whether it asked for a flush or not: these disks have no cache of their own that could lose it or reorder it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import pytest
from conftest import needs_boot_parts, needs_tools
from guest import Guest, answers, make_guest
from lab import OLD, Lab
from machine import Ending, Run
from test_guest import KINDS
from transcript import STARTED

pytestmark = [
    pytest.mark.qemu,
    needs_tools("qemu-system-x86_64", "xorriso", "mke2fs", "debugfs", "e2fsck", "sfdisk", "mcopy"),
    needs_boot_parts(),
]

#: Where the agent is stopped: before the entry is in its file to stay, between entry and choice, and when the choice is
#: made but not yet written down. A rename that no sync followed may or may not have happened.
CUTS: Final = {
    "grub2": ("hold_after 'mv *custom.cfg'", "hold_before 'mv *grubenv'", "hold_before 'mv *armed.state' 2"),
    "grub-legacy": ("hold_after 'mv *grub.conf'", "hold_before 'mv *default' 2", "hold_before 'mv *armed.state' 2"),
}


def cut(box: Guest, *steps: str) -> Run:
    """Let the box run until its power is cut."""
    run = box.run("\n".join(["mount_drive", "boot_files", *steps]))
    assert run.ending is Ending.CUT, str(run)
    assert run.transcript.boots == 1
    return run


def live_through(box: Guest, cuts: tuple[str, ...]) -> list[Run]:
    """Cut the power at one point after the other. The runs after the last one are of a box that the guard refuses."""
    entry, choice, written = cuts
    return [
        cut(box, entry, "agent arm"),
        cut(box, "agent status", "agent disarm", "boot_files", choice, "agent arm"),
        # Arming clears by itself what was begun.
        cut(box, "agent status", written, "agent arm"),
        box.run("mount_drive\nagent status\nagent disarm\nagent status\nboot_files", serial=OLD),
    ]


@pytest.fixture(scope="module")
def lives(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Run]]:
    """The boxes of both loaders, at the same time."""
    place = tmp_path_factory.mktemp("power")
    # The applets of busybox come before what stands on PATH: there nothing would stop the agent.
    boxes = [make_guest(lab, replace(KINDS[name], shell="bash"), place / name) for name in CUTS]
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(CUTS, pool.map(live_through, boxes, CUTS.values()), strict=True))


@pytest.mark.parametrize("name", CUTS)
def test_power_may_fail_while_a_box_is_armed(lives: dict[str, list[Run]], name: str) -> None:
    first, second, third, last = lives[name]
    clean = boot_files(first)[0]
    for run in lives[name]:
        # What the agent leaves of its own choice is on the disk; what nobody synced is not.
        assert not run.transcript.says("what was not synced is on the disk"), str(run)
    # The power had failed before the entry was there to stay: the old system, and disarming gives every byte back.
    status, disarm = answers(second.transcript)
    assert (status.code, status["state"], disarm.code) == (0, "unfinished", 0)
    assert boot_files(second)[1] == clean
    # It had failed between the entry and its choice: the old system, and the entry is there.
    (status,) = answers(third.transcript)
    assert (status.code, status["state"]) == (0, "unfinished")
    assert boot_files(third)[0] != clean
    # It had failed after the choice: the rebuild, once, which comes home as the disk is another one by now.
    booted = [name for name in last.transcript.names if name in STARTED]
    assert last.ending is Ending.POWERED_OFF, str(last)
    assert booted == ["STANDIN-STARTED", "OLD-OS-REACHED"], str(last)
    status, disarm, after = answers(last.transcript)
    assert (status["state"], status["last"], disarm.code) == ("unfinished", "refused", 0)
    assert (after["state"], after["last"]) == ("none", "refused")
    if name == "grub-legacy":
        assert boot_files(last) == [clean]


def boot_files(run: Run) -> list[str]:
    """Return the sums of /boot that a run told, in their order."""
    return [marker["sum"] for marker in run.transcript.all("OLD-OS-BOOT-FILES")]
