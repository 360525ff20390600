"""``kickbuild fleet``: many boxes at once, by an Ansible inventory."""

from __future__ import annotations

import functools
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kickbuild.cli.confirmation import confirm_token
from kickbuild.cli.output import clock, echo_json, plain
from kickbuild.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from kickbuild.fleet.run import FleetWish

#: Seconds between two lines of progress where there is no terminal, and between two lines about who is waited for.
_PERIOD = 5.0
_WAITING = 60.0


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


def _fleet_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what plan, run and disarm share: which fleet, and how Ansible reaches it."""

    @click.argument("inventory", nargs=-1, required=True)
    @click.option("--limit", default="", metavar="PATTERN", help="Only these hosts, as ansible --limit.")
    @click.option(
        "--ansible", "arguments", default="", metavar="OPTIONS", help='For ansible-playbook: "--become --forks 50".'
    )
    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    @functools.wraps(command)
    def with_options(**options: Any) -> Any:
        return command(**options)

    return with_options


def _plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what a plan is made of."""

    @click.option("--profile", default="", metavar="NAME", help="The profile, where the drives hold several.")
    @click.option("--full", is_flag=True, help="Read the whole ISO on each drive, too.")
    @click.option("--protect", multiple=True, metavar="GROUP", help="Refuse to take all hosts of this group at once.")
    @click.option("--whole-group", multiple=True, metavar="GROUP", help="Take this protected group whole, this once.")
    @click.option("--batches", default="", metavar="SIZES", help="One after the other; 1,10%,50% by default.")
    @click.option("--resume", default="", metavar="RUN", help="Go on with a run: leave alone what it has rebuilt.")
    @click.option(
        "--reports",
        type=click.Path(path_type=Path, file_okay=False),
        default="kickbuild-report",
        show_default=True,
        help="Where each host's report is.",
    )
    @functools.wraps(command)
    def with_options(**options: Any) -> Any:
        return command(**options)

    return with_options


@fleet.command()
@_fleet_options
@_plan_options
def plan(*, as_json: bool, **options: Any) -> None:
    """Check every box in INVENTORY, and print what `fleet run` would do, with its token. Nothing is changed."""
    from kickbuild.fleet.run import plan_fleet_run

    found = plan_fleet_run(_wish(options), _Lines())
    if as_json:
        echo_json(_plan_value(found))
    else:
        click.echo("\n".join([*(plain(line) for line in found["lines"]), f"token: {found['token']}"]))


@fleet.command()
@_fleet_options
@_plan_options
@click.option("--confirm", metavar="TOKEN", help="Say yes to the plan that has this token.")
def run(*, as_json: bool, confirm: str | None, **options: Any) -> int:
    """Rebuild every box in INVENTORY: check all, confirm once, then a canary, a tenth, half at a time.

    Whatever goes wrong ends the run with its batch. Exits with 0 where all boxes are new, with 1 where one is not.
    """
    from kickbuild.fleet.run import all_rebuilt, plan_fleet_run, run_fleet

    wish = _wish(options)
    lines = _Lines()
    found = plan_fleet_run(wish, lines)
    for line in found["lines"]:
        click.echo(plain(line), err=True)
    if found["hosts"]:
        token, boxes = found["token"], len(found["hosts"])
        question = f"Type {token} to erase and rebuild {boxes} boxes, anything else to leave them: "
        confirm_token(token, confirm, word=token, question=question, can_ask=not as_json)
    reports = run_fleet(wish, found["token"], lines)
    if as_json:
        echo_json({"run": found["run"], "hosts": reports})
    else:
        for host, report in reports.items():
            why = f": {report['why']}" if report.get("why") else ""
            click.echo(plain(f"{host}: {report['outcome']}{why}"))
        if not all_rebuilt(reports):
            click.echo(f"--resume {found['run']} goes on with this run, when it is mended", err=True)
    return ExitCode.DONE if all_rebuilt(reports) else ExitCode.FINDINGS


@fleet.command()
@_fleet_options
def disarm(*, as_json: bool, **options: Any) -> int:
    """Take back what is armed and has not rebooted, on every box in INVENTORY."""
    from kickbuild.fleet.run import disarm_fleet

    lines = _Lines()
    done = disarm_fleet(_wish(options), lines)
    if as_json:
        echo_json({"disarmed": done, "hosts": lines.last})
    return ExitCode.DONE if done else ExitCode.FINDINGS


def _wish(options: dict[str, Any]) -> FleetWish:
    import shlex

    from kickbuild.errors import UsageError
    from kickbuild.fleet.run import FleetWish

    try:
        arguments = tuple(shlex.split(options["arguments"]))
    except ValueError as error:
        raise UsageError(f"--ansible: {error}") from error
    return FleetWish(
        inventory=options["inventory"],
        limit=options["limit"],
        profile=options.get("profile", ""),
        full=options.get("full", False),
        protected=options.get("protect", ()),
        whole=options.get("whole_group", ()),
        resume=options.get("resume", ""),
        batches=tuple(size.strip() for size in options.get("batches", "").split(",") if size.strip()),
        reports=Path(options.get("reports", "kickbuild-report")).absolute(),
        arguments=arguments,
    )


def _plan_value(found: dict[str, Any]) -> dict[str, Any]:
    boxes = {"hosts": found["rows"], "done": found["done"], "batches": found["batches"]}
    return {"token": found["token"], "run": found["run"], **boxes}


class _Lines:
    """What happens to hosts, as lines on standard error with the time since the beginning."""

    def __init__(self) -> None:
        self._begun = self._said = time.monotonic()
        self.last: dict[str, str] = {}

    def said(self, host: str, text: str) -> None:
        """Say what happened to a host."""
        self.last[host] = text
        self._line(plain(f"{host}: {text.partition(chr(10))[0]}"))

    def waiting(self, hosts: int) -> None:
        """Say now and then that some are on their way."""
        if time.monotonic() - self._said >= _WAITING:
            self._line(f"waiting for {hosts} {'box' if hosts == 1 else 'boxes'}")

    def _line(self, text: str) -> None:
        self._said = time.monotonic()
        click.echo(f"{clock(self._said - self._begun)} {text}", err=True)
