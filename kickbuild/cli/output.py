"""What the commands share in talking: progress on a terminal and elsewhere, JSON, aligned lines."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from kickbuild.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.progress import TaskID

    from kickbuild.progress import Progress

#: Seconds between two plain lines of progress.
_PLAIN_PERIOD = 5.0


def echo_json(value: Any) -> None:
    """Write a result as JSON to standard output, in ASCII where that could not carry it otherwise.

    A locale may know no other letters, and the name of a file may be no text at all.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    click.echo(text)


def plain(text: str) -> str:
    """Return text on one line that commands no terminal: names on a drive and in a manifest come from outside."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def clock(seconds: float) -> str:
    """Return a time that has gone by, as minutes and seconds in a column: ``" 14:03"``."""
    whole = int(seconds)
    return f"{whole // 60:3d}:{whole % 60:02d}"


def aligned(rows: Iterable[tuple[str, str]], *, indent: str = "") -> list[str]:
    """Return ``label  value`` lines with the values in one column."""
    rows = list(rows)
    width = max((len(label) for label, _ in rows), default=0)
    return [f"{indent}{label:<{width}}  {value}".rstrip() for label, value in rows]


def terminal_progress(*, quiet: bool = False) -> Progress:
    """Return the observer that fits where standard error goes: a bar on a terminal, a line now and then elsewhere."""
    if quiet:
        from kickbuild.progress import Silent

        return Silent()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return BarProgress()
    return PlainProgress()


class PlainProgress:
    """Progress as plain lines: when a task begins to take long, every few seconds, and when it ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._label = ""
        self._total = 0
        self._done = 0
        self._started = 0.0
        self._said = 0.0

    def begin(self, label: str, total: int) -> None:
        """Start a task."""
        self._label, self._total, self._done = label, total, 0
        self._started = self._said = time.monotonic()

    def advance(self, amount: int) -> None:
        """Count bytes, and say so when it has been quiet for a while."""
        with self._lock:
            self._done += amount
            now = time.monotonic()
            if now - self._said < _PLAIN_PERIOD:
                return
            self._said = now
        self._say(now)

    def end(self) -> None:
        """Finish the task; short ones pass without a word."""
        if self._said > self._started:
            self._say(time.monotonic())

    def notice(self, text: str) -> None:
        """Say one line."""
        click.echo(text, err=True)

    def _say(self, now: float) -> None:
        rate = self._done / max(now - self._started, 0.001)
        share = f"{100 * self._done // self._total:3d} %  " if self._total else ""
        click.echo(f"{share}{format_size(self._done)}  {format_size(int(rate))}/s  {self._label}", err=True)


class BarProgress:
    """Progress as a bar with rate and remaining time, by rich."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: TaskID | None = None

    def begin(self, label: str, total: int) -> None:
        """Start a task with a bar of its own."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, expand=True)
        self._bar.start()
        self._task = self._bar.add_task(_shortened(label), total=total or None)

    def advance(self, amount: int) -> None:
        """Count bytes."""
        if self._bar is not None:
            self._bar.advance(self._task, amount)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def notice(self, text: str) -> None:
        """Say one line above the bar."""
        if self._bar is None:
            click.echo(text, err=True)
        else:
            self._bar.console.print(text, markup=False, highlight=False)


def _shortened(label: str) -> str:
    return label if len(label) <= 28 else f"…{label[-27:]}"
