"""A rehearsal in a terminal: a table where there is one, plain lines elsewhere; at most 80 columns by default."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from kickbuild.cli.output import clock, plain
from kickbuild.rehearse.console import Sign

if TYPE_CHECKING:
    from kickbuild.progress import Progress
    from kickbuild.rehearse.console import Event
    from kickbuild.rehearse.judge import Verdict
    from kickbuild.rehearse.scenario import Scenario
    from kickbuild.rehearse.summary import Summary

_COLOURS = {"passed": "green", "failed": "bold red", "skipped": "dim"}
#: Of what is said on one line about a scenario that passed.
_WIDEST = 100
_PLAIN_WIDTH = 80
#: What somebody who waits wants to know; where a box came to is told with the verdict, right after it.
_TOLD_AT_ONCE = frozenset(Sign) - {Sign.POWER_ON, Sign.KERNEL, Sign.OLD_SYSTEM, Sign.NEW_SYSTEM, Sign.END}


class Moments:
    """Tells what happens in the scenarios while they are played: of each boot, the first event of a kind."""

    def __init__(self, progress: Progress, longest: int) -> None:
        self._progress = progress
        self._longest = longest
        self._told: dict[str, set[Sign]] = {}

    def heard(self, scenario: Scenario, event: Event) -> None:
        """Tell of an event; a scenario is played in one thread, and several at once."""
        told = self._told.setdefault(scenario.name, set())
        if event.sign is Sign.POWER_ON:
            told.clear()
        if event.sign in told or event.sign not in _TOLD_AT_ONCE:
            return
        told.add(event.sign)
        line = f"{scenario.name:<{self._longest}} {clock(event.seconds)}  {plain(event.text)}"
        self._progress.notice(line if len(line) < _PLAIN_WIDTH else f"{line[: _PLAIN_WIDTH - 4]}...")


def show_table(summary: Summary) -> None:
    """Write the table to standard output, with colour where that is a terminal."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        _rich_table(summary)
        return
    sys.stdout.write("".join(f"{line}\n" for line in plain_lines(summary)))


def plain_lines(summary: Summary, width: int = _PLAIN_WIDTH) -> list[str]:
    """Return the table as lines that are no longer than ``width`` characters."""
    lines = _wrapped(summary.headline, width, "")
    longest = max([len(verdict.played.scenario.name) for verdict in summary.verdicts], default=0)
    for verdict in summary.verdicts:
        head = f"{verdict.result:<7}  {verdict.played.scenario.name:<{longest}}  {verdict.played.seconds:4.0f} s  "
        lines += _wrapped(head + _told(verdict), width, " " * len(head))
    return [*lines, *_wrapped(_conclusion(summary), width, "")]


def _rich_table(summary: Summary) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = min(shutil.get_terminal_size((_PLAIN_WIDTH, 24)).columns, _WIDEST)
    table = Table(title=Text(plain(summary.headline)), title_justify="left", expand=False, width=width)
    for name in ("scenario", "verdict", "time", "what was seen"):
        table.add_column(name, justify="right" if name == "time" else "left", no_wrap=name != "what was seen")
    for verdict in summary.verdicts:
        colour = _COLOURS[verdict.result]
        table.add_row(
            verdict.played.scenario.name,
            Text(str(verdict.result), style="" if os.environ.get("NO_COLOR") else colour),
            f"{verdict.played.seconds:.0f} s",
            Text(plain(_told(verdict))),
        )
    console = Console(width=width, no_color=bool(os.environ.get("NO_COLOR")))
    console.print(table)
    console.print(Text(plain(_conclusion(summary))))


def _told(verdict: Verdict) -> str:
    return f"{verdict.said} [{verdict.installer}]" if verdict.checks else verdict.said


def _conclusion(summary: Summary) -> str:
    counts = [str(verdict.result) for verdict in summary.verdicts]
    words = ", ".join(f"{counts.count(word)} {word}" for word in ("passed", "failed", "skipped") if word in counts)
    return f"{words or 'nothing was played'} ({summary.installer})"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(plain(text), width, subsequent_indent=indent, break_on_hyphens=False) or [""]
