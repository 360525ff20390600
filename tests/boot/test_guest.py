"""A Linux guest arms itself with the real agent from its rebuild drive; a real GRUB then boots what was armed, once."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from conftest import needs_boot_parts, needs_tools
from drive_watch import files_of, mode_of, read_file
from guest import Answer, Guest, Kind, answers, make_guest
from initrd import IDENTITY
from lab import OLD, TARGET, Lab, Loader
from machine import Ending, Run
from old_os import GRUB_CONF
from transcript import STARTED

from kickbuild.rehearse.machine import Bus

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.qemu,
    needs_tools("qemu-system-x86_64", "xorriso", "mke2fs", "debugfs", "e2fsck", "sfdisk", "mcopy"),
    needs_boot_parts(),
]

KINDS = {
    "grub2": Kind(Loader.GRUB2_BIOS, 9, "uuid", Bus.VIRTIO, "bash"),
    "uefi": Kind(Loader.GRUB2_UEFI, 10, "label", Bus.VIRTIO, "bash"),
    "grub-legacy": Kind(Loader.GRUB_LEGACY, 6, "label", Bus.IDE, "busybox"),
}
ARM = "mount_drive\nagent check\nagent arm\nagent status\n"
#: What a box does that came home: it boots once more, and is cleared.
HOME = 'mount_drive\nagent status\n[ "$boot" = 2 ] || go_down reboot\nagent disarm\nagent status\n'
ENVIRONMENT = "/grub2/grubenv"
REBUILD_STATE = "/kickbuild/web/rebuild.state"


@dataclass(frozen=True)
class Story:
    """What became of a box that was armed, and then rebuilt, or refused since its disk was another one by then."""

    before: dict[str, str]
    armed: Run
    refused: Run
    home: Guest
    target: Guest
    drive: dict[str, str]
    """What was on the rebuild drive at first."""
    installed: Run | None
    """None by UEFI: what the stand-in installs boots by BIOS."""

    @property
    def armed_id(self) -> str:
        """The arming's id."""
        check, arm, *_ = answers(self.armed.transcript)
        assert check.command == "check"
        return str(arm["id"])


@pytest.fixture(scope="module")
def stories(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[Story]]:
    """All boxes, two of them running at a time."""
    place = tmp_path_factory.mktemp("stories")
    for kind in KINDS.values():
        lab.drive(kind.release, kind.find_by, keeps=True)
    pool = ThreadPoolExecutor(max_workers=2)
    told = {name: pool.submit(tell, lab, KINDS[name], place / name) for name in KINDS}
    pool.shutdown(wait=False)
    return told


def tell(lab: Lab, kind: Kind, place: Path) -> Story:
    """Arm a box, and let two boxes go on that are as it is then."""
    place.mkdir()
    target = make_guest(lab, kind, place / "box")
    before, drive = target.boot_files(), files_of(target.drive, target.place)
    armed = target.run(ARM)
    home = target.twin(place / "home")
    refused = home.run(HOME, serial=OLD)
    installed = None if kind.loader is Loader.GRUB2_UEFI else target.run("go_down poweroff")
    return Story(before, armed, refused, home, target, drive, installed)


def require_booted(run: Run, *names: str) -> list[Answer]:
    """The machine came to its end by itself, after booting just this; return what the agent said."""
    booted = [name for name in run.transcript.names if name in STARTED]
    assert run.ending is Ending.POWERED_OFF, str(run)
    assert booted == list(names), str(run)
    return answers(run.transcript)


@pytest.mark.parametrize("name", KINDS)
def test_a_box_arms_itself(stories: dict[str, Future[Story]], name: str) -> None:
    check, arm, status = require_booted(stories[name].result().armed, "OLD-OS-REACHED")
    assert (check.code, check.errors, check["changed"]) == (0, [], False)
    assert (arm.code, arm.errors, arm["changed"]) == (0, [], True)
    assert (status["state"], status["armed_on"], status["last"]) == ("armed", "box1", "none")


@pytest.mark.parametrize("name", KINDS)
def test_an_armed_box_that_is_refused_comes_home_for_good(stories: dict[str, Future[Story]], name: str) -> None:
    story = stories[name].result()
    run = story.refused
    statuses = require_booted(run, "STANDIN-STARTED", "OLD-OS-REACHED", "OLD-OS-REACHED")
    first, second, disarm, last = statuses
    assert not run.transcript.all("STANDIN-INSTALLED"), str(run)
    for status in (first, second):
        assert (status.code, status["state"], status["last"]) == (0, "spent", "refused")
        assert "no disk is the one to erase: serial = TARGET1" in status["last_reason"]
        assert status["last_id"] == story.armed_id
    assert (disarm.code, disarm["changed"]) == (0, True)
    assert (last["state"], last["last"]) == ("none", "refused")
    after = story.home.boot_files()
    changed = {path for path in story.before | after if story.before.get(path) != after.get(path)}
    # GRUB 2 leaves its choice there, empty.
    assert changed == (set() if KINDS[name].loader is Loader.GRUB_LEGACY else {ENVIRONMENT})
    assert not changed or b"\nnext_entry=\n#" in read_file(story.home.old, ENVIRONMENT)


@pytest.mark.parametrize("name", ["grub2", "grub-legacy"])
def test_an_armed_box_rebuilds_itself(stories: dict[str, Future[Story]], name: str) -> None:
    story = stories[name].result()
    run = story.installed
    assert run is not None
    require_booted(run, "STANDIN-STARTED", "NEW-SYSTEM-REACHED")
    assert run.transcript.one("STANDIN-INSTALLED")["serial"] == TARGET
    # The installers of RHEL 8 and newer have the drive mounted read-only, and RHEL 6's has it so for its own reading.
    assert run.transcript.one("STANDIN-FINISHED")["drive"] == "ro"
    arming = story.armed_id
    stamp = read_file(story.target.old, "/etc/kickbuild-release").decode()
    assert stamp == read_file(story.target.drive, REBUILD_STATE).decode()
    told = dict(line.split("=", 1) for line in stamp.splitlines())
    assert (told["id"], told["outcome"], told["reason"]) == (arming, "installed", "")
    for path, content, mode in IDENTITY:
        assert read_file(story.target.old, f"/{path}") == content
        assert mode_of(story.target.old, f"/{path}") == f"{mode:04o} 0:0"
    # The entry can be booted again, and nothing chooses it.
    if KINDS[name].loader is Loader.GRUB_LEGACY:
        config = read_file(story.target.old, "/boot/grub/grub.conf").decode()
        assert config.startswith(GRUB_CONF.replace(" /", " /boot/"))
        assert "default saved" not in config
    else:
        config = read_file(story.target.old, "/boot/grub2/custom.cfg").decode()
        assert b"next_entry" not in read_file(story.target.old, "/boot/grub2/grubenv")
    assert config.count("### BEGIN kickbuild-web ###") == 1


@pytest.mark.parametrize("name", ["grub2", "grub-legacy"])
def test_a_rebuild_leaves_on_the_drive_what_it_tells_and_no_more(stories: dict[str, Future[Story]], name: str) -> None:
    story = stories[name].result()
    armed = {"/kickbuild/armed.state"}
    left = {
        # Disarming removes what was armed, and the box that was refused is disarmed.
        story.target: armed | {REBUILD_STATE, "/kickbuild/web/log/anaconda.log"},
        story.home: {REBUILD_STATE, "/kickbuild/web/last-refusal.log"},
    }
    for box, expected in left.items():
        after = files_of(box.drive, box.place)
        assert story.drive.keys() <= after.keys()
        new = {path for path, content in after.items() if story.drive.get(path) != content}
        assert {path for path in new if "/log/kickbuild-" not in path} == expected
        assert f"id={story.armed_id}\n" in read_file(box.drive, REBUILD_STATE).decode()
