"""Rehearsals of every kind of machine on every bus: of what may go together, each pair is in some row of a table.

A row is one scenario, played by the command line with real firmware, boot loaders and kernel, and the stand-in as the
installer. Each kind of machine with each scenario is more than these rows hold: what they lack is in the last ones.
SeaBIOS and OVMF boot from all these buses, and GRUB legacy from what SeaBIOS shows it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from command import kickbuild
from conftest import needs_boot_parts, needs_tools
from rehearsed import TOOLS

from kickbuild.rehearse.scenario import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab import Lab

pytestmark = needs_boot_parts()
boots = (pytest.mark.qemu, needs_tools("qemu-system-x86_64", "mformat", "mcopy", *TOOLS))

BUSES: Final = ("virtio", "sata", "scsi", "nvme", "usb")
#: Boot loader and firmware, and the release of the drive.
MACHINES: Final = (
    ("legacy", 6),
    *(("bios", release) for release in (7, 8, 9, 10)),
    *(("uefi", release) for release in (9, 10)),
)
FIND_BY: Final = ("uuid", "label")
WORDS: Final = {
    "legacy": ("--loader", "grub-legacy"),
    "bios": ("--firmware", "bios"),
    "uefi": ("--firmware", "uefi"),
}
#: Where a box must come to.
NEW, OLD = "new system", "old system"
INSTALLED: Final = ("normal", "swapped", "decoy")
#: Linux rejects the second of two such disks with one serial number (nvme_validate_cntlid), so nothing is played.
IMPOSSIBLE: Final = ("nvme", "twins")
#: Whether the box is installed is not told beforehand. A kernel that cannot unpack its initrd has no installer.
EITHER: Final = ("clone", "corrupt-initrd")
UNHEARD: Final = "corrupt-initrd"
#: GRUB 2 writes its environment block of 1024 bytes anew, GRUB legacy the first sector of its default file.
ONE_SHOT: Final = 1024


@dataclass(frozen=True)
class Row:
    """One rehearsal."""

    machine: tuple[str, int]
    bus: str
    drive_bus: str
    scenario: str
    find_by: str

    def __str__(self) -> str:
        """Return its name among the tests."""
        loader, release = self.machine
        return f"{loader}-{release}-{self.bus}-{self.drive_bus}-{self.scenario}-{self.find_by}"


def _row(bus: int, scenario: int, machine: int) -> Row:
    return Row(
        machine=MACHINES[machine % len(MACHINES)],
        bus=BUSES[bus % len(BUSES)],
        drive_bus=BUSES[(scenario + 2 * bus) % len(BUSES)],
        scenario=NAMES[scenario],
        find_by=FIND_BY[(bus + scenario // 2) % len(FIND_BY)],
    )


def light_rows() -> Iterator[Row]:
    """Yield each scenario on each bus; machine and bus of the drive go round at other speeds, to meet all else."""
    for bus, scenario in itertools.product(range(len(BUSES)), range(len(NAMES))):
        yield _row(bus, scenario, scenario - bus)


def other_rows() -> Iterator[Row]:
    """Yield each machine with each scenario that none of the light rows plays on it."""
    played = {(row.machine, row.scenario) for row in light_rows()}
    for machine, scenario in itertools.product(range(len(MACHINES)), range(len(NAMES))):
        if (MACHINES[machine], NAMES[scenario]) not in played:
            yield _row(machine, scenario, machine)


ROWS: Final = tuple(light_rows())
OTHERS: Final = tuple(other_rows())


def rehearse(lab: Lab, row: Row) -> dict[str, Any]:
    """Play a row and return what was told of its scenario."""
    loader, release = row.machine
    words = [*WORDS[loader], "--bus", row.bus, "--drive-bus", row.drive_bus, "--scenario", row.scenario]
    options = ["--accel", "tcg", "--memory", "1GiB", "--jobs", "1", "--deadline", "240", "--json", "-q"]
    drive = lab.drive(release, row.find_by, every_bus=True)
    done = kickbuild("rehearse", drive, *options, *words, KICKBUILD_GRUB_LEGACY=str(lab.grub_legacy))
    assert done.out, done.err
    (told,) = done.json["scenarios"]
    assert (told["result"] == "passed") == (done.code == 0), done.err
    return dict(told)


def require_as_it_must_be(row: Row, told: dict[str, Any]) -> None:
    """The verdict, and the facts on which it stands once more."""
    if (row.bus, row.scenario) == IMPOSSIBLE:
        assert told["result"] == "skipped", told["said"]
        assert "no second NVMe disk" in told["said"]
        return
    assert told["result"] == "passed", told["said"]
    assert told["name"] == row.scenario
    installed = _changed(told, "target") > ONE_SHOT if row.scenario in EITHER else row.scenario in INSTALLED
    unheard = row.scenario == UNHEARD and not installed
    assert told["installer"] == "stand-in installer" or (unheard and told["installer"] == "no installer")
    assert told["came_to"] == (NEW if installed else OLD)
    assert "is installed, but" not in told["said"]
    assert (_changed(told, "target") > ONE_SHOT) == installed
    assert _changed(told, "decoy", "twin") == 0
    assert _changed(told, "old system") <= ONE_SHOT
    assert not [damage for disk in told["disks"] for damage in disk["damage"]]


def _changed(told: dict[str, Any], *roles: str) -> int:
    return sum(disk["changed_bytes"] for disk in told["disks"] if disk["role"] in roles)


@pytest.mark.parametrize("row", [pytest.param(row, marks=boots, id=str(row)) for row in ROWS])
def test_a_rehearsal_goes_as_it_must(lab: Lab, row: Row) -> None:
    require_as_it_must_be(row, rehearse(lab, row))


@pytest.mark.slow
@pytest.mark.parametrize("row", [pytest.param(row, marks=boots, id=str(row)) for row in OTHERS])
def test_every_machine_plays_every_scenario(lab: Lab, row: Row) -> None:
    require_as_it_must_be(row, rehearse(lab, row))


def test_each_pair_is_in_some_row() -> None:
    factors = {"machine": MACHINES, "bus": BUSES, "drive_bus": BUSES, "scenario": NAMES, "find_by": FIND_BY}
    for one, other in itertools.combinations(factors, 2):
        found = {(getattr(row, one), getattr(row, other)) for row in ROWS}
        missing = set(itertools.product(factors[one], factors[other])) - found
        assert not missing or (one, other) == ("machine", "scenario"), (one, other, missing)


def test_the_slow_rows_are_what_is_left_of_machines_and_scenarios() -> None:
    everything = {(row.machine, row.scenario) for row in (*ROWS, *OTHERS)}
    assert everything == set(itertools.product(MACHINES, NAMES))
    assert len({str(row) for row in (*ROWS, *OTHERS)}) == len(ROWS) + len(OTHERS)
