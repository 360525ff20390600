"""``kickbuild plan``, ``prepare`` and ``remove``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kickbuild.cli.output import echo_json, terminal_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from kickbuild.build.prepare import Job

FILESYSTEMS = ("ext4", "xfs", "vfat")
_PATH = click.Path(path_type=Path)


def _where(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where the drive is."""
    options = [
        click.argument("profiles", nargs=-1, required=True, type=_PATH, metavar="PROFILE..."),
        click.option("--to", type=_PATH, metavar="DIR", help="The mount point of the drive's filesystem."),
        click.option("--image", type=_PATH, metavar="FILE", help="A disk image; made where it is not there."),
        click.option("--size", metavar="SIZE", help="Size of a new image, such as 16GiB; what fits by default."),
        click.option("--fs", type=click.Choice(FILESYSTEMS), help="Filesystem of a new image; ext4 by default."),
        click.option("--label", metavar="LABEL", help="Label of a new image; the profile's by default."),
        click.option("--uuid", metavar="UUID", help="UUID of a new image's filesystem; a new one by default."),
        click.option("--recheck", is_flag=True, help="Trust no file that is there: write them all again."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@_where
def plan(*, as_json: bool, **options: Any) -> None:
    """Print what `prepare` would do with each PROFILE, and do nothing."""
    _show(_job(**options), as_json=as_json)


@click.command()
@_where
@click.option("--dry-run", is_flag=True, help="Only print the plan, as `kickbuild plan` does.")
@click.option("-q", "--quiet", is_flag=True, help="Print neither plan nor progress.")
def prepare(*, as_json: bool, dry_run: bool, quiet: bool, **options: Any) -> None:
    """Make the drive hold each PROFILE: its ISO, kernel, initrd, kickstart and boot entries."""
    job = _job(**options)
    if dry_run:
        _show(job, as_json=as_json)
        return
    _execute(job, as_json=as_json, quiet=quiet, done="prepared")


@click.command()
@click.argument("name")
@click.option("--from", "place", required=True, type=_PATH, metavar="DIR|IMAGE", help="The drive.")
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def remove(name: str, *, place: Path, dry_run: bool, as_json: bool) -> None:
    """Take the profile NAME off a drive, with everything that no other profile there needs."""
    from kickbuild.build.prepare import plan_to_remove

    job = plan_to_remove(name, place)
    if dry_run:
        _show(job, as_json=as_json)
    else:
        _execute(job, as_json=as_json, quiet=False, done=f"removed {name}")


def _job(
    *,
    profiles: tuple[Path, ...],
    to: Path | None,
    image: Path | None,
    size: str | None,
    fs: str | None,
    label: str | None,
    uuid: str | None,
    recheck: bool,
) -> Job:
    from kickbuild.build.prepare import ImageOptions, plan_for_directory, plan_for_image
    from kickbuild.build.wanted import read_wanted
    from kickbuild.cli.image_options import checked_uuid
    from kickbuild.units import parse_size

    if (to is None) == (image is None):
        raise click.UsageError("give exactly one of --to DIR and --image FILE")
    if to is not None and any(value is not None for value in (size, fs, label, uuid)):
        raise click.UsageError("--size, --fs, --label and --uuid are for --image")
    try:
        wanted_size = parse_size(size) if size is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--size") from error
    wanted = read_wanted(profiles)
    if to is not None:
        return plan_for_directory(wanted, to, recheck=recheck)
    assert image is not None
    options = ImageOptions(size=wanted_size, fs=fs, label=label, uuid=checked_uuid(uuid, fs or "ext4"))
    return plan_for_image(wanted, image, options, recheck=recheck)


def _show(job: Job, *, as_json: bool) -> None:
    from kickbuild.cli.plan_text import plan_lines, plan_value

    if as_json:
        echo_json(plan_value(job))
    else:
        click.echo("\n".join(plan_lines(job)))


def _execute(job: Job, *, as_json: bool, quiet: bool, done: str) -> None:
    import time

    from kickbuild.cli.plan_text import plan_lines, plan_value
    from kickbuild.units import format_size

    if not quiet and not as_json:
        click.echo("\n".join(plan_lines(job)), err=True)
        click.echo("", err=True)
    started = time.monotonic()
    manifest = job.run(terminal_progress(quiet=quiet))
    seconds = time.monotonic() - started
    if as_json:
        value = plan_value(job)
        value["files"] = {path: r.sha256 for path, r in manifest.files.items()} if manifest else {}
        echo_json({**value, "seconds": round(seconds, 3)})
    elif manifest is None:
        click.echo(f"nothing to do: {job.plan.destination} holds this already")
    else:
        click.echo(f"{done}: {job.plan.destination}, {format_size(job.plan.writes)} written in {seconds:.1f} s")
        click.echo(f"prove it with `kickbuild verify {job.plan.destination}`", err=True)
