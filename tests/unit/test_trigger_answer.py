"""What a box answers is data: whatever it says, it becomes an answer or one clear error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from agent_box import EL7, Box
from hypothesis import example, given
from hypothesis import strategies as st

from kickbuild.errors import ExitCode, HostError
from kickbuild.trigger.answer import MOST_BYTES, MOST_CHARACTERS, MOST_TEXT, LogFile, parse_answer, parse_boot_id

if TYPE_CHECKING:
    from pathlib import Path

LEAF = st.none() | st.booleans() | st.integers() | st.text() | st.floats()
VALUE = LEAF | st.lists(LEAF | st.dictionaries(st.sampled_from(["id", "severity", "name", "size"]), LEAF), max_size=3)
NAMES = st.sampled_from(["host", "state", "steps", "findings", "log", "text", "keep", "target_bytes", "changed"])
FACTS = st.builds(
    lambda facts: json.dumps({"schema": 1, "command": "check", **facts}).encode(),
    st.dictionaries(NAMES, VALUE),
)
ID = "0123456789abcdef" * 2


def said(**facts: Any) -> bytes:
    return json.dumps({"schema": 1, "command": "status", **facts}).encode()


def why(data: bytes) -> str:
    with pytest.raises(HostError) as error:
        parse_answer(data, where="box1")
    assert error.value.exit_code == ExitCode.TOOL
    (problem,) = error.value.problems
    assert problem.where == "box1"
    assert problem.hint
    assert problem.message.isprintable()
    assert len(problem.message) < 400
    return problem.message


def test_the_agents_own_answer_is_read_whole(tmp_path: Path) -> None:
    done = Box(tmp_path, EL7).run("check", "--json")
    answer = parse_answer(done.out.encode(), where="box1")
    assert (answer.command, answer.profile, answer.loader, answer.errors) == ("check", "web", "grub2", 0)
    assert {finding.id for finding in answer.findings} == set(done.found)
    assert answer.found("error") == ()


def test_new_facts_are_typed_and_lists_are_tuples() -> None:
    answer = parse_answer(
        said(
            state="armed", id=ID, last="refused", last_id=ID, keep="network,hostname", target_bytes="107374182400",
            log=[{"name": "anaconda.log", "size": 12}], text="one\n\ttwo\x1b[2J", unknown={"deep": [1]},
        ),
        where="box1",
    )  # fmt: skip
    assert (answer.state, answer.id, answer.last) == ("armed", ID, "refused")
    assert answer.keep == ("hostname", "network")
    assert answer.target_bytes == 100 * 1024**3
    assert answer.log == (LogFile("anaconda.log", 12),)
    assert answer.text == "one\n    two?[2J"


def test_what_a_login_script_says_first_does_no_harm() -> None:
    assert parse_answer(b"Welcome to {box1}\nmotd\n" + said(host="box1") + b"\n", where="box1").host == "box1"


def test_the_boot_id_is_found_among_what_a_login_script_says() -> None:
    boot = "3bde0ee8-e6a9-4960-94e6-3fd6e3149de6"
    assert parse_boot_id(f"{boot}\n".encode()) == boot
    assert parse_boot_id(f"\xff motd of 12:00:01\r\n{boot}\r\nbye\n".encode("latin-1")) == boot
    for none in (b"", b"Welcome\n", f"boot {boot}\n".encode(), boot[:-1].encode(), boot.upper().encode()):
        assert parse_boot_id(none) == ""


def test_nothing_that_a_box_says_commands_a_terminal() -> None:
    evil = "\x1b]0;title\x07\r\u009b2J\u202eback\u2028next\ud800"
    answer = parse_answer(
        said(
            summary=evil,
            host=evil,
            steps=[evil],
            findings=[{"id": evil, "severity": "error", "message": evil, "hint": evil}],
        ),
        where="box1",
    )
    (finding,) = answer.findings
    for text in (answer.summary, answer.host, *answer.steps, finding.id, finding.message, finding.hint):
        assert text.isprintable()


def test_texts_are_bounded() -> None:
    answer = parse_answer(said(summary="a" * 9000, text="b" * 90000), where="box1")
    assert len(answer.summary) == MOST_CHARACTERS + 1
    assert answer.summary.endswith("…")
    assert len(answer.text) == MOST_TEXT


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no answer of the agent came, but: nothing"),
        (b"sh: agent: not found\n\x1b[31mred", "but: sh: agent: not found / ?[31mred"),
        (b"{" * 100000, "the answer is no JSON"),
        (b'{"a":' * 100000, "the answer is no JSON"),
        (b'{"schema": 1' + b"0" * 9000 + b"}", "the answer is no JSON"),
        (b" " * (MOST_BYTES + 1), f"more than {MOST_BYTES} bytes"),
        (b"{}", "schema is None"),
        (b'{"schema": true}', "schema is True"),
        (b'{"schema": "\\u001b[2J"}', "schema is "),
        (b'{"schema": 2, "command": "status"}', "schema is 2, not 1"),
        (b'{"schema": 1}', "it names no command"),
        (said(state="melted"), "its state is 'melted'"),
        (said(last="eaten"), "its last outcome is 'eaten'"),
        (said(profile="../web"), "no profile is called '../web'"),
        (said(id="x" * 32), "which is no id"),
        (said(keep="ssh_host_keys,everything"), "it keeps"),
        (said(host=7), "host is 7, which is no text"),
        (said(changed="yes"), "changed is 'yes'"),
        (said(errors=-1), "errors is -1"),
        (said(target_bytes=10**30), "which is no number"),
        (said(findings={}), "findings is {}"),
        (said(steps=["a"] * 501), "steps has 501 entries"),
        (said(findings=[{"id": "a", "severity": "fatal"}]), "severity is 'fatal'"),
    ],
)
def test_what_no_agent_would_say_is_one_clear_error(data: bytes, words: str) -> None:
    assert words in why(data)


@given(st.binary() | FACTS)
@example(b'{"schema": 1, "command": "check", "target_bytes": "\xc2\xb2"}')
def test_any_bytes_are_an_answer_or_an_error(data: bytes) -> None:
    try:
        answer = parse_answer(data, where="box1")
    except HostError:
        return
    assert answer.host.isprintable()
    assert answer.command.isprintable()
