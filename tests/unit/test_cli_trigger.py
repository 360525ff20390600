"""What a person must type, and when the box's own name raises a doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kickbuild.cli.confirmation import confirm_plan, confirm_token, naming_doubt, word_to_type
from kickbuild.errors import ExitCode, RefusedError
from kickbuild.trigger.answer import Answer
from kickbuild.trigger.plan import plan_box, token

PLAN = plan_box("root@box1", Answer("check", host="box1.example.org", boot_id="b", profile="web", digest="d"))


@pytest.mark.parametrize("name", ["localhost", "localhost.localdomain", "", "?[2J", "b\u00f6x", "(none)", "a b"])
def test_where_the_name_says_nothing_the_token_is_typed(name: str) -> None:
    plan = replace(PLAN, name=name)
    assert word_to_type(plan) == token(plan)


def test_the_boxs_own_short_name_is_typed() -> None:
    assert word_to_type(PLAN) == "box1"


@pytest.mark.parametrize(
    ("host", "doubts"),
    [
        *(("root@box1", False), ("BOX1.other.org", False), ("ssh://root@box1:22", False), ("192.0.2.1", False)),
        *(("::1", False), ("local", False), ("db7", True), ("root@db7.example.org", True), ("ssh://db7/", True)),
    ],
)
def test_a_box_that_calls_itself_otherwise_is_doubted(host: str, *, doubts: bool) -> None:
    assert bool(naming_doubt(replace(PLAN, host=host))) == doubts


def test_a_token_confirms_its_plan_alone() -> None:
    confirm_plan(PLAN, token(PLAN).upper() + "\n", can_ask=False)
    for other in ("", "yes", token(replace(PLAN, boot_id="c"))):
        with pytest.raises(RefusedError) as error:
            confirm_plan(PLAN, other, can_ask=True)
        assert error.value.exit_code == ExitCode.REFUSED
        assert token(PLAN) in error.value.problems[0].hint


def test_without_a_standard_input_nothing_is_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(RefusedError, match="no terminal to confirm on"):
        confirm_token("0123456789ab", None, word="0123456789ab", question="Type it: ", can_ask=True)
