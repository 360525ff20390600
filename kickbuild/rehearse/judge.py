"""The verdict on a scenario, by positive signs: what is on the disks, what was said, and where the box came to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from kickbuild.rehearse.console import Sign
from kickbuild.rehearse.guest import Ending
from kickbuild.rehearse.scenario import Expected, Role
from kickbuild.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kickbuild.rehearse.play import Played, PlayedDisk
    from kickbuild.rehearse.scratch import Range


#: What the last script says where a rebuilt box lacks something (templates/kickstart/after.sh).
_INSTALLED_BUT: Final = "kickbuild: the new system is installed, but: "


class Result(StrEnum):
    """What is thought of a scenario."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Installer(StrEnum):
    """Which installer was heard."""

    STAND_IN = "stand-in installer"
    REAL = "real installer"
    NONE = "no installer"


class Home(StrEnum):
    """Where the box came to."""

    OLD = "old system"
    NEW = "new system"
    NOWHERE = "nothing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so, whether it is, and in words what was seen."""

    holds: bool
    text: str
    is_harm: bool = False
    """Whether it looks for harm to a disk that must be spared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is thought of a scenario, and why."""

    played: Played
    result: Result
    checks: tuple[Check, ...] = ()
    installer: Installer = Installer.NONE
    home: Home = Home.NOWHERE

    @property
    def said(self) -> str:
        """The verdict on one line: what is wrong, or what was seen."""
        if self.result is Result.SKIPPED:
            return self.played.scenario.skip
        wrong = [check for check in self.checks if not check.holds]
        if wrong:
            # What was destroyed is said before what was not reached.
            return "; ".join(check.text for check in sorted(wrong, key=lambda check: not check.is_harm))
        left = _topmost({path for disk in self.played.disks for path in disk.drive.left})
        spared = f"left on the drive: {left}" if left else "the drive is the same to the byte"
        return "; ".join([*(check.text for check in self.checks if not check.is_harm), spared])

    @property
    def guard_words(self) -> tuple[str, ...]:
        """What the guard said, each line once."""
        words = [event.text for event in self.played.events if event.sign is Sign.GUARD]
        return tuple(dict.fromkeys(words))


def judge(played: Played) -> Verdict:
    """Return the verdict on a scenario."""
    if played.scenario.skip:
        return Verdict(played=played, result=Result.SKIPPED)
    home = _home(played)
    checks = tuple(_checks(played, home))
    passed = bool(checks) and all(check.holds for check in checks)
    return Verdict(
        played=played,
        result=Result.PASSED if passed else Result.FAILED,
        checks=checks,
        installer=_installer(played),
        home=home,
    )


def _home(played: Played) -> Home:
    """Return what the last boot reached."""
    home = Home.NOWHERE
    for event in played.events:
        if event.sign is Sign.POWER_ON:
            home = Home.NOWHERE
        elif event.sign is Sign.OLD_SYSTEM:
            home = Home.OLD
        elif event.sign is Sign.NEW_SYSTEM:
            home = Home.NEW
    return home


def _installer(played: Played) -> Installer:
    signs = {event.sign for event in played.events}
    if signs & {Sign.STAND_IN, Sign.INSTALLED}:
        return Installer.STAND_IN
    return Installer.REAL if Sign.INSTALLER in signs else Installer.NONE


def _checks(played: Played, home: Home) -> Iterator[Check]:
    expected = played.scenario.expected
    if played.endings[-1] is Ending.BROKEN:
        # What is on the disks is not known.
        yield Check(holds=False, text=f"it {Ending.BROKEN}: {played.complaints}")
        return
    if played.endings[-1] is Ending.DIED:
        yield Check(holds=False, text=f"QEMU failed: {_last_line(played.complaints)}")
    if played.endings[-1] is Ending.FULL:
        yield Check(holds=False, text="the overlays have no room where they are: see --work")
    target = next((disk for disk in played.disks if disk.role.is_target), None)
    spares_target = expected is Expected.REFUSED
    if expected is Expected.SAFE:
        was_installed = target is not None and bool(target.unexpected())
        expected = Expected.INSTALLED if was_installed else Expected.REFUSED
    if expected is Expected.INSTALLED:
        yield _written(target)
        if reason := _refusal(played):
            # Why there is no new system; that it then proves nothing goes without saying.
            yield Check(holds=False, text=f"the guard refused: {reason}")
        else:
            yield from _proof(played)
        yield _came(played, home, Home.NEW)
    elif expected is Expected.HOME:
        yield from _came_home(played, home, target)
    elif expected is Expected.REFUSED:
        yield _refused(played)
        yield _came(played, home, Home.OLD)
    else:
        yield _cut(played)
        yield _came(played, home, Home.OLD) if expected is Expected.NO_OTHER_DISK else _ended(played)
    yield from _no_harm(played, spares_target=spares_target)


def _came_home(played: Played, home: Home, target: PlayedDisk | None) -> Iterator[Check]:
    """Look at a box that may install its new system or not: its installer may not have come as far as the guard."""
    written = target is not None and bool(target.unexpected())
    if written:
        yield _written(target)
        yield from _proof(played)
    elif not {event.sign for event in played.events} & {Sign.ENTRY, Sign.KERNEL}:
        yield Check(holds=False, text="the Rebuild entry was not booted")
    if any(event.sign is Sign.PANIC for event in played.events) and not _panic_at_end(played):
        yield Check(holds=True, text="the kernel panicked, and the box rebooted")
    yield _came(played, home, Home.NEW if written else Home.OLD)


def _proof(played: Played) -> Iterator[Check]:
    """Look for what kickbuild's last script leaves, where it was kickbuild's kickstart: its guard has then spoken."""
    if all(event.sign is not Sign.GUARD for event in played.events):
        return
    outcome = "".join(disk.drive.outcome for disk in played.disks if disk.role is Role.DRIVE)
    if outcome not in {"", "installed"}:
        yield Check(holds=False, text=f"the drive tells of the rebuild: {outcome}")
    elif any(disk.bears_stamp for disk in played.disks):
        yield Check(holds=True, text="the new system bears its stamp")
    else:
        # An encrypted disk shows no stamp; the drive is never encrypted.
        text = "the drive tells that it is installed" if outcome else "no stamp is in the new system or on the drive"
        yield Check(holds=bool(outcome), text=text)
    for event in played.events:
        if event.sign is Sign.GUARD and event.text.startswith(_INSTALLED_BUT):
            yield Check(holds=True, text=event.text.removeprefix("kickbuild: "))


def _panic_at_end(played: Played) -> str:
    """Return what the kernel of the last boot panicked with; empty where it did not."""
    last = [event for event in played.events if event.sign in {Sign.PANIC, Sign.POWER_ON}][-1:]
    return "".join(event.text for event in last if event.sign is Sign.PANIC)


def _cut(played: Played) -> Check:
    if Ending.CUT in played.endings:
        return Check(holds=True, text="the power failed at the first writes")
    return Check(holds=False, text="the installer wrote nothing: there was no moment to cut the power")


def _no_harm(played: Played, *, spares_target: bool) -> Iterator[Check]:
    for disk in played.disks:
        if disk.role in {Role.DRIVE, Role.CLONE}:
            yield _drive(disk)
        elif not disk.role.is_target or spares_target:
            yield _untouched(disk)


def _drive(disk: PlayedDisk) -> Check:
    change = disk.drive
    if change.damage:
        more = f" and {len(change.damage) - 3} more" if len(change.damage) > 3 else ""
        return Check(
            holds=False, is_harm=True, text=f"the {disk.role} was DAMAGED: {', '.join(change.damage[:3])}{more}"
        )
    if change.identical:
        return Check(holds=True, is_harm=True, text=f"the {disk.role} is the same to the byte")
    left = _topmost(change.left) or "nothing but its filesystem's own notes"
    return Check(holds=True, is_harm=True, text=f"the {disk.role} holds what it held (left there: {left})")


def _topmost(paths: Iterable[str]) -> str:
    """Return paths for a line of text; a directory stands for what is in it."""
    known = set(paths)
    top = (path for path in known if not any(path.startswith(f"{other}/") for other in known))
    return ", ".join(sorted(top))


def _untouched(disk: PlayedDisk) -> Check:
    found = disk.unexpected()
    if found:
        return Check(
            holds=False,
            is_harm=True,
            text=f"the {disk.role} was WRITTEN: {_amount(found)}, first at byte {found[0].start}",
        )
    if disk.one_shot and disk.changes.changed:
        return Check(holds=True, is_harm=True, text=f"the {disk.role} disk is the same but for the choice of one boot")
    return Check(holds=True, is_harm=True, text=f"the {disk.role} disk is the same to the byte")


def _written(target: PlayedDisk | None) -> Check:
    found = target.unexpected() if target else ()
    if not found:
        return Check(holds=False, text="the target was NOT written")
    return Check(holds=True, text=f"the target was written: {_amount(found)}")


def _amount(ranges: Iterable[Range]) -> str:
    return format_size(sum(part.length for part in ranges))


def _refused(played: Played) -> Check:
    if reason := _refusal(played):
        return Check(holds=True, text=f"the guard refused: {reason}")
    return Check(holds=False, text="the guard did not say why it refused")


def _refusal(played: Played) -> str:
    """Return the first reason that the guard gave for refusing, as a part of a sentence; empty where it gave none."""
    for event in played.events:
        if event.sign is Sign.GUARD and event.text.startswith("kickbuild: - "):
            return event.text.removeprefix("kickbuild: - ").removesuffix(".")
    return ""


def _came(played: Played, home: Home, wanted: Home) -> Check:
    if home is wanted:
        return Check(holds=True, text=f"the box came to its {home}")
    where = f"no system (it {_how(played)})" if home is Home.NOWHERE else f"its {home}"
    return Check(holds=False, text=f"the box came to {where} instead of its {wanted}")


def _ended(played: Played) -> Check:
    bad = played.endings[-1] in {Ending.DIED, Ending.STOPPED}
    return Check(not bad, f"the machine {_how(played)}")


def _how(played: Played) -> str:
    """Return what became of the last boot, and of those before it where they tell more."""
    last, boots = played.endings[-1], len(played.endings)
    if last is Ending.DEADLINE and (panic := _panic_at_end(played)):
        return f"stood still until the deadline: {panic}"
    if last in {Ending.REBOOT, Ending.CUT}:
        return f"rebooted {boots} times without reaching one"
    if last is Ending.DEADLINE and boots > 1:
        return f"rebooted {boots - 1} times and {last}"
    return str(last)


def _last_line(complaints: str) -> str:
    return (complaints.splitlines() or ["it does not say why"])[-1]
