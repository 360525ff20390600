"""``kickbuild fleet``: many boxes at once, by an Ansible inventory."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from kickbuild.cli.output import echo_json

#: Seconds between two lines of progress where there is no terminal.
_PERIOD = 5.0


@click.group()
def fleet() -> None:
    """Rebuild many boxes: Ansible's inventory says which, Ansible's playbook does it."""


@fleet.command()
@click.argument("inventory", nargs=-1, required=True)
@click.option("--profile", required=True, type=click.Path(path_type=Path), help="The profile that all hosts share.")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), help="Where the kickstarts go.")
@click.option("--drive", metavar="UUID=…|LABEL=…", help="The drive of hosts without a variable kickbuild_drive.")
@click.option("--limit", default="", metavar="PATTERN", help="Only these hosts, as ansible --limit.")
@click.option("--jobs", type=click.IntRange(1), help="Processes; one on each core by default.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def render(
    inventory: tuple[str, ...],
    *,
    profile: Path,
    folder: Path,
    drive: str | None,
    limit: str,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Write the kickstart of every host in INVENTORY: HOST.ks, from one profile.

    A host's variable `kickbuild` holds keys of the profile that are its own, such as `network.hostname`; it may come
    from a group and be a template. Nothing is written unless everything can be.
    """
    from kickbuild.drive.ref import parse_ref
    from kickbuild.fleet.inventory import Inventory
    from kickbuild.fleet.kickstarts import KickstartMaker, write_kickstarts
    from kickbuild.profile.load import read_tables

    tables = read_tables(profile)
    ref = parse_ref(drive) if drive else None
    hosts = Inventory(inventory, limit)
    counter = _Counter(len(hosts.hosts))
    written = write_kickstarts(KickstartMaker(tables, hosts, ref), folder, counter, jobs or 0)
    counter.end()
    if as_json:
        files = [{"host": one.host, "file": one.file, "digest": one.digest} for one in written]
        echo_json({"to": str(folder), "hosts": len(written), "files": files})
    else:
        click.echo(f"{len(written)} kickstarts in {folder}")


class _Counter:
    """Counts hosts on a terminal in one line, elsewhere in a line now and then."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._said = time.monotonic()
        self._is_terminal = sys.stderr.isatty()

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now - self._said < (0.2 if self._is_terminal else _PERIOD):
            return
        self._said = now
        click.echo(f"{done} of {self._total} hosts" + ("\r" if self._is_terminal else "\n"), nl=False, err=True)

    def end(self) -> None:
        """Leave the line to others."""
        if self._is_terminal:
            click.echo("\x1b[K", nl=False, err=True)
