"""``kickbuild rehearse``: seeing the rebuild happen before the box does."""

from __future__ import annotations

import math
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kickbuild.cli.interrupts import interrupt_once
from kickbuild.cli.output import echo_json, plain, terminal_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from kickbuild.progress import Progress
    from kickbuild.rehearse.play import Rehearsal, Settings
    from kickbuild.rehearse.qemu import Qemu
    from kickbuild.rehearse.scratch import Workplace
    from kickbuild.rehearse.summary import Summary

_PATH = click.Path(path_type=Path)
_BUSES = ("virtio", "ide", "sata", "scsi", "nvme", "usb")
_SCENARIOS = ("normal", "swapped", "decoy", "absent", "twins", "clone", "corrupt", "corrupt-initrd", "power")

#: Seconds. Emulation makes an installation of some minutes one of an hour or two.
_DEADLINES = {"kvm": 3600.0, "tcg": 4 * 3600.0}


def _choice(name: str, values: tuple[str, ...], about: str) -> Callable[..., Any]:
    """Return an option that is one of some words, the first of them by default."""
    return click.option(name, type=click.Choice(values), default=values[0], show_default=True, help=about)


def _machine(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is rehearsed on."""
    options = [
        _choice("--firmware", ("bios", "uefi"), "What starts the machine; uefi needs OVMF."),
        _choice("--loader", ("grub2", "grub-legacy"), "The old system's boot loader; RHEL 6 has grub-legacy."),
        _choice("--bus", _BUSES, "Of all disks."),
        click.option("--drive-bus", type=click.Choice(_BUSES), help="Of the rebuild drive, where it is another one."),
        click.option("--memory", metavar="SIZE", help="Memory, such as 4GiB; what the release needs by default."),
        click.option("--cpus", type=click.IntRange(1, 64), default=1, show_default=True, help="Its processors."),
        _choice(
            *("--accel", ("auto", "kvm", "tcg")),
            "tcg works everywhere and is slow; auto takes kvm where it is seen to work.",
        ),
        click.option(
            *("--deadline", "deadline"),
            type=click.FloatRange(1, 86400),
            metavar="SECONDS",
            help="After which a scenario that has not ended has failed: an hour by kvm, four by tcg, by default.",
        ),
        click.option("--jobs", type=click.IntRange(1, 16), help="Scenarios at once; by the processors by default."),
        click.option("--work", type=_PATH, metavar="DIR", help="Where overlays grow; TMPDIR or /var/tmp by default."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@click.argument("drive", type=_PATH, metavar="DRIVE")
@click.option("--profile", metavar="NAME", help="The profile to rehearse, where the drive has several.")
@click.option(
    *("--scenario", "scenarios"),
    multiple=True,
    type=click.Choice(_SCENARIOS),
    metavar="NAME",
    help=f"Only this one; repeatable: {', '.join(_SCENARIOS)}.",
)
@_machine
@click.option("--report", type=_PATH, metavar="DIR", help="Write index.html and each console into this directory.")
@click.option("--junit", type=_PATH, metavar="FILE", help="Write the result as JUnit's XML.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--anyway", is_flag=True, help="Rehearse a drive that `kickbuild verify` finds wrong.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
def rehearse(
    drive: Path,
    *,
    report: Path | None,
    junit: Path | None,
    as_json: bool,
    anyway: bool,
    quiet: bool,
    work: Path | None,
    **options: Any,
) -> int:
    """Boot DRIVE (an image file, a block device or a directory) in QEMU beside scratch disks, and judge what happens.

    The drive is only read. Exits with 0 when every scenario went as it must, and with 7 when one did not.
    """
    from kickbuild.cli.rehearse_places import PAGE, require_places
    from kickbuild.errors import ExitCode
    from kickbuild.files import shared_at
    from kickbuild.rehearse.scratch import workplace

    # Nothing goes on after Ctrl-C; a second one would stop the stopping.
    interrupt_once(signal.SIGINT)
    progress = terminal_progress(quiet=quiet)
    work = work or Path(os.environ.get("TMPDIR") or "/var/tmp")  # noqa: S108 - files have no names
    require_places(drive, report, junit, work)
    with workplace(work) as place, shared_at(drive):
        summary = _rehearse(drive, place, progress, anyway=anyway, **options)
    # What took hours is told wherever it can be: neither a full disk nor a lost output keeps it from the others.
    try:
        _show(summary, as_json=as_json)
    finally:
        _write(summary, report, junit)
    if report is not None:
        click.echo(f"look at {report / PAGE}", err=True)
    return ExitCode.DONE if summary.passed else ExitCode.REHEARSAL


def _rehearse(
    drive: Path,
    place: Workplace,
    progress: Progress,
    *,
    anyway: bool,
    profile: str | None,
    scenarios: tuple[str, ...],
    accel: str,
    jobs: int | None,
    **options: Any,
) -> Summary:
    from kickbuild.rehearse.accelerator import choose_accelerator
    from kickbuild.rehearse.drive import read_drive
    from kickbuild.rehearse.play import prepare_rehearsal, require_loader
    from kickbuild.rehearse.qemu import require_buses, require_qemu
    from kickbuild.rehearse.scratch import has_memory, require_memory, require_room

    qemu = require_qemu()
    most = jobs or max(1, min(2, (os.cpu_count() or 1) // options["cpus"]))
    settings = _settings(options, qemu, min(most, len(set(scenarios)) or most))
    require_memory(settings.memory)
    require_buses(qemu, (settings.bus, settings.drive_bus))
    require_loader(settings)
    require_room(place.directory, settings.jobs)
    _verify(drive, progress, anyway=anyway)
    read = read_drive(drive, place, progress)
    rehearsal = prepare_rehearsal(read, profile, settings, place)
    settings = replace(settings, accel=choose_accelerator(accel, qemu, settings.bus, place))
    if options["memory"] is None:
        settings = replace(settings, memory=_memory_of(rehearsal.release))
    if options["deadline"] is None:
        settings = replace(settings, deadline=_DEADLINES[settings.accel])
    if jobs is None and not has_memory(settings.memory * settings.jobs):
        settings = replace(settings, jobs=1)
    require_memory(settings.memory * settings.jobs)
    return _play(str(drive), replace(rehearsal, settings=settings), scenarios, place, progress)


def _settings(options: dict[str, Any], qemu: Qemu, jobs: int) -> Settings:
    from kickbuild.rehearse.machine import Bus, Firmware
    from kickbuild.rehearse.old_system import Loader
    from kickbuild.rehearse.play import Settings
    from kickbuild.units import MIB, parse_size

    try:
        memory = parse_size(options["memory"]) // MIB if options["memory"] else 0
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--memory") from error
    if math.isnan(options["deadline"] or 0.0):
        raise click.BadParameter("nan is no number of seconds", param_hint="--deadline")
    if options["memory"] and memory < 128:
        raise click.BadParameter("a machine needs 128MiB at the least", param_hint="--memory")
    return Settings(
        firmware=Firmware(options["firmware"]),
        loader=Loader(options["loader"]),
        bus=Bus(options["bus"]),
        drive_bus=Bus(options["drive_bus"] or options["bus"]),
        memory=memory,
        cpus=options["cpus"],
        deadline=options["deadline"] or 0.0,
        program=qemu.program,
        board=qemu.board,
        jobs=jobs,
    )


def _memory_of(release: str) -> int:
    from kickbuild.releases.find import parse_release
    from kickbuild.units import MIB

    # Above what the installer says it needs: it counts what the kernel has left.
    return max(1024, parse_release(release).can.memory // MIB + 512)


def _play(drive: str, rehearsal: Rehearsal, names: tuple[str, ...], place: Workplace, progress: Progress) -> Summary:
    from kickbuild.cli.rehearse_text import Moments
    from kickbuild.rehearse.judge import judge
    from kickbuild.rehearse.play import play_all
    from kickbuild.rehearse.scenario import scenarios_for
    from kickbuild.rehearse.summary import Summary

    settings = rehearsal.settings
    scenarios = scenarios_for(names, rehearsal.target.kind, settings.bus)
    for notice in rehearsal.notices:
        progress.notice(f"note: {plain(notice)}")
    at_once = f"{len(scenarios)} scenarios, {min(settings.jobs, len(scenarios))} at once"
    if len(scenarios) == 1:
        at_once = "1 scenario"
    progress.notice(f"rehearsing {rehearsal.profile}: {at_once}, by {settings.accel}")
    verdicts = {}
    moments = Moments(progress, max(len(scenario.name) for scenario in scenarios))
    for played in play_all(rehearsal, scenarios, place, moments.heard):
        verdict = judge(played)
        verdicts[played.scenario.name] = verdict
        progress.notice(f"{verdict.result}: {played.scenario.name} ({verdict.installer}), {played.seconds:.0f} s")
    return Summary(
        drive=drive,
        profile=rehearsal.profile,
        release=rehearsal.release,
        machine={
            "chipset": settings.board.chipset,
            "firmware": str(settings.firmware),
            "loader": str(settings.loader),
            "bus": str(settings.bus),
            "drive bus": str(settings.drive_bus),
            "memory": f"{settings.memory} MiB",
            "cpus": str(settings.cpus),
            "accel": settings.accel,
            "deadline": f"{settings.deadline:.0f} s",
        },
        verdicts=tuple(verdicts[scenario.name] for scenario in scenarios),
        notices=rehearsal.notices,
    )


def _verify(drive: Path, progress: Progress, *, anyway: bool) -> None:
    from kickbuild.build.prepare import open_drive
    from kickbuild.build.verify import verify_drive
    from kickbuild.errors import Problem, RefusedError

    with open_drive(drive) as tree:
        findings = verify_drive(tree, progress, name=str(drive)).findings
    if not findings:
        return
    if anyway:
        for finding in findings:
            click.echo(plain(f"note: {drive}{finding.path}: {finding.message}"), err=True)
        return
    problems = [Problem(finding.message, where=f"{drive}{finding.path}") for finding in findings]
    last = replace(problems[-1], hint="`kickbuild prepare --recheck` mends it; --anyway rehearses it as it is")
    raise RefusedError(*problems[:-1], last)


def _show(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        from kickbuild.rehearse.summary import summary_value

        echo_json(summary_value(summary))
    else:
        from kickbuild.cli.rehearse_text import show_table

        show_table(summary)


def _write(summary: Summary, report: Path | None, junit: Path | None) -> None:
    from kickbuild.cli.rehearse_places import PAGE
    from kickbuild.errors import system_error
    from kickbuild.files import atomic_write

    files: dict[Path, str] = {}
    if report is not None:
        from kickbuild.rehearse.page import render_page

        files[report / PAGE] = render_page(summary)
        for verdict in summary.verdicts:
            text = "\n".join([summary.headline, *verdict.played.console, ""])
            files[report / f"{verdict.played.scenario.name}.log"] = text
    if junit is not None:
        from kickbuild.rehearse.summary import render_junit

        files[junit] = render_junit(summary)
    for path, text in files.items():
        try:
            atomic_write(path, text.encode("utf-8", "replace"))
        except OSError as error:
            raise system_error(error, path) from error
