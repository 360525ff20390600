from __future__ import annotations

from contextlib import nullcontext
from dataclasses import fields
from itertools import pairwise

import pytest
from pykickstart.errors import KickstartParseError
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion

from kickbuild.releases.find import representatives
from kickbuild.releases.matrix import FAMILIES, Fact, answer, cell, members, steps_of
from kickbuild.releases.model import (
    BootDriveOption,
    Capabilities,
    DeviceForm,
    DirForm,
    Distribution,
    Globs,
    IsoDirForm,
    Loader,
    Protection,
    Release,
    StrayImage,
)
from kickbuild.releases.rows import FACTS
from kickbuild.releases.table import RELEASES

#: Fields that are no facts about an installer, but about the table or about kickbuild.
_NOT_FACTS = {"family", "source", "prepare", "refusal"}
_IDS = [release.id for release in RELEASES]


def can(name: str) -> Capabilities:
    return next(release.can for release in RELEASES if release.id == name)


def test_each_release_is_there_once() -> None:
    assert len(_IDS) == len(set(_IDS))


@pytest.mark.parametrize("distribution", Distribution)
def test_versions_are_in_order(distribution: Distribution) -> None:
    versions = [release.since for release in RELEASES if release.distribution is distribution]
    assert versions == sorted(versions)
    assert versions


def test_distributions_stand_together() -> None:
    order = list(dict.fromkeys(release.distribution for release in RELEASES))
    assert [r.distribution for r in RELEASES] == sorted((r.distribution for r in RELEASES), key=order.index)


@pytest.mark.parametrize(
    ("distribution", "majors"),
    [
        (Distribution.RHEL, range(5, 11)),
        (Distribution.CENTOS, range(5, 9)),
        (Distribution.CENTOS_STREAM, range(8, 11)),
        (Distribution.ROCKY, range(8, 11)),
        (Distribution.ALMA, range(8, 11)),
        (Distribution.ORACLE, range(8, 11)),
        (Distribution.FEDORA, range(38, 44)),
    ],
)
def test_no_major_version_is_missing(distribution: Distribution, majors: range) -> None:
    assert list(dict.fromkeys(r.major for r in RELEASES if r.distribution is distribution)) == list(majors)


@pytest.mark.parametrize("release", RELEASES, ids=_IDS)
def test_every_release_is_complete(release: Release) -> None:
    can = release.can
    assert can.family
    assert can.source
    assert can.architectures
    assert can.filesystems
    assert can.prepare is not bool(can.refusal)
    assert can.kickstart_argument is can.kickstart_names[-1]
    assert can.memory > 0
    assert can.command_line_limit > 256


@pytest.mark.parametrize("release", RELEASES, ids=_IDS)
def test_facts_agree_with_each_other(release: Release) -> None:
    can = release.can
    identities = {DeviceForm.UUID, DeviceForm.LABEL}
    assert can.source_by_identity is (identities <= can.kickstart_devices & can.source_devices)
    assert can.prepare is can.source_by_identity
    assert DeviceForm.PARTUUID not in can.kickstart_devices | can.source_devices
    assert can.stage2_outside is (can.stray_image is StrayImage.REQUIRED)
    wanted = DirForm.ISO_FILE if can.iso_dir is IsoDirForm.ISO_FILE else DirForm.DIRECTORY
    assert wanted in can.dir_forms
    assert can.drive_by_id is (can.drive_globs is not Globs.NONE)
    assert can.drive_by_id is can.ondisk_by_id
    assert not can.source_mount_writable or can.source_mount
    # A kickbuild drive lies in one directory per release because a stray image harms these.
    assert (can.stray_image is StrayImage.HIJACKS) is (can.iso_dir is IsoDirForm.ISO_FILE)


@pytest.mark.parametrize("release", RELEASES, ids=_IDS)
def test_pykickstart_knows_the_grammar(release: Release) -> None:
    handler = makeVersion(release.can.handler)
    assert ("sshkey" in handler.commands) or not release.can.sshkey
    assert ("reqpart" in handler.commands) or not release.can.reqpart
    options = {action.dest for action in handler.commands["bootloader"].op._actions}
    assert ("bootDrive" in options) is (release.can.boot_drive_option is BootDriveOption.BOOT_DRIVE)
    # RHEL 6 knows --lock, but wants a password beside it.
    parser = KickstartParser(handler, errorsAreFatal=True)
    with nullcontext() if release.can.rootpw_lock else pytest.raises(KickstartParseError):
        parser.readKickstartFromString("rootpw --lock\n")


def test_what_the_facts_table_says() -> None:
    assert [can(f"rhel{n}").source_by_identity for n in range(5, 11)] == [False] + [True] * 5
    assert [can(name).ignoredisk_hides_source for name in ("rhel6", "rhel7.4", "rhel8", "rhel8.3", "rhel9")] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert [can(name).autopart_honours_drives for name in ("rhel7", "rhel8", "rhel8.3")] == [True, True, False]
    assert [can(f"fedora{n}").protects for n in (38, 39, 40, 41)] == [
        Protection.PARTITION,
        Protection.DISK,
        Protection.DISK,
        Protection.PARTITION,
    ]
    assert [can(name).onerror for name in ("rhel6", "rhel7.3", "rhel7.4", "rhel8")] == [False, False, True, True]
    assert [can(f"rhel{n}").loader for n in (6, 7, 8)] == [Loader.GRUB_LEGACY, Loader.GRUB2, Loader.BLS]
    assert [len(can(f"rhel{n}").kickstart_names) for n in range(5, 11)] == [1, 1, 2, 2, 1, 1]


def test_relatives_share_their_capabilities() -> None:
    for name in ("centos", "rocky", "alma", "oracle"):
        assert can(f"{name}8") is can("rhel8")
    assert can("rocky9") is can("centos-stream9") is can("rhel9")


def test_representatives_stand_for_all() -> None:
    shown = [id(release.can) for release in representatives()]
    assert len(shown) == len(set(shown))
    assert set(shown) == {id(release.can) for release in RELEASES}


def test_every_fact_has_a_row() -> None:
    rows = {name for fact in FACTS for name in fact.fields}
    assert rows == {field.name for field in fields(Capabilities)} - _NOT_FACTS


def test_rows_are_unique_and_grouped() -> None:
    labels = [(fact.group, fact.label) for fact in FACTS]
    assert len(labels) == len(set(labels))
    groups = [fact.group for fact in FACTS]
    assert len(list(dict.fromkeys(groups))) == 1 + sum(a != b for a, b in pairwise(groups))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.label)
def test_every_fact_has_a_source_for_every_release(fact: Fact) -> None:
    assert set(fact.cites) <= set(FAMILIES)
    for release in RELEASES:
        assert fact.source(release.can)
        assert fact.cell(release.can)


def test_a_family_is_what_its_members_say() -> None:
    assert [family for family in FAMILIES if not members(family)] == []
    by_label = {fact.label: fact for fact in FACTS}
    assert cell(by_label["%onerror"], "RHEL 7") == ("7.4+", "")
    assert cell(by_label["%onerror"], "RHEL 9") == ("yes", "")
    autopart = by_label["autopart keeps to --drives"]
    assert cell(autopart, "RHEL 8") == ("no*", "RHEL 8: yes from 8.0, no from 8.3")
    assert steps_of(autopart, "RHEL 8") == [("8.0", "yes"), ("8.3", "no")]


def test_the_open_question_is_answered() -> None:
    said = answer()
    assert "UUID and LABEL both work" in said
    assert "from RHEL 6.0 on" in said
    assert can("rhel5").refusal in said
