"""Names that rules know: time zones, locales, keyboards, and values that something else fills in."""

from __future__ import annotations

import pytest

from kickbuild.kickstart.document import split_words
from kickbuild.lint.keymaps import is_console_keymap, is_layout
from kickbuild.lint.locales import locale_problem
from kickbuild.lint.source import make_source
from kickbuild.lint.statement import is_variable, make_statement
from kickbuild.lint.time_zones import is_too_new, similar_time_zone, time_zones


@pytest.mark.parametrize(
    "text",
    ["$X", "${X}", "{{ x }}", "<%= x %>", "#TABLE:site:key=timezone:value#", "#HOSTNAME#", "@NAME@", "<disk>", "%X%"],
)
def test_a_value_that_something_else_fills_in_is_variable(text: str) -> None:
    assert is_variable(text)


@pytest.mark.parametrize("text", ["sda", "P@ss@word", "a#b", "50%", "user@example.org", "$6$x"[3:], ""])
def test_a_plain_value_is_not(text: str) -> None:
    assert not is_variable(text)


def test_old_names_of_time_zones_are_known() -> None:
    assert {"UTC", "Etc/UTC", "US/Eastern", "Asia/Calcutta", "Europe/Kyiv", "Europe/Kiev"} <= time_zones()


def test_a_name_newer_than_a_release_is_told_apart() -> None:
    assert is_too_new("Europe/Kyiv", 7)
    assert not is_too_new("Europe/Kyiv", 8)
    assert not is_too_new("Europe/Kiev", 5)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("Europe/Berlim", "Europe/Berlin"),
        ("x", ""),
    ],
)
def test_the_time_zone_that_was_meant_is_found(written: str, meant: str) -> None:
    assert similar_time_zone(written) == meant


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8", "en_US", "en_US.utf8", "sr_RS.UTF-8@latin", "ja_JP.eucJP"])
def test_a_locale_that_glibc_knows_has_no_problem(locale: str) -> None:
    assert locale_problem(locale)[0] == ""


@pytest.mark.parametrize("locale", ["", "en-US", "english", "EN_us", "en_US.", "en_US.UFT-8", "en_US.UTF-8 "])
def test_what_has_not_the_form_of_a_locale_is_surely_wrong(locale: str) -> None:
    problem, is_sure = locale_problem(locale)
    assert problem
    assert is_sure


@pytest.mark.parametrize("locale", ["en", "en_DE.UTF-8", "xx_YY"])
def test_a_locale_that_is_not_in_the_table_may_be_new(locale: str) -> None:
    problem, is_sure = locale_problem(locale)
    assert problem
    assert not is_sure


def test_keyboards() -> None:
    assert all(map(is_console_keymap, ["us", "uk", "gb", "de-latin1", "de-nodeadkeys", "jp106", "br-abnt2"]))
    assert not any(map(is_console_keymap, ["", "en", "english", "US"]))
    assert all(map(is_layout, ["us", "gb", "de (nodeadkeys)", " fr (oss) ", "us(euro)"]))
    assert not any(map(is_layout, ["", "uk", "en", "de (", "us,de"]))


@pytest.mark.parametrize(
    ("size", "number"), [("4096", 4096), ("", None), ("-1", None), ("4 GiB", None), ("9" * 5000, None)]
)
def test_a_number_is_one_or_none(size: str, number: int | None) -> None:
    line = f"part / --size='{size}'"
    statement = make_statement(make_source("x.ks", line.encode()), 1, split_words(line))
    assert statement.number("--size") == number
