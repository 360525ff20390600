"""Rehearsals from the command line, with real machines: a drive that is right passes, and one made by hand is seen to
destroy itself.

A stand-in takes the installer's place, and every output must say so.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import naive
import pytest
from boot_parts import run
from command import Done, kickbuild
from conftest import CI, needs_boot_parts, needs_root, needs_tools
from drive_watch import digest, partition_of
from rehearsed import TOOLS

from kickbuild.progress import Silent
from kickbuild.rehearse.drive import read_drive, read_whole
from kickbuild.rehearse.machine import Bus
from kickbuild.rehearse.old_system import Loader
from kickbuild.rehearse.play import Settings, prepare_rehearsal
from kickbuild.rehearse.scenario import NAMES, Role, Wrong
from kickbuild.rehearse.scratch import SECTOR, workplace
from kickbuild.run import find_tool

if TYPE_CHECKING:
    from lab import Lab

pytestmark = [
    pytest.mark.qemu,
    needs_tools("qemu-system-x86_64", "mformat", "mcopy", *TOOLS),
    needs_boot_parts(),
]

STAND_IN = "stand-in installer"
#: Debian's own headless Chromium, and what others call theirs.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def rehearse(lab: Lab, drive: Path, scenarios: str, *words: str | Path) -> Done:
    chosen = [word for name in scenarios.split() for word in ("--scenario", name)]
    options = ["--accel", "tcg", "--memory", "1GiB", "--deadline", "240", "-q", *chosen]
    return kickbuild("rehearse", drive, *options, *words, KICKBUILD_GRUB_LEGACY=str(lab.grub_legacy))


def require_passed(done: Done, *names: str) -> None:
    """The JSON says that these scenarios, and no others, passed with the stand-in."""
    assert done.code == 0, done.out + done.err
    told = done.json
    assert {scenario["name"]: scenario["result"] for scenario in told["scenarios"]} == dict.fromkeys(names, "passed")
    # A kernel that cannot unpack its initrd has no installer.
    others = (scenario["installer"] for scenario in told["scenarios"] if scenario["name"] != "corrupt-initrd")
    assert {told["installer"], *others} == {STAND_IN}


def test_a_right_drive_passes_and_its_report_shows_how(lab: Lab, tmp_path: Path) -> None:
    drive = lab.drive(9, "uuid")
    before = digest(drive)
    report, junit = tmp_path / "report", tmp_path / "junit.xml"
    words: list[str | Path] = ["--bus", "scsi", "--report", report, "--junit", junit, "--json"]
    done = rehearse(lab, drive, "swapped power", *words)
    assert done.code == 0, done.out + done.err
    assert digest(drive) == before
    told = done.json
    assert told["installer"] == STAND_IN
    swapped, power = told["scenarios"]
    assert swapped["came_to"] == "new system"
    assert power["came_to"] == "old system"
    assert "power-cut" in {event["sign"] for event in power["events"]}
    assert [disk["role"] for disk in swapped["disks"]] == ["rebuild drive", "target"]
    for disk in (*swapped["disks"], *power["disks"]):
        assert disk["damage"] == []
        assert all(path.startswith("/kickbuild/web/") for path in disk["left"])
    assert STAND_IN in ET.parse(junit).getroot().find(".//testcase").get("name")  # type: ignore[union-attr, operator]
    require_shown_by_a_browser(report / "index.html", tmp_path)


def require_shown_by_a_browser(page: Path, home: Path) -> None:
    """Let a real browser build the page: its pictures are there, with their sizes, and nothing was fetched."""
    browser = next((name for name in BROWSERS if find_tool(name)), None)
    if browser is None:
        assert not CI, "no headless browser is installed"
        return
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={home / 'browser'}",
        "--window-size=1000,4000",
    ]
    picture = home / "page.png"
    argv = [browser, *options, f"--screenshot={picture}", page.as_uri()]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    assert picture.stat().st_size > 20_000
    dom = subprocess.run(
        [browser, *options, "--dump-dom", page.as_uri()], check=True, capture_output=True, text=True, timeout=120
    ).stdout
    assert dom.count("<section ") == 2
    require_no_wider_than_a_telephone(page, [browser, *options], home)
    assert "STAND-IN INSTALLER" in dom
    assert dom.count('<img alt="the screen at') >= 3
    assert "http://" not in dom.replace("http://www.w3.org", "")
    assert dom.count('class="disk"') == 2 + 3
    assert dom.count('aria-label="timeline of') == 2


def require_no_wider_than_a_telephone(page: Path, browser: list[str], home: Path) -> None:
    """Let the browser measure the page at 400 pixels: nothing is beyond the edge, and no column is a letter wide."""
    measured = home / "measured.html"
    measure = (
        "<script>const cell = document.querySelector('.verdicts td:last-child');"
        "document.title = `${document.documentElement.scrollWidth} ${innerWidth} ${cell.offsetWidth}`</script></body>"
    )
    text = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    measured.write_text(text.replace("</body>", measure))
    argv = [*browser, "--window-size=400,2000", "--dump-dom", measured.as_uri()]
    dom = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=120).stdout
    width, window, told = map(int, re.findall(r"<title>(\d+) (\d+) (\d+)</title>", dom)[0])
    assert width <= window
    assert told > 200


def test_a_kickstart_as_people_write_it_is_seen_to_hit_the_wrong_disk(lab: Lab, tmp_path: Path) -> None:
    """The contrast: the source by UUID, and the disk to erase by the name that it had yesterday."""
    by_half = lab.changed(lab.drive(9, "uuid"), tmp_path / "by-half.img", naive.BY_HALF)
    refused = rehearse(lab, by_half, "swapped")
    assert refused.code == 5
    done = rehearse(lab, by_half, "normal swapped decoy", "--anyway", "--json")
    assert done.code == 7, done.out + done.err
    normal, swapped, decoy = done.json["scenarios"]
    assert (normal["result"], swapped["result"], decoy["result"]) == ("passed", "failed", "failed")
    assert "the rebuild drive was DAMAGED" in swapped["said"]
    assert "the decoy was WRITTEN" in decoy["said"]


def test_a_directory_by_uefi_and_a_drive_by_grub_legacy_pass(lab: Lab, tmp_path: Path) -> None:
    new, old = lab.drive(10, "label"), lab.drive(6, "label")
    files = tmp_path / "files"
    files.mkdir()
    run(["debugfs", "-R", f"rdump / {files}", f"{new}?offset={partition_of(new)[0]}"])
    with ThreadPoolExecutor(2) as pool:
        # A directory that is no mount point has the UUID of another filesystem, which verify tells.
        words: list[str | Path] = ["--firmware", "uefi", "--anyway", "--json", "--report", tmp_path / "report"]
        uefi = pool.submit(rehearse, lab, files, "absent", *words)
        legacy = pool.submit(rehearse, lab, old, "normal", "--loader", "grub-legacy", "--json")
    require_passed(uefi.result(), "absent")
    # A GRUB that is none of Red Hat's lacks linuxefi, says so, and waits for a key.
    assert "error: can't find command" not in (tmp_path / "report/absent.log").read_text()
    require_passed(legacy.result(), "normal")


@pytest.mark.root
@needs_root()
@needs_tools("losetup", "e2image")
def test_a_block_device_passes_and_is_only_read(lab: Lab) -> None:
    drive = lab.drive(9, "uuid")
    before = digest(drive)
    device = run(["losetup", "--find", "--show", str(drive)]).strip()
    try:
        require_passed(rehearse(lab, Path(device), "absent", "--bus", "scsi", "--json"), "absent")
    finally:
        run(["losetup", "--detach", device])
    assert digest(drive) == before


@pytest.mark.parametrize("loader", list(Loader))
def test_the_changed_byte_of_an_initrd_breaks_what_a_kernel_unpacks(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: Loader
) -> None:
    """It is one byte of the initrd that is booted: the drive's, or with GRUB legacy the old system's own copy."""
    monkeypatch.setenv("KICKBUILD_GRUB_LEGACY", str(lab.grub_legacy))
    with workplace(tmp_path) as place:
        drive = read_drive(lab.drive(6, "label"), place, Silent())
        rehearsal = prepare_rehearsal(drive, None, Settings(loader=loader, bus=Bus.IDE), place)
        changed = rehearsal.corruptions[Wrong.INITRD]
        disk = drive.base if changed.role is Role.DRIVE else rehearsal.old_base
        with disk.open("rb") as file:
            file.seek(changed.start)
            before = file.read(SECTOR)
        assert [one != other for one, other in zip(before, changed.sector, strict=True)].count(True) == 1
        initrd = read_whole(drive, f"/{rehearsal.release}/initrd.img")
        middle = slice(initrd.index(before), initrd.index(before) + SECTOR)
        assert middle.start <= len(initrd) // 2 < middle.stop
        gzip.decompress(initrd)
        with pytest.raises((zlib.error, EOFError, OSError)):
            gzip.decompress(initrd[: middle.start] + changed.sector + initrd[middle.stop :])


def test_a_box_whose_initrd_is_damaged_reboots_from_the_panic_and_comes_home(lab: Lab, tmp_path: Path) -> None:
    done = rehearse(lab, lab.drive(9, "uuid"), "corrupt-initrd", "--json", "--report", tmp_path / "report")
    assert done.code == 0, done.out + done.err
    (told,) = done.json["scenarios"]
    signs = [event["sign"] for event in told["events"] if event["sign"] in {"panic", "power-on", "old-system"}]
    assert signs == ["power-on", "panic", "power-on", "old-system"]
    log = (tmp_path / "report/corrupt-initrd.log").read_text()
    assert "Initramfs unpacking failed" in log
    assert "Rebooting in 60 seconds" in log


@pytest.mark.slow
@pytest.mark.parametrize(
    ("release", "find_by", "words"),
    [
        (9, "uuid", ["--firmware", "bios"]),
        (10, "label", ["--firmware", "uefi", "--bus", "scsi"]),
        (7, "label", ["--bus", "scsi"]),
        (6, "label", ["--loader", "grub-legacy"]),
    ],
)
def test_every_scenario_passes(lab: Lab, release: int, find_by: str, words: list[str]) -> None:
    require_passed(rehearse(lab, lab.drive(release, find_by), "", "--json", *words), *NAMES)
