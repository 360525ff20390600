"""How a person names the drive on the command line."""

from __future__ import annotations

import pytest

from kickbuild.drive.ref import DriveRef, RefKind, parse_ref
from kickbuild.errors import UsageError


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("UUID=3bde0ee8-e6a9-4960-94e6-3fd6e3149de6", DriveRef(RefKind.UUID, "3bde0ee8-e6a9-4960-94e6-3fd6e3149de6")),
        ("UUID=1234-ABCD", DriveRef(RefKind.UUID, "1234-ABCD")),
        ("LABEL=REBUILD_1.a-b", DriveRef(RefKind.LABEL, "REBUILD_1.a-b")),
    ],
)
def test_what_blkid_prints(text: str, ref: DriveRef) -> None:
    assert parse_ref(text) == ref
    assert str(ref) == text


@pytest.mark.parametrize(
    "text", ["", "sdb1", "/dev/sdb1", "UUID=", "LABEL=a b", "LABEL=$(id)", "PARTUUID=aa-01", "uuid=1"]
)
def test_what_names_no_filesystem(text: str) -> None:
    with pytest.raises(UsageError, match="does not name a filesystem"):
        parse_ref(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("UUID=3BDE0EE8-E6A9-4960-94E6-3FD6E3149DE6", "UUID=3bde0ee8-e6a9-4960-94e6-3fd6e3149de6"),
        ("UUID=1234-abcd", "UUID=1234-ABCD"),
    ],
)
def test_the_installer_compares_case(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_ref(text)
    assert hint in caught.value.problems[0].hint


@pytest.mark.parametrize("label", ["OEMDRV", "oemdrv", "ANACONDA", "LIVE", "x" * 17])
def test_labels_that_no_rebuild_drive_may_have(label: str) -> None:
    with pytest.raises(UsageError, match="label"):
        parse_ref(f"LABEL={label}")
