"""What became of a rebuild is judged by ids and the drive's words, and said as people say it."""

from __future__ import annotations

from typing import Any

import pytest

from kickbuild.errors import ExitCode
from kickbuild.trigger.answer import Answer, Finding
from kickbuild.trigger.outcome import Outcome, Result, duration, is_new_system, old_system_because

ID = "0123456789abcdef" * 2
OTHER = "f" * 32


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"last": "refused", "last_id": ID, "last_reason": "no disk"}, "refused before the first write: no disk"),
        ({"last": "started", "last_id": ID}, "was started and did not end"),
        ({"last": "failed", "last_id": ID, "last_reason": "no space left"}, "failed: no space left"),
        ({"last": "installed", "last_id": ID, "system_id": OTHER}, "does not bear its stamp"),
        ({"last": "installed", "last_id": OTHER, "system_id": OTHER}, "somebody has armed the box anew"),
        ({"last": "refused", "last_id": OTHER, "last_time": "T"}, "another rebuild (refused, T), and nothing of this"),
        ({"state": "armed", "id": OTHER, "by": "eve", "since": "T"}, "it is armed anew, since T by eve"),
        ({"last": "refused", "last_reason": "old drive"}, "by what its log says: old drive"),
        ({"state": "armed"}, "still armed"),
        ({"findings": (Finding("drive.missing", "warning", "no drive"),)}, "not to be seen: no drive"),
        ({}, "the drive tells nothing of a rebuild"),
    ],
)
def test_why_the_old_system_is_there(facts: dict[str, Any], words: str) -> None:
    status = Answer("status", **facts)
    assert words in old_system_because(status, ID)
    assert not is_new_system(status, ID)


def test_only_the_id_makes_a_system_new() -> None:
    assert is_new_system(Answer("status", system_id=ID), ID)
    assert not is_new_system(Answer("status", system_id=ID), OTHER)
    assert not is_new_system(Answer("status"), "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (843, "14 min 3 s"),
        (3600, "1 h"),
        (8100, "2 h 15 min"),
        (-1, "0 s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_every_outcome_has_an_exit_code() -> None:
    codes = {outcome: Result(outcome, "").exit_code for outcome in Outcome}
    assert codes[Outcome.REBUILT] == ExitCode.DONE
    assert codes[Outcome.OLD_SYSTEM] == ExitCode.FINDINGS
    assert codes[Outcome.NEVER_RETURNED] == ExitCode.TOOL
