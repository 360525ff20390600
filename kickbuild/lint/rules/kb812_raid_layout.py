"""KB812 raid-layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import Severity
from kickbuild.lint.layout import defined_members, disk_given, mount_point, reuses
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.release import LintRelease
    from kickbuild.lint.statement import Statement

#: Level -> the fewest members; blivet's devicelibs/raid.py, and for RHEL 5 and 6 the installer's own table.
_FEWEST: Final = {0: 2, 1: 2, 4: 3, 5: 3, 6: 4, 10: 4}
_OLD_FEWEST: Final = {**_FEWEST, 10: 2}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    disks = {name.text: disk_given(name.statement) for name in defined_members(kickstart)}
    for line in kickstart.all("raid"):
        level = _level(line)
        if level is None or reuses(line) or line.has_variables:
            continue
        yield from _too_few(line, level, kickstart.release)
        yield from _one_disk(line, level, disks)
        yield from _boot(line, level, kickstart.release)


def _level(line: Statement) -> int | None:
    value = (line.get("--level") or "").lower()
    if value in {"mirror", "stripe"}:
        return {"mirror": 1, "stripe": 0}[value]
    match = re.fullmatch(r"(?:raid)?(0|1|4|5|6|10)", value)
    return int(match[1]) if match else None


def _too_few(line: Statement, level: int, release: LintRelease) -> Iterator[Hit]:
    fewest = (_OLD_FEWEST if release.level < 7 else _FEWEST)[level]
    members, spares = len(line.arguments) - 1, line.number("--spares") or 0
    if 0 <= members - spares < fewest:
        but = f" without its {spares} spares" if spares else ""
        yield line.hit(f"RAID {level} needs {fewest} members, and this has {members - spares}{but}", "--level")


def _one_disk(line: Statement, level: int, disks: dict[str, str]) -> Iterator[Hit]:
    first: dict[str, str] = {}
    for word in line.arguments[1:]:
        disk = disks.get(word.text, "")
        if not disk or is_variable(disk):
            continue
        if disk in first:
            lost = "a failure of that disk loses the array" if level else "the array is slower than without RAID"
            yield line.hit(f"{first[disk]} and {word.text} are both on {disk}: {lost}", word, severity=Severity.WARNING)
        first.setdefault(disk, word.text)


def _boot(line: Statement, level: int, release: LintRelease) -> Iterator[Hit]:
    point = mount_point(line)
    only_mirrors = release.level < 7 or (release.is_fedora and release.number >= 42)
    if level != 1 and (point == "/boot/efi" or (point == "/boot" and only_mirrors)):
        yield line.hit(f"{point} can only be on RAID 1, not on RAID {level}", "--level")


RULE = Rule(
    code="KB812",
    name="raid-layout",
    summary="An array has too few members, two members on one disk, or a level that the machine cannot boot from.",
    why=(
        "The installer stops at an array that cannot be made or booted from. Two members on one disk protect against "
        "nothing."
    ),
    levels=levels("E"),
    bad=(
        Example(text="part raid.1 --size=9\npart raid.2 --size=9\n»raid / --level=5 --device=md0 raid.1 raid.2\n"),
        Example(
            text="part raid.1 --size=9\npart raid.2 --size=9\n"
            "»raid / --level=RAID1 --device=md0 --spares=1 raid.1 raid.2\n"
        ),
        Example(
            text="part raid.1 --size=9 --ondisk=sda\npart raid.2 --size=9 --ondisk=/dev/sda\n"
            "»raid / --level=1 --device=md0 raid.1 raid.2\n"
        ),
        Example(
            text="part raid.1 --size=9\npart raid.2 --size=9\npart raid.3 --size=9\n"
            "»raid /boot --level=5 --device=md0 raid.1 raid.2 raid.3\n",
            release="rhel6",
        ),
        Example(
            text="part raid.1 --size=9\npart raid.2 --size=9\n»raid /boot/efi --level=0 --device=md0 raid.1 raid.2\n"
        ),
    ),
    good=(
        Example(
            text="part raid.1 --size=9 --ondisk=sda\npart raid.2 --size=9 --ondisk=sdb\n"
            "raid / --level=1 --device=md0 raid.1 raid.2\n"
        ),
        Example(
            text="part raid.1 --size=9\npart raid.2 --size=9\npart raid.3 --size=9\n"
            "raid /boot --level=5 --device=md0 raid.1 raid.2 raid.3\n"
        ),
        Example(text="raid / --level=1 --device=md0 --useexisting\n"),
        Example(text="raid / --level=$LEVEL --device=md0 raid.1\nraid /srv --level=1 --device=md1 $MEMBERS\n"),
        Example(
            text="part raid.1 --size=9\npart raid.2 --size=9\nraid / --level=10 --device=md0 raid.1 raid.2\n",
            release="rhel6",
        ),
    ),
    check=_check,
)
