"""Kickstarts are read without losing a byte, and split as the installer's parser splits them."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.errors import KickstartError
from kickbuild.kickstart.document import Kind, decode, parse_document, split_words

SAMPLE = """# a comment
lang en_US.UTF-8
part / --size=1 # root

%packages
@core
%end
%post --log=/root/x
# not a comment of ours
lang de_DE.UTF-8
%end
"""
#: What lines are made of that mean something to the parser.
PIECES = st.sampled_from(
    [
        *"abc \t#'\"\\=,",
        "\n",
        "\r\n",
        "\r",
        "\f",
        "\u2028",
        "\x85",
        "\u00a0",
        "%pre",
        "%post",
        "%end",
        "%include",
        "%packages",
        "part",
        "%ksappend",
        "%zzz",
        "é",
    ]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join)


@given(TEXTS | st.text())
def test_reading_loses_nothing(text: str) -> None:
    document = parse_document(text)
    assert document.text == text
    assert [line.number for line in document.lines] == list(range(1, len(document.lines) + 1))


@given(TEXTS)
def test_words_are_those_of_shlex(text: str) -> None:
    for line in text.splitlines(keepends=True):
        if any(char in line[:-1] for char in "\r\n"):
            continue
        try:
            expected: list[str] | None = shlex.split(line, comments=True)
        except ValueError:
            expected = None
        try:
            found: list[str] | None = [word.text for word in split_words(line)]
        except ValueError:
            found = None
        assert found == expected


@given(TEXTS)
def test_a_word_knows_its_place(text: str) -> None:
    for line in text.splitlines():
        try:
            words = split_words(line)
        except ValueError:
            continue
        for word in words:
            assert [again.text for again in split_words(line[word.start : word.end])] == [word.text]


def test_lines_have_their_kind() -> None:
    kinds = [line.kind for line in parse_document(SAMPLE).lines]
    command, header, body, end = Kind.COMMAND, Kind.HEADER, Kind.BODY, Kind.END
    assert kinds == [Kind.COMMENT, command, command, Kind.BLANK, header, body, end, header, body, body, end]


def test_commands_and_sections_have_their_lines() -> None:
    document = parse_document(SAMPLE)
    assert [(command.line, command.name) for command in document.commands] == [(2, "lang"), (3, "part")]
    assert [word.text for word in document.commands[1].words] == ["part", "/", "--size=1"]
    assert [(s.name, s.line, list(s.body), s.closed) for s in document.sections] == [
        ("%packages", 5, [6], True),
        ("%post", 8, [9, 10], True),
    ]
    assert [line.text for line in document.body(document.sections[0])] == ["@core"]


@pytest.mark.parametrize(("text", "newline"), [("lang x\r\n", "\r\n"), ("lang x\n", "\n"), ("", "\n"), ("x", "\n")])
def test_the_line_ending_is_the_files_own(text: str, newline: str) -> None:
    assert parse_document(text).newline == newline


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('lang x\nrootpw "abc\nlang y\n', 2, "never closed"),
        ("lang x\n'' y\n", 2, "empty word"),
        ("%end\n", 1, "closes no section"),
        ("%include\n", 1, "names no file"),
        ("%post\n%include\n%end\n", 2, "names no file"),
        ("# a\x85clearpart --all\n", 1, "U+0085"),
        ("lang x\rclearpart --all\n", 1, "U+000D"),
        ("%post\necho\f%end\n", 2, "U+000C"),
        ("lang x\\", 1, "escapes nothing"),
    ],
)
def test_faults_have_their_line(text: str, line: int, message: str) -> None:
    faults = [(fault.line, fault.message) for fault in parse_document(text).faults]
    assert any(at == line and message in said for at, said in faults), faults


def test_odd_characters_inside_a_script_are_the_scripts_own() -> None:
    assert parse_document("%post\necho 'a\fb\u2028c'\n%end\n").faults == ()


def test_a_section_without_end_ends_at_the_next() -> None:
    document = parse_document("%packages\n@core\n%post\necho\n")
    assert [(section.name, list(section.body), section.closed) for section in document.sections] == [
        ("%packages", [2], False),
        ("%post", [4], False),
    ]


def test_a_script_may_have_lines_that_look_like_sections() -> None:
    document = parse_document("%post\n%description\n%files x\n%end\nlang x\n")
    assert [command.line for command in document.commands] == [5]


def test_includes_know_where_they_are() -> None:
    document = parse_document("%include /tmp/a\n%packages\n%include '/tmp/b c'\n%end\n")
    assert [(i.line, i.path, i.section) for i in document.includes] == [(1, "/tmp/a", ""), (3, "/tmp/b c", "%packages")]


@pytest.mark.parametrize(
    ("data", "where", "message"),
    [
        (b"lang x\n# caf\xe9\n", "web.ks:2", "byte 0xe9 at column 6"),
        (b"lang x\nlang \0y\n", "web.ks:2", "NUL byte at column 6"),
        (b"\xef\xbb\xbflang x\n", "web.ks:1", "UTF-8"),
        ("lang x\n".encode("utf-16"), "web.ks:1", "UTF-16"),
        (b"x" * (9 * 1024 * 1024), "web.ks", "no kickstart"),
    ],
)
def test_bytes_that_are_no_text_are_refused_by_place(data: bytes, where: str, message: str) -> None:
    with pytest.raises(KickstartError) as caught:
        decode(data, "web.ks")
    assert caught.value.problems[0].where == where
    assert message in caught.value.problems[0].message


def test_every_bad_line_is_told_but_not_thousands() -> None:
    with pytest.raises(KickstartError) as caught:
        decode(b"\xff#\n" * 1000 + b"", "web.ks")
    assert len(caught.value.problems) == 21
    assert "980 more" in caught.value.problems[-1].message


@given(st.binary(max_size=200))
def test_decoding_gives_the_same_bytes_or_refuses(data: bytes) -> None:
    try:
        text = decode(data, "web.ks")
    except KickstartError:
        return
    assert text.encode() == data
