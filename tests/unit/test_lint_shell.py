"""Reading shell scripts: which commands there are, whatever stands around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.lint.shell import read_script


def commands(text: str) -> list[str]:
    """Return the commands that have words."""
    found = read_script(list(enumerate(text.split("\n"), start=1)))
    return [" ".join(word.text for word in command.words) for command in found if command.words]


def assignments(text: str) -> list[tuple[str, bool]]:
    found = read_script(list(enumerate(text.split("\n"), start=1)))
    return [(word.text, word.literal) for command in found for word in command.assignments]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("case $x in\na|b) d=1 ;;\n*) wipefs -a /dev/sda ;;\nesac\nls", ["case $x in", "wipefs -a /dev/sda", "ls"]),
        ("case $x in\na |\nb)\n  echo 1\n;;\nesac", ["case $x in", "echo 1"]),
        ("say() { printf x; }\nls", ["printf x", "ls"]),
        ("say () {\n  printf x\n}", ["printf x"]),
        ("disks=(sda sdb\nsdc)\necho 1", ["echo 1"]),
        ("(echo a; echo b) > f", ["echo a", "echo b"]),
        ("if (true) then echo x; fi", ["true", "echo x"]),
    ],
)
def test_parentheses_of_every_kind(text: str, expected: list[str]) -> None:
    assert commands(text) == expected


def test_an_assignment_behind_a_pattern_and_an_array_are_assignments() -> None:
    assert assignments("case $x in\na) d=sda ;;\n*) d=sdb ;;\nesac") == [("d=sda", True), ("d=sdb", True)]
    assert assignments("d=(a b) e=1") == [("d=", False), ("e=1", True)]


def test_a_pattern_leaves_the_group_around_it_alone() -> None:
    found = read_script([(1, "{ case x in a) echo 1;; esac; } > /tmp/f")])
    assert [command.closes for command in found if command.closes] == ["esac", "}"]


@given(st.text(alphabet="()|&;=a \n'\"$`{}<>case in esac", max_size=80))
def test_nothing_makes_it_fail(text: str) -> None:
    read_script(list(enumerate(text.split("\n"), start=1)))
