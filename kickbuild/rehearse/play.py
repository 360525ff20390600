"""Playing scenarios: the disks of each, its boots one after the other, and what then is on the disks."""

from __future__ import annotations

import re
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from kickbuild.errors import KickbuildError, LackingError, ToolError, system_error
from kickbuild.rehearse.change import DriveChange, drive_change
from kickbuild.rehearse.console import Console, Event, Sign
from kickbuild.rehearse.corrupt import Corruption, corrupt, corruptions
from kickbuild.rehearse.drive import profile_of, read_file, read_whole, require_same
from kickbuild.rehearse.guest import Ending, Watch, boot_once
from kickbuild.rehearse.identity import target_of
from kickbuild.rehearse.loaders import find_grub_legacy, find_ovmf, require_grub2
from kickbuild.rehearse.machine import BOARD, Board, Bus, Disk, Firmware, Identity, Machine, Uefi
from kickbuild.rehearse.old_system import Entry, Loader, OldSystem, make_old_system
from kickbuild.rehearse.scenario import Role, Wrong
from kickbuild.rehearse.scratch import Changes, Range, changes, workplace
from kickbuild.rehearse.stamp import bears_stamp
from kickbuild.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kickbuild.rehearse.drive import Drive
    from kickbuild.rehearse.guest import BootEnd, Screenshot
    from kickbuild.rehearse.identity import Target
    from kickbuild.rehearse.scenario import Scenario
    from kickbuild.rehearse.scratch import Workplace

#: The Rebuild entry, a reboot, what comes after it, and some to spare for firmware that reboots by itself.
_MOST_BOOTS: Final = 6
_SERIALS: Final = {
    Role.OLD: "REHEARSALOLD",
    Role.DRIVE: "REHEARSALDRIVE",
    Role.DECOY: "REHEARSALDECOY",
    Role.CLONE: "REHEARSALCLONE",
}
_CONSOLE: Final = "console=tty0 console=ttyS0,115200"
_KERNEL_LINE: Final = re.compile(r'(?m)(\blinux(?:efi)? "\(\$kickbuild_drive\)[^"]*"|^\s*kernel \S+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The machine that is rehearsed on; ``memory`` in MiB, ``deadline`` in seconds for each scenario."""

    firmware: Firmware = Firmware.BIOS
    loader: Loader = Loader.GRUB2
    bus: Bus = Bus.VIRTIO
    drive_bus: Bus = Bus.VIRTIO
    memory: int = 2048
    cpus: int = 1
    accel: str = "tcg"
    deadline: float = 3600.0
    program: str = "qemu-system-x86_64"
    board: Board = BOARD
    jobs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Everything that the scenarios of one drive share; the bases are only read."""

    drive: Drive
    profile: str
    release: str
    target: Target
    settings: Settings
    old_base: Path
    old: OldSystem
    blank_base: Path
    decoy_base: Path
    corruptions: dict[Wrong, Corruption]
    says: str
    """What the old system says."""
    ovmf: tuple[Path, Path] | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedDisk:
    """A disk after a scenario. ``one_shot`` is where the boot loader may take back the choice of one boot."""

    role: Role
    size: int
    changes: Changes
    one_shot: tuple[Range, ...] = ()
    drive: DriveChange = field(default_factory=DriveChange)
    bears_stamp: bool = False
    """Whether a new system on it tells that kickbuild's kickstart installed it."""

    def unexpected(self) -> tuple[Range, ...]:
        """Return what is different and is not the boot loader's own choice."""
        return tuple(p for p in self.changes.changed if not any(_within(p, choice) for choice in self.one_shot))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What became of a scenario."""

    scenario: Scenario
    seconds: float
    endings: tuple[Ending, ...] = ()
    complaints: str = ""
    events: tuple[Event, ...] = ()
    console: tuple[str, ...] = ()
    disks: tuple[PlayedDisk, ...] = ()
    pictures: tuple[Screenshot, ...] = ()


def require_loader(settings: Settings) -> None:
    """Raise LackingError where what starts the machine is not installed: its firmware, and its boot loader."""
    if settings.firmware is Firmware.UEFI:
        find_ovmf()
    if settings.loader is Loader.GRUB2:
        require_grub2(settings.firmware)
        return
    if settings.firmware is Firmware.UEFI:
        raise LackingError("GRUB legacy starts from BIOS alone", hint="rehearse with --firmware bios")
    find_grub_legacy()


def prepare_rehearsal(drive: Drive, profile: str | None, settings: Settings, place: Workplace) -> Rehearsal:
    """Return what the scenarios share. Raises UsageError, LackingError and ToolError."""
    name, record = profile_of(drive, profile)
    if record.arch != "x86_64":
        raise LackingError(f"the profile {name} is for {record.arch}; kickbuild rehearses x86_64 alone")
    target = target_of(record.target, settings.bus)
    ovmf = find_ovmf() if settings.firmware is Firmware.UEFI else None
    entry, notices = _entry(drive, name, record.directory, settings.loader)
    if not settings.board.card:
        notices = (*notices, "this QEMU has no network for a machine: the rehearsed one has no network card")
    says = f"KICKBUILD-OLD-SYSTEM-{secrets.token_hex(4)}"
    old_base = place.file(target.size)
    old = make_old_system(old_base, settings.loader, settings.firmware, entry, says)
    return Rehearsal(
        drive=drive,
        profile=name,
        release=record.release,
        target=target,
        settings=settings,
        old_base=old_base,
        old=old,
        blank_base=place.file(target.size),
        decoy_base=_decoy(target.size, place),
        corruptions=corruptions(
            drive, f"/kickbuild/{name}/ks.cfg", f"{record.directory}/initrd.img", (old_base, old.initrd)
        ),
        says=says,
        ovmf=ovmf,
        notices=(*drive.notices, *notices),
    )


def play_all(
    rehearsal: Rehearsal, scenarios: Sequence[Scenario], place: Workplace, heard: Callable[[Scenario, Event], None]
) -> Iterator[Played]:
    """Play scenarios, as many at once as the settings say, and yield each as it ends.

    ``heard`` is called with each event when it happens, from several threads.
    """
    stop = threading.Event()
    pool = ThreadPoolExecutor(max_workers=rehearsal.settings.jobs)
    try:
        futures = [pool.submit(play, rehearsal, scenario, place.directory, stop, heard) for scenario in scenarios]
        for future in as_completed(futures):
            yield future.result()
    finally:
        # Whatever came, a Ctrl-C too: every machine is off before this returns.
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def play(
    rehearsal: Rehearsal,
    scenario: Scenario,
    directory: Path,
    stop: threading.Event,
    heard: Callable[[Scenario, Event], None],
) -> Played:
    """Play one scenario. What stops it is told as its ending: it must not take from others what they told."""
    began = time.monotonic()
    if scenario.skip:
        return Played(scenario=scenario, seconds=0.0)
    watch = Watch(
        console=Console(rehearsal.says, heard=partial(heard, scenario)),
        began=began,
        deadline=rehearsal.settings.deadline,
        stop=stop,
        cut_at_writes_to=_target_number(scenario) if scenario.cuts_power else None,
        disks=tuple(str(role) for role in scenario.disks),
    )
    try:
        played = _played(rehearsal, scenario, directory, watch)
        require_same(rehearsal.drive)
    except KickbuildError as error:
        return Played(
            scenario=scenario,
            seconds=time.monotonic() - began,
            endings=(Ending.BROKEN,),
            complaints=str(error),
            events=tuple(watch.console.events),
            console=tuple(watch.console.lines()),
            pictures=tuple(watch.pictures),
        )
    return played


def _played(rehearsal: Rehearsal, scenario: Scenario, directory: Path, watch: Watch) -> Played:
    with workplace(directory) as place:
        disks = tuple(_attach(rehearsal, role, place) for role in scenario.disks)
        if scenario.cuts_power:
            disks = tuple(replace(d, slow=r.is_target) for d, r in zip(disks, scenario.disks, strict=True))
        if scenario.corrupts:
            wrong = rehearsal.corruptions[scenario.corrupts]
            corrupt(wrong, scenario.corrupts, disks[scenario.disks.index(wrong.role)].file, place)
        settings = rehearsal.settings
        machine = Machine(
            disks=disks,
            memory=settings.memory,
            cpus=settings.cpus,
            accel=settings.accel,
            uefi=_uefi(rehearsal, place),
            board=settings.board,
        )
        ends = _boots(machine, watch, place, settings.program)
        if ends[-1].ending is Ending.STOPPED:
            return Played(scenario=scenario, seconds=time.monotonic() - watch.began, endings=(Ending.STOPPED,))
        return Played(
            scenario=scenario,
            seconds=time.monotonic() - watch.began,
            endings=tuple(end.ending for end in ends),
            complaints=ends[-1].complaints,
            events=tuple(watch.console.events),
            console=tuple(watch.console.lines()),
            disks=tuple(
                _examined(rehearsal, scenario, role, disk, place)
                for role, disk in zip(scenario.disks, disks, strict=True)
            ),
            pictures=tuple(watch.pictures),
        )


def _boots(machine: Machine, watch: Watch, place: Workplace, program: str) -> list[BootEnd]:
    ends: list[BootEnd] = []
    while not ends or (ends[-1].ending in {Ending.REBOOT, Ending.CUT} and len(ends) < _MOST_BOOTS):
        seconds = time.monotonic() - watch.began
        watch.console.add(Event(seconds, Sign.POWER_ON, f"boot {len(ends) + 1}"))
        ends.append(boot_once(machine, watch, place, program=program))
        if ends[-1].ending is Ending.CUT:
            watch = replace(watch, cut_at_writes_to=None)
            machine = replace(machine, disks=tuple(replace(disk, slow=False) for disk in machine.disks))
    watch.console.add(Event(time.monotonic() - watch.began, Sign.END, f"the machine {ends[-1].ending}"))
    return ends


def _target_number(scenario: Scenario) -> int:
    return next(number for number, role in enumerate(scenario.disks) if role.is_target)


def _attach(rehearsal: Rehearsal, role: Role, place: Workplace) -> Disk:
    settings, target = rehearsal.settings, rehearsal.target
    bases = {
        Role.TARGET: rehearsal.old_base,
        Role.OLD: rehearsal.old_base,
        Role.DRIVE: rehearsal.drive.base,
        Role.CLONE: rehearsal.drive.base,
        Role.DECOY: rehearsal.decoy_base,
    }
    overlay = place.overlay(bases.get(role, rehearsal.blank_base))
    if role.is_target or role is Role.TWIN:
        return Disk(overlay, target.identity, settings.bus, first=role is Role.TARGET)
    model = target.identity.model if role is Role.DECOY else ""
    bus = settings.drive_bus if role in {Role.DRIVE, Role.CLONE} else settings.bus
    return Disk(overlay, Identity(_SERIALS[role], "", model), bus, first=role is Role.OLD)


def _examined(rehearsal: Rehearsal, scenario: Scenario, role: Role, disk: Disk, place: Workplace) -> PlayedDisk:
    wrong = rehearsal.corruptions[scenario.corrupts] if scenario.corrupts else None
    but = wrong.start if wrong and wrong.role is role else -1
    if role in {Role.DRIVE, Role.CLONE}:
        found, change = drive_change(rehearsal.drive, disk.file, place, rehearsal.profile, but=but)
        return PlayedDisk(role=role, size=rehearsal.drive.size, changes=found, drive=change)
    has_old = role in {Role.TARGET, Role.OLD}
    base = rehearsal.old_base if has_old else rehearsal.decoy_base if role is Role.DECOY else rehearsal.blank_base
    one_shot = rehearsal.old.one_shot if has_old else ()
    found = changes(disk.file, base, but=but)
    return PlayedDisk(
        role=role,
        size=rehearsal.target.size,
        changes=found,
        one_shot=one_shot,
        bears_stamp=role.is_target and bears_stamp(disk.file, found.changed, rehearsal.profile),
    )


def _uefi(rehearsal: Rehearsal, place: Workplace) -> Uefi | None:
    if rehearsal.ovmf is None:
        return None
    code, variables = rehearsal.ovmf
    own = place.file()
    try:
        own.write_bytes(variables.read_bytes())
    except OSError as error:
        raise system_error(error, variables) from error
    return Uefi(code, own)


def _entry(drive: Drive, name: str, directory: str, loader: Loader) -> tuple[Entry, tuple[str, ...]]:
    text = read_file(drive, f"/kickbuild/{name}/entry.{loader}").decode("utf-8", "replace")
    if not text:
        raise ToolError(f"the drive has no entry for {loader} of the profile {name}", hint="prepare the drive again")
    notices: tuple[str, ...] = ()
    if "console=ttyS" not in text:
        text = _KERNEL_LINE.sub(lambda match: f"{match[0]} {_CONSOLE}", text)
        notices = (f"the rehearsed entry has {_CONSOLE} besides, so that the installer can be heard",)
    if loader is Loader.GRUB2:
        return Entry(id=f"kickbuild-{name}", text=text), notices
    kernel, initrd = (read_whole(drive, f"{directory}/{kind}") for kind in ("vmlinuz", "initrd.img"))
    return Entry(id=f"kickbuild-{name}", text=text, kernel=kernel, initrd=initrd), notices


def _decoy(size: int, place: Workplace) -> Path:
    """Return a disk that somebody's data are on."""
    decoy = place.file(size)
    run(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", decoy], stdin=b"label: dos\nstart=2048, type=83\n")
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", "DATA", "-E", f"offset={1 << 20}", decoy, "65536k"])
    return decoy


def _within(part: Range, whole: Range) -> bool:
    return whole.start <= part.start and part.end <= whole.end
