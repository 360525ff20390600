"""The scenarios: what is attached to the box, in which order, and what must then happen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from kickbuild.rehearse.machine import Bus


class Role(StrEnum):
    """What a disk is in a scenario."""

    TARGET = "target"
    """The disk that the profile erases, with the old system on it."""
    BLANK_TARGET = "blank target"
    """The same, but blank: the old system has a disk of its own."""
    OLD = "old system"
    DRIVE = "rebuild drive"
    DECOY = "decoy"
    TWIN = "twin"
    CLONE = "clone of the drive"

    @property
    def is_target(self) -> bool:
        """Whether it is what the profile erases."""
        return self in {Role.TARGET, Role.BLANK_TARGET}


class Expected(StrEnum):
    """What must happen."""

    INSTALLED = "the target, and nothing else, is installed; the box boots the new system"
    REFUSED = "nothing is written; the guard says why; the box comes back to its old system"
    SAFE = "the target, and nothing else, is installed; or nothing is written at all"
    HOME = "no disk but the target is written; the box comes to its new system, or back to its old one"
    NO_OTHER_DISK = "no disk but the target is written; the box comes back to its old system"
    NO_OTHER_HARM = "no disk but the target is written"


class Wrong(StrEnum):
    """A file of the drive with one byte changed."""

    KICKSTART = "ks.cfg"
    INITRD = "initrd"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. ``skip`` is the reason for which it makes no sense with a profile, empty where it does."""

    name: str
    about: str
    disks: tuple[Role, ...]
    expected: Expected
    corrupts: Wrong | None = None
    cuts_power: bool = False
    skip: str = ""


_T, _D = Role.TARGET, Role.DRIVE
_KS, _INITRD = Wrong.KICKSTART, Wrong.INITRD
SCENARIOS: Final = (
    Scenario("normal", "the target comes first", (_T, _D), Expected.INSTALLED),
    Scenario("swapped", "the drive comes before the target", (_D, _T), Expected.INSTALLED),
    Scenario("decoy", "another disk of the target's size and model", (Role.DECOY, _T, _D), Expected.INSTALLED),
    Scenario("absent", "the target is not there", (Role.OLD, _D), Expected.REFUSED),
    Scenario("twins", "two disks are what the profile erases", (_T, Role.TWIN, _D), Expected.REFUSED),
    Scenario("clone", "a second filesystem has the drive's UUID and label", (_T, Role.CLONE, _D), Expected.SAFE),
    Scenario(
        "corrupt", "a byte of the drive's ks.cfg is another", (_T, _D), Expected.REFUSED, corrupts=Wrong.KICKSTART
    ),
    Scenario("corrupt-initrd", "a byte of the initrd is another", (_T, _D), Expected.HOME, corrupts=_INITRD),
    Scenario(
        "power",
        "the power fails at the first writes, and comes back",
        (Role.OLD, Role.BLANK_TARGET, _D),
        Expected.NO_OTHER_DISK,
        cuts_power=True,
    ),
)
NAMES: Final = tuple(scenario.name for scenario in SCENARIOS)

#: For a profile that erases the only other disk of the box, any further disk is a second one that it could mean.
_ONLY_OTHER: Final[dict[str, dict[str, Any]]] = {
    "decoy": {"expected": Expected.REFUSED},
    "absent": {"skip": "the profile erases whatever other disk there is"},
    "clone": {"expected": Expected.REFUSED},
    "power": {"expected": Expected.NO_OTHER_HARM, "disks": (_T, _D)},
}
#: For a profile that knows the target by its model alone, a disk of that model is as good as the target.
_ALIKE: Final[dict[str, dict[str, Any]]] = {"decoy": {"expected": Expected.REFUSED}}


class Kind(StrEnum):
    """How a profile knows its target."""

    BY_IDENTITY = "by identity"
    BY_MODEL = "by model"
    ONLY_OTHER = "the only other disk"


#: Linux rejects the second of two NVMe controllers of one name and number (nvme_validate_cntlid), and QEMU makes the
#: name of the serial number: no installer sees that there are two.
_ON_NVME: Final[dict[str, dict[str, Any]]] = {
    "twins": {"skip": "Linux lets no second NVMe disk of one serial number in"}
}


def scenarios_for(names: tuple[str, ...], kind: Kind, bus: Bus = Bus.VIRTIO) -> tuple[Scenario, ...]:
    """Return the scenarios of those names, all where none is named, as they are for a profile's target on a bus."""
    changed = {Kind.ONLY_OTHER: _ONLY_OTHER, Kind.BY_MODEL: _ALIKE}
    others = changed.get(kind, {}) | (_ON_NVME if bus is Bus.NVME else {})
    wanted = [scenario for scenario in SCENARIOS if not names or scenario.name in names]
    return tuple(replace(scenario, **others.get(scenario.name, {})) for scenario in wanted)
