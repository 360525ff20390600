"""What is written for a rebuild drive has no fault in the validator's own eyes."""

from __future__ import annotations

import pytest
from kickstart_requests import MINIMAL, RELEASES, example, profile, request

from kickbuild.drive.ref import RefKind
from kickbuild.errors import KickbuildError
from kickbuild.kickstart.render import render_kickstart
from kickbuild.lint.engine import Settings, check
from kickbuild.lint.finding import LintProfile
from kickbuild.lint.kickstart import Resolution
from kickbuild.lint.read import Reading, read_kickstart
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import make_source

#: The rules about disks: the first digit of their codes.
DISKS = "KB1"


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", ["minimal", "server", "adopted"])
@pytest.mark.parametrize("level", [LintProfile.REBUILD, LintProfile.STRICT])
def test_no_rule_about_disks_minds_them(release: str, name: str, level: LintProfile) -> None:
    try:
        text = render_kickstart(request(example(name), release, by=RefKind.LABEL))
    except KickbuildError:
        pytest.skip(f"{release} cannot have {name}")
    found = check(make_source("ks.cfg", text.encode()), Settings(profile=level, release=choose_release(release)))
    assert [finding for finding in found.findings if finding.code.startswith(DISKS)] == []


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
