"""A token stands for one plan, and for no other."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from kickbuild.trigger.answer import Answer, Finding
from kickbuild.trigger.plan import BoxPlan, fleet_token, plan_box, token

CHECK = Answer(
    "check",
    host="box1.example.org",
    boot_id="b" * 36,
    profile="web",
    title="Rebuild web",
    release="rocky9",
    digest="d" * 64,
    drive="/mnt/rebuild",
    drive_uuid="3bde0ee8",
    target="sda",
    target_words="serial = TARGET1",
    target_serial="TARGET1",
    target_bytes=100,
    target_mounts="/, /boot",
    loader="grub2",
    config="/boot/grub2/custom.cfg",
    keep=("hostname",),
    findings=(Finding("target.holds", "info", "on sda are today: /, /boot"),),
)
PLAN = plan_box("root@box1", CHECK)
PASSING = {"drive", "target", "findings"}


def other(value: Any) -> Any:
    match value:
        case str():
            return value + "x"
        case int():
            return value + 1
        case _:
            return (*value, "machine_id")


@pytest.mark.parametrize("name", [field.name for field in fields(BoxPlan) if field.name not in PASSING])
def test_every_fact_of_the_plan_makes_another_token(name: str) -> None:
    changed = replace(PLAN, **{name: other(getattr(PLAN, name))})
    assert token(changed) != token(PLAN)
    assert fleet_token([changed]) != fleet_token([PLAN])


def test_what_passes_changes_no_token() -> None:
    holds = Finding("target.holds", "info", "in other words")
    assert token(replace(PLAN, drive="/run/kickbuild.x", target="sdb", findings=(holds,))) == token(PLAN)


def test_a_warning_that_was_not_there_makes_another_token() -> None:
    clock = Finding("clock", "warning", "the box's clock says 1970-01-01")
    warned = replace(PLAN, findings=(*PLAN.findings, clock))
    assert token(warned) != token(PLAN)
    assert token(replace(warned, findings=(*PLAN.findings, replace(clock, message="1970-01-02")))) == token(warned)


def test_tokens_are_short_and_stay_what_they_are() -> None:
    assert token(PLAN) == "49172882dfc6"
    assert fleet_token([PLAN]) != token(PLAN)


def test_a_fleets_token_does_not_ask_for_the_order() -> None:
    second = replace(PLAN, host="root@box2", name="box2")
    assert fleet_token([PLAN, second]) == fleet_token([second, PLAN])
    assert fleet_token([PLAN, PLAN]) != fleet_token([PLAN])


def test_an_error_makes_the_plan_not_ready() -> None:
    assert PLAN.ready
    assert not replace(PLAN, findings=(Finding("memory", "error", "too little"),)).ready


def test_the_short_name_is_what_the_box_calls_itself() -> None:
    assert PLAN.short_name == "box1"
