"""Asking whether a plan is meant. Enter never means yes, and no option says yes to whatever comes."""

from __future__ import annotations

import re
import sys
import termios
from typing import TYPE_CHECKING

import click

from kickbuild.errors import RefusedError

if TYPE_CHECKING:
    from kickbuild.trigger.plan import BoxPlan

#: Names that many boxes have, and that say nothing of which is meant.
_NAMELESS = {"localhost", "localhost4", "localhost6", "none"}


def confirm_plan(plan: BoxPlan, confirm: str | None, *, can_ask: bool) -> None:
    """Return where the plan of a box is confirmed: by its token, or by the box's short name typed on the terminal.

    Raises RefusedError where it is not.
    """
    from kickbuild.trigger.plan import token

    word = word_to_type(plan)
    question = f"Type {word} to rebuild it, anything else to leave it as it is: "
    confirm_token(token(plan), confirm, word=word, question=question, where=plan.host, can_ask=can_ask)


def confirm_token(token: str, given: str | None, *, word: str, question: str, where: str = "", can_ask: bool) -> None:
    """Return where a plan is confirmed: ``given`` is its token, or ``word`` is typed on the terminal.

    Raises RefusedError where it is not.
    """
    hint = f"read the plan; where it is meant: --confirm {token}"
    if given is not None:
        if given.strip().lower() != token:
            raise RefusedError(
                "--confirm is the token of another plan: something has changed, or was different from the beginning",
                where=where,
                hint=hint,
            )
        return
    # Python has no standard input at all where that was closed.
    if not (can_ask and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
        raise RefusedError("there is no terminal to confirm on", where=where, hint=hint)
    # What was typed before the plan was there to read does not confirm it.
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    click.echo(question, err=True, nl=False)
    try:
        typed = sys.stdin.readline().strip()
    except KeyboardInterrupt:
        click.echo(err=True)
        raise
    except UnicodeDecodeError:
        typed = ""
    if typed != word:
        raise RefusedError("not confirmed; nothing was done", where=where)


def word_to_type(plan: BoxPlan) -> str:
    """Return the box's short name; the plan's token where the name is none, or one that many boxes have."""
    from kickbuild.trigger.plan import token

    name = plan.short_name
    return name if re.fullmatch(r"[A-Za-z0-9-]+", name) and name not in _NAMELESS else token(plan)


def naming_doubt(plan: BoxPlan) -> str:
    """Return a line where the box calls itself by another name than the user does; else nothing."""
    asked = re.sub(r"^(ssh://)?(.*@)?", "", plan.host).partition(":")[0].partition("/")[0]
    is_name = re.fullmatch(r"[A-Za-z][A-Za-z0-9.-]*", asked) is not None and asked != "local"
    if not is_name or asked.partition(".")[0].lower() == plan.short_name.lower():
        return ""
    return f"note: you say {asked}, the box calls itself {plan.name}"
