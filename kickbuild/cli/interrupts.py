"""Signals that end a run as Ctrl-C does, so that unfinished files are removed."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def interrupt_once(*numbers: signal.Signals) -> None:
    """Let each of the signals raise KeyboardInterrupt the first time, and do nothing from then on: some are sent twice.

    One that is ignored stays so: ``nohup`` means it, and a shell where it starts something in the background.
    """
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupted)


def _interrupted(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature that signal wants
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
