"""The steps of a rebuild as they go by: with a clock on a terminal, as plain lines elsewhere, as JSON events."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from kickbuild.cli.box_text import plan_lines, plan_value, token_line
from kickbuild.cli.confirmation import confirm_plan, naming_doubt
from kickbuild.cli.output import clock
from kickbuild.trigger.outcome import duration

if TYPE_CHECKING:
    from kickbuild.trigger.plan import BoxPlan

#: Seconds between two plain lines about a step that goes on.
_PLAIN_PERIOD = 30.0


def steps_watch(*, as_json: bool, confirm: str | None, arms_only: bool = False) -> Steps:
    """Return the observer that fits where the output goes."""
    if as_json:
        return Events(confirm)
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return Clock(confirm, arms_only=arms_only)
    return Steps(confirm, arms_only=arms_only)


class Steps:
    """Steps as plain lines on standard error: each when it begins, when it ends, and now and then between."""

    def __init__(self, confirm: str | None, *, can_ask: bool = True, arms_only: bool = False) -> None:
        self._confirm = confirm
        self._arms_only = arms_only
        self.can_ask = can_ask
        self._step = ""
        self._begun = time.monotonic()
        self._said = self._begun

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._begun

    def begin(self, step: str, text: str) -> None:
        """Say what begins."""
        self._step, self._begun = step, time.monotonic()
        self._said = self._begun
        self._line(f"{text} ...")

    def still(self, text: str) -> None:
        """Say what was seen last, when it has been quiet for a while."""
        now = time.monotonic()
        if now - self._said >= _PLAIN_PERIOD:
            self._said = now
            self._line(f"{text} ({duration(self._elapsed)})")

    def end(self, text: str) -> None:
        """Say how it ended, and how long it took."""
        self._line(f"{text} ({duration(self._elapsed)})")

    def fail(self, text: str) -> None:
        """Say how it ended."""
        self.end(text)

    def note(self, text: str) -> None:
        """Say one line."""
        self._line(text)

    def confirm(self, plan: BoxPlan) -> None:
        """Show the plan and ask."""
        doubt = naming_doubt(plan)
        lines = plan_lines(plan, arms_only=self._arms_only)
        for line in ["", *lines, *(["", doubt] if doubt else []), "", token_line(plan), ""]:
            click.echo(line, err=True)
        confirm_plan(plan, self._confirm, can_ask=self.can_ask)

    def close(self) -> None:
        """Leave the terminal as it was."""

    def result(self, value: dict[str, Any]) -> None:
        """Nothing: words tell the result."""

    def _line(self, text: str) -> None:
        click.echo(f"{self._step}: {text}", err=True)


class Clock(Steps):
    """Steps on a terminal: the one that goes on has a clock that runs, and the last thing seen."""

    def __init__(self, confirm: str | None, *, arms_only: bool = False) -> None:
        super().__init__(confirm, arms_only=arms_only)
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True, highlight=False)
        self._text = ""
        self._live = Live(console=self._console, transient=True, refresh_per_second=4, get_renderable=self._running)

    def begin(self, step: str, text: str) -> None:
        """Start the clock of a step."""
        self._step, self._begun, self._text = step, time.monotonic(), text
        self._live.start()

    def still(self, text: str) -> None:
        """Show what was seen last."""
        self._text = text

    def end(self, text: str) -> None:
        """Leave a line of the step."""
        self._left(text, "green")

    def fail(self, text: str) -> None:
        """Leave a line of the step."""
        self._left(text, "red")

    def note(self, text: str) -> None:
        """Say one line above the clock."""
        self._console.print(text, markup=False, emoji=False)

    def confirm(self, plan: BoxPlan) -> None:
        """Show the plan and ask, with no clock in between."""
        self.close()
        super().confirm(plan)

    def close(self) -> None:
        """Take the clock away."""
        self._live.stop()

    def _running(self) -> Any:
        from rich.text import Text

        return Text.assemble(
            (f"{clock(self._elapsed)} {self._step:<11} ", "bold"), self._text, overflow="ellipsis", no_wrap=True
        )

    def _left(self, text: str, colour: str) -> None:
        from rich.text import Text

        self.close()
        self._console.print(Text.assemble(f"{clock(self._elapsed)} ", (f"{self._step:<11} ", colour), text))


class Events(Steps):
    """Steps as JSON on standard output, one object on a line; the last one is the result."""

    def __init__(self, confirm: str | None) -> None:
        super().__init__(confirm, can_ask=False)
        self._first = time.monotonic()
        self._last = ""

    def begin(self, step: str, text: str) -> None:
        """Tell that a step begins."""
        self._step, self._begun, self._last = step, time.monotonic(), ""
        self._tell("begin", text)

    def still(self, text: str) -> None:
        """Tell what is seen, when it is something else than before."""
        if text != self._last:
            self._last = text
            self._tell("still", text)

    def end(self, text: str) -> None:
        """Tell that a step has ended well."""
        self._tell("end", text)

    def fail(self, text: str) -> None:
        """Tell that a step has ended otherwise."""
        self._tell("fail", text)

    def note(self, text: str) -> None:
        """Tell something that the user should know."""
        self._tell("note", text)

    def confirm(self, plan: BoxPlan) -> None:
        """Tell the plan; only its token confirms it."""
        self._put({"event": "plan", "plan": plan_value(plan)})
        confirm_plan(plan, self._confirm, can_ask=False)

    def result(self, value: dict[str, Any]) -> None:
        """Tell the result."""
        self._put({"event": "result", **value})

    def _tell(self, event: str, text: str) -> None:
        seconds = round(time.monotonic() - self._first, 3)
        self._put({"event": event, "step": self._step, "text": text, "seconds": seconds})

    def _put(self, value: dict[str, Any]) -> None:
        click.echo(json.dumps(value))
        sys.stdout.flush()
