"""``kickbuild trigger`` and ``wait``: a box reimages itself, and proves that it did."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kickbuild.cli.host_options import full_option, profile_option, the_box, way_options
from kickbuild.cli.output import echo_json, plain
from kickbuild.errors import ExitCode, KickbuildError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kickbuild.cli.steps import Steps
    from kickbuild.trigger.box import Box
    from kickbuild.trigger.outcome import Result
    from kickbuild.trigger.record import Record
    from kickbuild.trigger.wait import Limits

#: Seconds: a week.
_LONGEST = 604800


def _checked_seconds(context: click.Context, parameter: click.Parameter, value: float) -> float:
    """Return a time; a comparison with what is no number is false."""
    if not 0 < value <= _LONGEST:
        raise click.BadParameter(f"not a number of seconds above zero, up to {_LONGEST}", ctx=context, param=parameter)
    return value


def _waits(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of waiting."""
    times = [
        ("--timeout", 3600.0, "Wait so long until it is back; 3600 by default."),
        ("--leave-timeout", 300.0, "Wait so long until it has left; 300 by default."),
        ("--look-every", 5.0, "Look so often at first, then less often; 5 by default."),
    ]
    options = [
        *(
            click.option(name, type=float, default=default, metavar="SECONDS", help=text, callback=_checked_seconds)
            for name, default, text in times
        ),
        click.option(
            "--accept-new-host-key",
            is_flag=True,
            help="Put the new system's host key into known_hosts, once the system has proved itself.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@click.argument("host", metavar="HOST")
@way_options
@profile_option
@full_option
@click.option("--plan", "only_plan", is_flag=True, help="Only print the plan and its token.")
@click.option("--confirm", metavar="TOKEN", help="The token of the plan, instead of typing the box's name.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the box to come back.")
@_waits
def trigger(
    *, host: str, as_json: bool, profile: str, full: bool, only_plan: bool, confirm: str | None, no_wait: bool,
    timeout: float, leave_timeout: float, look_every: float, accept_new_host_key: bool, **way: Any,
) -> int:  # fmt: skip
    """Rebuild HOST: check, show the plan, confirm, arm, reboot, wait, and look for the new system's stamp."""
    from kickbuild.trigger.rebuild import Wish
    from kickbuild.trigger.wait import Limits

    wish = Wish(profile, full)
    with the_box(host, **way) as box:
        if only_plan:
            return _show_plan(box, wish, as_json=as_json)
        limits = Limits(leave_timeout, timeout, look_every)
        steps = _steps(as_json=as_json, confirm=confirm)
        return _reported(
            steps, lambda: _trigger(box, steps, wish, None if no_wait else limits), box, accept_new_host_key
        )


@click.command()
@click.argument("host", metavar="HOST")
@way_options
@click.option("--id", "arming", metavar="ID", help="The arming's id, where another workstation has triggered it.")
@_waits
def wait(
    *, host: str, as_json: bool, arming: str | None, timeout: float, leave_timeout: float, look_every: float,
    accept_new_host_key: bool, **way: Any,
) -> int:  # fmt: skip
    """Go on waiting for HOST, where an earlier `kickbuild trigger` was ended or did not wait."""
    from kickbuild.trigger.host import HostKind
    from kickbuild.trigger.record import Record, checked_id, find_record
    from kickbuild.trigger.wait import Limits

    with the_box(host, **way) as box:
        if box.host.kind is not HostKind.SSH:
            raise UsageError("only a box that ssh leads to can be waited for")
        record = find_record(box.host)
        if arming is not None:
            record = Record(box.host.text, checked_id(arming), "", "", keeps_host_keys=False)
        if record is None:
            raise UsageError(
                f"no rebuild of {box.host.text} was triggered from here, or it is known what became of it",
                hint="kickbuild status HOST tells what is; --id waits for what was triggered elsewhere",
            )
        found = record
        limits = Limits(leave_timeout, timeout, look_every)
        steps = _steps(as_json=as_json, confirm=None)
        return _reported(steps, lambda: _await(box, found, steps, limits, is_resumed=True), box, accept_new_host_key)


def _steps(*, as_json: bool, confirm: str | None) -> Steps:
    from kickbuild.cli.steps import steps_watch

    return steps_watch(as_json=as_json, confirm=confirm)


def _show_plan(box: Box, wish: Any, *, as_json: bool) -> int:
    from kickbuild.cli.box_text import finding_lines, plan_lines, plan_value, token_line
    from kickbuild.cli.confirmation import naming_doubt
    from kickbuild.trigger.rebuild import look

    plan = look(box, wish)
    if as_json:
        echo_json(plan_value(plan))
    elif plan.ready:
        doubt = naming_doubt(plan)
        click.echo("\n".join([*plan_lines(plan), *(["", doubt] if doubt else []), "", token_line(plan)]))
    else:
        click.echo("\n".join([*finding_lines(plan.findings), "", f"{plan.host} cannot be rebuilt as it is"]))
    return int(ExitCode.DONE if plan.ready else ExitCode.REFUSED)


def _trigger(box: Box, steps: Steps, wish: Any, limits: Limits | None) -> Result:
    from kickbuild.trigger.host import HostKind
    from kickbuild.trigger.rebuild import Rebuild, interrupted, on_its_way
    from kickbuild.trigger.record import alone_with

    can_wait = box.host.kind is HostKind.SSH
    rebuild = Rebuild(box, steps, wish, waits=can_wait and limits is not None)
    with alone_with(box.host):
        try:
            record = rebuild.run()
            if limits is None or not can_wait:
                return on_its_way(record, waits=can_wait)
            return _await(box, record, steps, limits)
        except KeyboardInterrupt:
            steps.note(interrupted(rebuild))
            raise


def _await(box: Box, record: Record, steps: Steps, limits: Limits, *, is_resumed: bool = False) -> Result:
    from kickbuild.trigger.record import drop_record
    from kickbuild.trigger.ssh import Ssh
    from kickbuild.trigger.wait import Waiting

    ssh = box.transport
    assert isinstance(ssh, Ssh)
    # What is kept leads to a system that goes down.
    ssh.close()
    waiting = Waiting(ssh, record, steps, limits)
    waiting.is_resumed = is_resumed
    result = waiting.run()
    if not result.is_open:
        drop_record(box.host)
    return result


def _reported(steps: Steps, work: Callable[[], Result], box: Box, accept: bool) -> int:
    """Do the work and tell its result; an error is a result, too, where events are told."""
    try:
        result = work()
    except KickbuildError as error:
        problems = [{"message": p.message, "where": p.where, "hint": p.hint} for p in error.problems]
        steps.result({"outcome": "error", "exit": int(error.exit_code), "problems": problems})
        raise
    except KeyboardInterrupt:
        steps.result({"outcome": "interrupted", "exit": int(ExitCode.INTERRUPTED)})
        raise
    finally:
        steps.close()
    value: dict[str, Any] = {"outcome": result.outcome.value, "exit": int(result.exit_code), "summary": result.summary}
    value |= {"hint": result.hint, "seconds": round(result.seconds, 3)}
    if result.has_new_key:
        value |= _new_key(box, steps, accept=accept)
    if result.status is not None:
        value["status"] = asdict(result.status)
    steps.result(value)
    if steps.can_ask:
        click.echo(f"{box.host.text}: {result.summary}")
        if result.hint:
            click.echo(f"  hint: {plain(result.hint)}", err=True)
    return int(result.exit_code)


def _new_key(box: Box, steps: Steps, *, accept: bool) -> dict[str, Any]:
    """Tell of the new system's host key, and put it into the user's known hosts where that is wanted."""
    from kickbuild.trigger.known_hosts import proven_key, replace_key
    from kickbuild.trigger.ssh import Ssh

    assert isinstance(box.transport, Ssh)
    place = None
    try:
        key = proven_key(box.transport)
        if accept:
            place = replace_key(box.transport, key)
    except KickbuildError as error:
        # The box is rebuilt all the same.
        steps.note(f"the new host key could not be put into known_hosts: {error}")
        return {"host_key": {"accepted": False}}
    steps.note(f"the new system has a new host key: {key.type} {key.fingerprint}")
    if place is not None:
        steps.note(f"{place} has it now; what it was is in {place.name}.old beside it")
    else:
        steps.note(f"to go on by ssh: ssh-keygen -R '{key.name}', then connect and compare the fingerprint")
    return {"host_key": {"type": key.type, "fingerprint": key.fingerprint, "accepted": place is not None}}
