"""Which commands of a script are given input, and which would wait for a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.lint.shell import read_script
from kickbuild.lint.shell_input import asks_terminal, fed


def waiting(text: str) -> list[str]:
    """Return the ``read`` commands that are given nothing, by their arguments."""
    commands = read_script(list(enumerate(text.split("\n"), 1)))
    given_input = fed(commands)
    return [" ".join(c.texts()) for i, c in enumerate(commands) if c.name == "read" and i not in given_input]


@pytest.mark.parametrize(
    "text",
    [
        "echo x | read a",
        "read a < /etc/hosts",
        "read a <<< word",
        "read a <<EOF\nx\nEOF",
        "while read a; do read b; done < /etc/hosts",
        "ls | while read a; do\n  if true; then read b; fi\ndone",
        "ls | { read a; read b; }",
        "( read a ) < /etc/hosts",
        "case $1 in\n  a) while read a; do :; done < /x;;\nesac",
        "exec < /etc/hosts\nread a\nread b",
        "x=$(echo y | while read a; do echo $a; done)",
    ],
)
def test_a_command_that_is_given_input_does_not_wait(text: str) -> None:
    assert waiting(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("read a", ["a"]),
        ("while true; do read a; done", ["a"]),
        ("ls | while read a; do :; done\nread b", ["b"]),
        ("while read a; do :; done < /x\nread b", ["b"]),
        ("exec < /dev/tty6 > /dev/tty6\nread a", ["a"]),
        ("read a < /dev/console", ["a"]),
        ("case $1 in\n  a) ls | cat;;\n  b) read a;;\nesac", ["a"]),
        ("f() {\n  read a\n}\nf", ["a"]),
        ("ls > /tmp/x; read a", ["a"]),
    ],
)
def test_one_that_is_given_none_does(text: str, expected: list[str]) -> None:
    assert waiting(text) == expected


def test_a_terminal_is_asked_whatever_else_there_is_to_read() -> None:
    command = read_script([(1, "read a < /dev/tty")])[0]
    assert asks_terminal(command)
    assert not asks_terminal(read_script([(1, "read a < /tmp/tty")])[0])


@given(
    st.lists(
        st.sampled_from(
            [
                "read",
                "a|while",
                "do",
                "done",
                "{",
                "}",
                "(",
                ")",
                "<",
                "/x",
                ";",
                "case",
                "in",
                "esac",
                "fi",
                "if",
                "$(",
            ]
        ),
        max_size=30,
    )
)
def test_no_script_is_too_odd(words: list[str]) -> None:
    commands = read_script([(1, " ".join(words))])
    assert all(0 <= index < len(commands) for index in fed(commands))
