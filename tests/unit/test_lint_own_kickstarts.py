"""What is written for a rebuild drive has no fault in the validator's own eyes."""

from __future__ import annotations

import contextlib

import pytest
from kickstart_requests import MINIMAL, RELEASES, example, profile, request

from kickbuild.drive.ref import RefKind
from kickbuild.errors import KickbuildError
from kickbuild.kickstart.render import render_kickstart
from kickbuild.lint.engine import Settings, check
from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.kickstart import Resolution
from kickbuild.lint.read import Reading, read_kickstart
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import make_source


def made() -> list[tuple[str, str, str]]:
    """Return every example profile for every release that can have it, rendered."""
    found = []
    for name in ("minimal", "server", "adopted", "keep"):
        for release in RELEASES:
            with contextlib.suppress(KickbuildError):
                text = render_kickstart(request(example(name), release, by=RefKind.LABEL))
                found.append((name, release, text))
    return found


MADE = made()


def test_nearly_every_release_can_have_every_example() -> None:
    assert len(MADE) >= 4 * len(RELEASES) - 2


@pytest.mark.parametrize(("name", "release", "text"), MADE, ids=[f"{name}-{release}" for name, release, _ in MADE])
def test_what_is_written_for_a_drive_is_clean(name: str, release: str, text: str) -> None:
    settings = Settings(profile=LintProfile.REBUILD, release=choose_release(release))
    found = check(make_source("ks.cfg", text.encode()), settings)
    # The examples name environments of RHEL 8 and newer, whatever release they are rendered for here.
    told = {f.code for f in found.findings if f.severity is not Severity.INFO}
    told -= {"KB802"} if release == "centos7" else set()
    assert told == set(), [(f.line, f.message) for f in found.findings]
    assert not [f for f in found.findings if f.code.startswith("KB1")], name


@pytest.mark.parametrize("layout", ["plain", "lvm"])
@pytest.mark.parametrize("firmware", ["bios", "uefi", "both"])
def test_the_guard_is_known_to_write_the_include(layout: str, firmware: str) -> None:
    text = render_kickstart(
        request(profile(MINIMAL + f'[storage]\nlayout = "{layout}"\nfirmware = "{firmware}"\n'), "rocky9.4")
    )
    kickstart = read_kickstart(make_source("ks.cfg", text.encode()), Reading(release=choose_release("rocky9.4")))
    assert [inclusion.resolution for inclusion in kickstart.inclusions] == [Resolution.PARTLY_WRITTEN]
    # What it writes depends on the machine: nothing of it is guessed.
    assert not [statement for statement in kickstart.statements if statement.generated]


@pytest.mark.parametrize("level", [LintProfile.REBUILD, LintProfile.STRICT])
@pytest.mark.parametrize("more", ["%include /tmp/unknown\n", "bootloader --location=none\n", "part / --ondisk=vda\n"])
def test_erasing_every_disk_stays_an_error_where_disks_are_at_stake(level: LintProfile, more: str) -> None:
    text = f"lang en\nclearpart --all\n{more}"
    found = check(make_source("ks.cfg", text.encode()), Settings(profile=level, release=choose_release("rhel9")))
    assert [str(finding.severity) for finding in found.findings if finding.code == "KB101"] == ["error"]
