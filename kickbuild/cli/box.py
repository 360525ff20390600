"""``kickbuild status``, ``check``, ``arm``, ``disarm`` and ``report``: what the agent of a box says and does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kickbuild.cli.host_options import full_option, host_options, profile_option, the_box
from kickbuild.cli.output import echo_json

if TYPE_CHECKING:
    from kickbuild.trigger.answer import Answer
    from kickbuild.trigger.box import Box

_DRY = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.command()
@host_options
@profile_option
def status(*, host: str | None, as_json: bool, profile: str, **way: Any) -> int:
    """Tell what is armed on HOST, since when and by whom, and what came of the last rebuild."""
    from kickbuild.errors import HostError
    from kickbuild.trigger.record import find_record
    from kickbuild.trigger.transport import ReachError

    with the_box(host, **way) as box:
        try:
            answer = box.ask("status", profile=profile)
        except ReachError as error:
            if find_record(box.host) is None:
                raise
            hint = f"its rebuild was triggered from here: kickbuild wait {box.host.text}"
            raise HostError(error.problems[0].message, where=box.host.text, hint=hint) from error
        return _show(box, answer, as_json=as_json)


@click.command()
@host_options
@profile_option
def report(*, host: str | None, as_json: bool, profile: str, **way: Any) -> int:
    """Tell what HOST's drive and system say of the last rebuild, with the installer's logs."""
    with the_box(host, **way) as box:
        return _show(box, box.ask("report", profile=profile), as_json=as_json)


@click.command()
@host_options
@profile_option
@full_option
def check(*, host: str | None, as_json: bool, profile: str, full: bool, **way: Any) -> int:
    """Check everything on HOST that a rebuild needs; change nothing."""
    with the_box(host, **way) as box:
        return _show(box, box.ask("check", profile=profile, full=full), as_json=as_json)


@click.command()
@host_options
@profile_option
@full_option
@_DRY
@click.option("--confirm", metavar="TOKEN", help="The token of the plan, instead of typing the box's name.")
def arm(
    *, host: str | None, as_json: bool, profile: str, full: bool, dry_run: bool, confirm: str | None, **way: Any
) -> int:
    """Choose the Rebuild entry for HOST's next boot, once; do not reboot."""
    from kickbuild.cli.steps import Steps, steps_watch
    from kickbuild.trigger.rebuild import Rebuild, Wish, interrupted
    from kickbuild.trigger.record import alone_with

    with the_box(host, **way) as box:
        if dry_run:
            return _show(box, box.ask("arm", profile=profile, full=full, dry_run=True), as_json=as_json)
        if as_json:
            steps = Steps(confirm, can_ask=False, arms_only=True)
        else:
            steps = steps_watch(as_json=False, confirm=confirm, arms_only=True)
        rebuild = Rebuild(box, steps, Wish(profile, full))
        with alone_with(box.host):
            try:
                answer = rebuild.arm()
            except KeyboardInterrupt:
                steps.note(interrupted(rebuild))
                raise
            finally:
                steps.close()
        return _show(box, answer, as_json=as_json)


@click.command()
@host_options
@_DRY
def disarm(*, host: str | None, as_json: bool, dry_run: bool, **way: Any) -> int:
    """Take the arming of HOST back: its files are then what they were."""
    with the_box(host, **way) as box:
        return _show(box, box.ask("disarm", dry_run=dry_run), as_json=as_json)


def _show(box: Box, answer: Answer, *, as_json: bool) -> int:
    """Print an answer, and return the exit code that it has."""
    from dataclasses import asdict

    from kickbuild.cli.box_text import answer_lines
    from kickbuild.errors import ExitCode
    from kickbuild.trigger.box import refusal

    if as_json:
        echo_json({"box": box.host.text, "agent": box.agent, **asdict(answer)})
    else:
        click.echo("\n".join(answer_lines(answer)))
    if not answer.found("error"):
        return int(ExitCode.DONE)
    if answer.command == "check":
        return int(ExitCode.FINDINGS)
    return int(refusal(answer.findings, box.host).exit_code)
