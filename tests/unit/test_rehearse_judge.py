"""Verdicts, and what is made of them: table, JSON, JUnit and the page."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearsed import OLD, disk, played

from kickbuild.cli.rehearse_text import plain_lines
from kickbuild.rehearse.change import DriveChange
from kickbuild.rehearse.guest import Ending
from kickbuild.rehearse.judge import Home, Installer, Result, judge
from kickbuild.rehearse.page import render_page
from kickbuild.rehearse.scenario import Role
from kickbuild.rehearse.summary import Summary, render_junit, summary_value

if TYPE_CHECKING:
    from kickbuild.rehearse.play import Played

INSTALLED = "Rebuilding from UUID=1\nSTANDIN-STARTED release=9\nSTANDIN-INSTALLED disk=vda--boot--NEW-SYSTEM-REACHED"
REFUSED = f"Rebuilding from UUID=1\nSTANDIN-STARTED release=9\nkickbuild: - no disk is the one--boot--{OLD}"
PANIC = "Rebuilding from UUID=1\nLinux version 6\nKernel panic - not syncing: VFS: Unable to mount root fs"
TARGET = disk(Role.TARGET, (8192, 512), (0, 512), one_shot=8192)
SPARED = disk(Role.TARGET, (8192, 512), one_shot=8192)
DRIVE = disk(Role.DRIVE)
LEFT = disk(Role.DRIVE, (0, 512), drive=DriveChange(left=("/kickbuild/web/last-refusal.log",), identical=False))
DAMAGED = disk(Role.DRIVE, (0, 512), drive=DriveChange(damage=("the partition table was changed",), identical=False))
TOLD = disk(
    Role.DRIVE,
    (0, 512),
    drive=DriveChange(left=("/kickbuild/web/rebuild.state",), identical=False, outcome="installed"),
)
STARTED = disk(Role.DRIVE, (0, 512), drive=DriveChange(identical=False, outcome="started"))
OURS = INSTALLED.replace("STANDIN-INSTALLED", "kickbuild: this disk will be erased: vda\nSTANDIN-INSTALLED")
DIED = (Ending.DIED,)

GOOD = (
    played("normal", INSTALLED, TARGET, DRIVE),
    played("decoy", INSTALLED, disk(Role.DECOY), TARGET, DRIVE),
    played("normal", OURS, TARGET, TOLD),
    played("swapped", OURS, DRIVE, replace(TARGET, bears_stamp=True)),
    played("twins", REFUSED, SPARED, disk(Role.TWIN), LEFT),
    played("clone", REFUSED, SPARED, disk(Role.CLONE), DRIVE),
    played("clone", INSTALLED, TARGET, disk(Role.CLONE), DRIVE),
    played("corrupt-initrd", INSTALLED, TARGET, DRIVE),
    played("corrupt-initrd", REFUSED, SPARED, LEFT),
    played(
        "power",
        f"STANDIN-STARTED release=9--boot--{OLD}",
        disk(Role.OLD, (8192, 512), one_shot=8192),
        disk(Role.BLANK_TARGET, (0, 512)),
        DRIVE,
        endings=(Ending.CUT, Ending.REACHED),
    ),
)
BAD = {
    "DAMAGED": played("swapped", INSTALLED, DAMAGED, TARGET),
    "the target was NOT written": played("normal", INSTALLED, SPARED, DRIVE),
    "the target was NOT written; the guard refused: no disk is the one; the box came to": played(
        "normal", REFUSED, SPARED, LEFT
    ),
    "the drive tells of the rebuild: started": played("normal", OURS, replace(TARGET, bears_stamp=True), STARTED),
    "no stamp is in the new system or on the drive": played("normal", OURS, TARGET, DRIVE),
    "instead of its new system": played("normal", f"STANDIN-STARTED release=9--boot--{OLD}", TARGET, DRIVE),
    "the decoy was WRITTEN": played("decoy", INSTALLED, disk(Role.DECOY, (0, 512)), TARGET, DRIVE),
    "the twin was WRITTEN": played("twins", REFUSED, SPARED, disk(Role.TWIN, (0, 512)), DRIVE),
    "the target was WRITTEN": played("corrupt", REFUSED, TARGET, DRIVE),
    "did not say why": played("absent", f"hello--boot--{OLD}", disk(Role.OLD), DRIVE),
    "before the deadline": played("absent", "kickbuild: - x", disk(Role.OLD), DRIVE, endings=(Ending.DEADLINE,)),
    "QEMU failed: no such thing": played("normal", "", SPARED, DRIVE, endings=DIED, complaints="a\nno such thing"),
    "rebooted 6 times without reaching one": played(
        "normal", "STANDIN-STARTED release=9", TARGET, DRIVE, endings=(Ending.REBOOT,) * 6
    ),
    "rebooted 2 times and did not come": played(
        "normal", "a--boot--b--boot--c", TARGET, DRIVE, endings=(Ending.REBOOT, Ending.REBOOT, Ending.DEADLINE)
    ),
    "stood still until the deadline: Kernel panic - not syncing: VFS": played(
        "corrupt-initrd", PANIC, SPARED, DRIVE, endings=(Ending.DEADLINE,)
    ),
    "the Rebuild entry was not booted": played("corrupt-initrd", OLD, SPARED, DRIVE),
    "old system instead of its new": played("corrupt-initrd", f"Linux version 6--boot--{OLD}", TARGET, DRIVE),
    "no moment to cut the power": played("power", OLD, disk(Role.OLD), disk(Role.BLANK_TARGET), DRIVE),
}


def summary_of(*rounds: Played, drive: str = "drive.img") -> Summary:
    machine = {"firmware": "bios", "accel": "tcg"}
    verdicts = tuple(judge(one) for one in rounds)
    return Summary(drive=drive, profile="web", release="rocky9.4", machine=machine, verdicts=verdicts)


@pytest.mark.parametrize("one", GOOD, ids=lambda one: one.scenario.name)
def test_what_went_as_it_must_passes(one: Played) -> None:
    verdict = judge(one)
    assert verdict.result is Result.PASSED, verdict.said
    assert verdict.installer is Installer.STAND_IN


@pytest.mark.parametrize("words", BAD)
def test_what_went_wrong_fails_with_the_reason(words: str) -> None:
    verdict = judge(BAD[words])
    assert verdict.result is Result.FAILED
    assert words in verdict.said


def test_a_box_that_comes_home_from_a_panic_passes_without_any_installer() -> None:
    verdict = judge(played("corrupt-initrd", f"{PANIC}--boot--{OLD}", SPARED, DRIVE))
    assert verdict.result is Result.PASSED, verdict.said
    assert verdict.said.startswith("the kernel panicked, and the box rebooted; the box came to its old system")
    assert verdict.installer is Installer.NONE


def test_what_a_new_system_lacks_is_said_of_one_that_passes() -> None:
    but = "the new system is installed, but: the new system has no Rebuild entry"
    verdict = judge(played("normal", OURS.replace("--boot--", f"\n%post: kickbuild: {but}--boot--"), TARGET, TOLD))
    assert verdict.result is Result.PASSED, verdict.said
    assert but in verdict.said


def test_a_sentence_of_the_guard_ends_once() -> None:
    one = played("twins", REFUSED.replace("the one", "the one."), SPARED, disk(Role.TWIN), LEFT)
    assert "no disk is the one; the box came" in judge(one).said


def test_a_directory_that_was_left_on_the_drive_stands_for_what_is_in_it() -> None:
    home = "/kickbuild/web"
    change = DriveChange(left=(f"{home}/log", f"{home}/log/a.log", f"{home}/log.txt"), identical=False)
    verdict = judge(played("normal", INSTALLED, TARGET, disk(Role.DRIVE, (0, 512), drive=change)))
    assert verdict.said.endswith(f"left on the drive: {home}/log, {home}/log.txt")


def test_a_rehearsal_in_which_nothing_was_played_has_not_passed() -> None:
    skipped = replace(GOOD[0], scenario=replace(GOOD[0].scenario, skip="it makes no sense"))
    assert not summary_of().passed
    assert not summary_of(skipped).passed
    assert summary_of(skipped, *GOOD).passed


def test_an_installer_is_real_by_its_own_words_alone() -> None:
    real = played("normal", "anaconda 34.25 for Rocky Linux 9.4 started.--boot--box login: ", TARGET, DRIVE)
    silent = played("normal", "--boot--box login: ", TARGET, DRIVE)
    assert judge(real).installer is Installer.REAL
    assert judge(real).home is Home.NEW
    assert judge(silent).installer is Installer.NONE
    assert summary_of(real, GOOD[0]).installer is Installer.STAND_IN


def test_every_output_says_that_the_installer_is_a_stand_in() -> None:
    summary = summary_of(*GOOD)
    assert "stand-in installer" in "\n".join(plain_lines(summary))
    assert summary_value(summary)["installer"] == "stand-in installer"
    assert "stand-in installer" in render_junit(summary)
    assert "STAND-IN INSTALLER" in render_page(summary)
    real = played("normal", "anaconda 34.25 for Rocky Linux 9.4 started.--boot--box login: ", TARGET, DRIVE)
    assert "stand-in" not in render_page(summary_of(real)).lower().partition("</style>")[2]


def test_the_table_has_eighty_columns() -> None:
    lines = plain_lines(summary_of(*GOOD, *BAD.values(), drive="x" * 200))
    assert max(map(len, lines)) <= 80
    assert lines[-1].startswith(f"{len(GOOD)} passed, {len(BAD)} failed")


def test_junit_counts_and_explains() -> None:
    top = ET.fromstring(render_junit(summary_of(GOOD[0], BAD["DAMAGED"])))
    assert (top.get("tests"), top.get("failures")) == ("2", "1")
    failure = top.find(".//failure")
    assert failure is not None
    assert "DAMAGED" in (failure.get("message") or "")


class Tags(HTMLParser):
    """The tags of a page, and what its scripts and handlers would be."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        if tag in {"script", "iframe", "object", "link", "base", "form"}:
            self.active.append(tag)
        self.active += [name for name, _ in attrs if name.startswith("on")]
        links = [value or "" for name, value in attrs if name in {"src", "href"}]
        self.active += [link for link in links if not link.startswith(("#", "data:image/png;base64,"))]


HOSTILE = (
    "</pre><script>document.title='owned'</script><img src=x onerror=alert(1)>"
    "\x1b]0;owned\x07 &lt; \" onload='x' <!-- ]]> \u202e"
)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_nothing_that_a_guest_says_becomes_a_part_of_the_page(text: str) -> None:
    one = played("normal", f"kickbuild: - {HOSTILE}{text}\n{text}", TARGET, DRIVE, endings=DIED, complaints=HOSTILE)
    tags = Tags()
    page = render_page(summary_of(one, drive=HOSTILE))
    tags.feed(page)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]", page)
    assert tags.active == []
    assert tags.found.count("section") == 1
    ET.fromstring(render_junit(summary_of(one, drive=HOSTILE)))


def test_the_page_shows_what_was_written_where() -> None:
    page = render_page(summary_of(BAD["the decoy was WRITTEN"]))
    assert page.count('class="disk"') == 3
    # Of a disk of 1 GiB, one sector is there once more, enlarged.
    assert page.count('aria-label="enlarged: 512 B from byte 0 on"') == 1
    assert "different: 0+512" in page
    assert 'src="data:image/png;base64,' in page
    assert re.search(r"default-src 'none'", page)
