"""Planning and rebuilding a fleet by its playbook: what the events mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from kickbuild.errors import KickbuildError, Problem, RefusedError, ToolError, UsageError
from kickbuild.fleet.inventory import GRAPH
from kickbuild.fleet.playbook import Event, Play, Played, play
from kickbuild.fleet.reports import REBUILT, read_reports

if TYPE_CHECKING:
    from collections.abc import Mapping


class FleetWatch(Protocol):
    """Observes a fleet while it is rebuilt."""

    def said(self, host: str, text: str) -> None:
        """Something happened to a host."""

    def waiting(self, hosts: int) -> None:
        """So many hosts are on their way; called about every second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetWish:
    """Which fleet, and how."""

    inventory: tuple[str, ...]
    limit: str = ""
    profile: str = ""
    full: bool = False
    protected: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    resume: str = ""
    batches: tuple[str, ...] = ()
    reports: Path = Path("kickbuild-report")
    arguments: tuple[str, ...] = ()

    def variables(self) -> dict[str, Any]:
        """Return what the playbook is told; what nobody has said stays the inventory's."""
        told = {
            "kickbuild_profile": self.profile,
            "kickbuild_full": self.full,
            "kickbuild_protected_groups": list(self.protected),
            "kickbuild_whole_groups": list(self.whole),
            "kickbuild_resume": self.resume,
            "kickbuild_serial": [int(size) if size.isdecimal() else size for size in self.batches],
        }
        return {key: value for key, value in told.items() if value} | {"kickbuild_report_dir": str(self.reports)}


@dataclass(slots=True)
class _Course:
    """What is known of the hosts so far."""

    watch: FleetWatch
    fleet: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    is_heard: bool = False
    """Whether Ansible has told anything of any host."""
    rebooting: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)

    def heard(self, event: Event) -> None:
        """Take an event."""
        self.is_heard = True
        said = str(event.result.get("msg") or "")
        if event.action == "fleet_confirm":
            self.fleet = dict(event.result.get("kickbuild_fleet") or {})
            self.refusal = said if event.kind == "failed" else ""
        elif event.action == "rebuild_arm" and event.kind == "ok":
            self.watch.said(event.host, "armed" if event.result.get("id") else said or "disarmed")
        elif event.action == "rebuild_boot" and event.kind == "ok":
            self.rebooting.add(event.host)
            self.watch.said(event.host, "reboots into its rebuild")
        elif event.action == "reimage_wait" and event.kind != "unreachable":
            self.rebooting.discard(event.host)
            self.ended.add(event.host)
            self.watch.said(event.host, said)
        elif event.kind != "ok" and event.action not in _QUIET:
            self.watch.said(event.host, f"{event.kind}: {said}" if said else event.kind)

    def may_be_armed(self) -> list[str]:
        """Return who may be armed and has not rebooted, where the run ends now: the rest of the batch that was begun.

        An arming may have come to its end without a word of it here.
        """
        for batch in self.fleet.get("batches", []):
            open_hosts = [host for host in batch if host not in self.ended]
            if open_hosts:
                return [host for host in open_hosts if host not in self.rebooting]
        return []

    def tick(self) -> None:
        """Tell that it still goes on."""
        if self.rebooting:
            self.watch.waiting(len(self.rebooting))


#: Actions whose failures the plan tells.
_QUIET: Final = frozenset({"rebuild_info"})


def plan_fleet_run(wish: FleetWish, watch: FleetWatch) -> dict[str, Any]:
    """Return the plan that the playbook makes in check mode: ``hosts``, ``batches``, ``rows``, ``lines``, ``token``.

    Raises RefusedError with every reason where the fleet is not to be rebuilt, UsageError for an inventory of nobody,
    ToolError where Ansible fails.
    """
    course = _Course(watch)
    # The dry run of each arming would only repeat what the checks have told.
    variables = {**wish.variables(), "kickbuild_show_steps": False}
    done = play(_play(wish, "reimage", variables, check=True), course.heard, course.tick)
    if done.stopped:
        raise KeyboardInterrupt
    _require_hosts(course, done, wish)
    _require_plan(course, done.last)
    return course.fleet


def _require_hosts(course: _Course, done: Played, wish: FleetWish) -> None:
    """Raise where nobody was asked: Ansible takes that for success, but then nothing is known of any box."""
    if course.is_heard:
        return
    if done.code == 0:
        raise UsageError(
            f"{', '.join(wish.inventory)} names no host",
            hint=GRAPH,
        )
    raise ToolError(f"Ansible asked no host: {done.last}", hint="`ansible-playbook` with -v tells more")


def _require_plan(course: _Course, last: str) -> None:
    refusals = course.fleet.get("refusals") or []
    if refusals:
        raise RefusedError(
            *(Problem(str(p["message"]), where=str(p["where"]), hint=str(p["hint"])) for p in refusals),
        )
    if course.refusal:
        raise RefusedError(course.refusal)
    if not course.fleet.get("token") and not course.fleet.get("done"):
        raise ToolError(f"Ansible made no plan: {last}", hint="`ansible-playbook` with -v tells more")


def run_fleet(wish: FleetWish, token: str, watch: FleetWatch) -> dict[str, dict[str, Any]]:
    """Rebuild a fleet whose plan has this token; return the report of each host, by host.

    Raises RefusedError where the plan is another one now, KeyboardInterrupt where a signal stopped it: what was armed
    and had not rebooted is then disarmed.
    """
    course = _Course(watch)
    variables = {**wish.variables(), "kickbuild_confirm": token}
    done = play(_play(wish, "reimage", variables), course.heard, course.tick)
    if done.stopped:
        for host in sorted(course.rebooting):
            watch.said(host, f"is on its way; --resume {course.fleet.get('run')} tells what became of it")
        if left := course.may_be_armed():
            _take_back(wish, watch, left)
        raise KeyboardInterrupt
    _require_plan(course, done.last)
    run = str(course.fleet.get("run", ""))
    hosts = [*course.fleet.get("hosts", []), *course.fleet.get("done", [])]
    reports = read_reports(wish.reports, run, hosts)
    return {host: reports.get(host, {"host": host, "run": run, "outcome": "untouched"}) for host in hosts}


def _take_back(wish: FleetWish, watch: FleetWatch, hosts: list[str]) -> None:
    """Disarm hosts of a run that was stopped; say where nobody can tell whether that was done."""
    try:
        disarm_fleet(wish, watch, limit=",".join(hosts))
    except (KeyboardInterrupt, KickbuildError):
        for host in hosts:
            watch.said(host, "may be armed; `kickbuild fleet disarm` takes that back")
        raise


def disarm_fleet(wish: FleetWish, watch: FleetWatch, *, limit: str = "") -> bool:
    """Take back what is armed and has not rebooted; return whether that was done on every host.

    Raises UsageError for an inventory of nobody, ToolError where Ansible asks no host, KeyboardInterrupt.
    """
    course = _Course(watch)
    done = play(_play(wish, "disarm", {}, limit=limit), course.heard, course.tick)
    if done.stopped:
        raise KeyboardInterrupt
    _require_hosts(course, done, wish)
    return done.code == 0


def all_rebuilt(reports: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether every host of a run is new."""
    return all(report.get("outcome") == REBUILT for report in reports.values())


def _play(
    wish: FleetWish, playbook: str, variables: Mapping[str, Any], *, check: bool = False, limit: str = ""
) -> Play:
    return Play(
        playbook=playbook,
        inventory=tuple(_source(source) for source in wish.inventory),
        limit=limit or wish.limit,
        check=check,
        variables=variables,
        arguments=wish.arguments,
    )


def _source(source: str) -> str:
    """Return a source as ansible takes it from anywhere: a list of hosts has a comma, all others are paths."""
    return source if "," in source else str(Path(source).absolute())
