"""Reading shell scripts: which commands there are, what they stand in, whatever stands around them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kickbuild.lint.shell import ShellCommand, assigned, branches, expanded, pipelines, program, read_script


def read(text: str) -> list[ShellCommand]:
    return read_script(list(enumerate(text.split("\n"), start=1)))


def commands(text: str) -> list[str]:
    """Return the commands that have words."""
    return [" ".join(word.text for word in command.words) for command in read(text) if command.words]


def assignments(text: str) -> list[tuple[str, bool]]:
    return [(word.text, word.literal) for command in read(text) for word in command.assignments]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('echo "dd of=/dev/sda" # dd', ["echo dd of=/dev/sda"]),
        ("a; b & c && d || e | f", ["a", "b", "c", "d", "e", "f"]),
        ("a \\\n b", ["a b"]),
        ("echo 'a\nb' c", ["echo a\nb c"]),
        ("cat <<EOF\nreboot\nEOF\nls", ["cat", "ls"]),
        ("cat <<-'E' <<F\n\treboot\n\tE\nx\nF\nls", ["cat", "ls"]),
        ("for d in a b; do ls $d; done", ["for d in a b", "ls $d"]),
        ("case $x in\na|b) d=1 ;;\n*) wipefs -a /dev/sda ;;\nesac\nls", ["case $x in", "wipefs -a /dev/sda", "ls"]),
        ("case $x in\na |\nb)\n  echo 1\n;;\nesac", ["case $x in", "echo 1"]),
        ("case $x in (reboot) echo 1;; halt) ;; esac", ["case $x in", "echo 1"]),
        ("case $x in a) case $y in b) c;; esac;; d) e;; esac; f", ["case $x in", "case $y in", "c", "e", "f"]),
        ("say() { printf x; }\nls", ["printf x", "ls"]),
        ("say () {\n  printf x\n}", ["printf x"]),
        ("disks=(sda sdb\nsdc)\necho 1", ["echo 1"]),
        ("(echo a; echo b) > f", ["echo a", "echo b"]),
        ("if (true) then echo x; fi", ["true", "echo x"]),
        ("(( a > 3 )) && echo x", ["echo x"]),
        ("x=$(lsblk -n | head -1)", ["lsblk -n", "head -1"]),
        ("x=`lsblk`", ["lsblk"]),
        ("echo $((1 + 2)) ${x:-$(a)}", ["echo $((1 + 2)) ${x:-$(a)}"]),
    ],
)
def test_the_commands_are_found(text: str, expected: list[str]) -> None:
    assert commands(text) == expected


def test_an_assignment_behind_a_pattern_and_an_array_are_assignments() -> None:
    assert assignments("case $x in\na) d=sda ;;\n*) d=sdb ;;\nesac") == [("d=sda", True), ("d=sdb", True)]
    assert assignments("d=(a b) e=1") == [("d=", False), ("e=1", True)]


def test_a_pattern_leaves_the_group_around_it_alone() -> None:
    found = read("{ case x in a) echo 1;; esac; } > /tmp/f")
    assert [command.closes for command in found if command.closes] == ["esac", "}"]


def test_offsets_are_those_of_the_line_within_substitutions_too() -> None:
    inner = next(command for command in read("xy\nx=$(lsblk  -n)") if command.name == "lsblk")
    assert [(word.line, word.start, word.end) for word in inner.words] == [(2, 4, 9), (2, 11, 13)]
    assert inner.depth == 1


def test_redirections_and_pipes_are_told() -> None:
    first, second = read("a 2>/dev/null >> x | b")
    assert [(r.operator, r.target.text, r.writes, r.appends) for r in first.redirections] == [
        ("2>", "/dev/null", False, False),
        (">>", "x", True, True),
    ]
    assert first.pipes
    assert second.after == "|"
    assert [len(group) for group in pipelines(read("a | b; c"))] == [2, 1]


def test_a_here_document_that_is_never_closed_is_told_with_its_mark() -> None:
    (command,) = read("cat > f <<END\na\n END\n")
    assert [(doc.mark, doc.closed, doc.line, doc.expands) for doc in command.heredocs] == [("END", False, 1, True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sudo -n reboot -f", ("reboot", ["-f"])),
        ("env A=1 /usr/bin/lsblk -n", ("lsblk", ["-n"])),
        ("timeout 5 nohup x", ("x", [])),
        ("command -v lsblk", ("", [])),
        ("command lsblk", ("lsblk", [])),
        ("A=1", ("", [])),
    ],
)
def test_the_program_behind_wrappers(text: str, expected: tuple[str, list[str]]) -> None:
    name, arguments = program(read(text)[0])
    assert (name, [word.text for word in arguments]) == expected


def test_blocks_tell_what_is_always_run_after_what() -> None:
    found = read("a\nif b; then c; elif d; then e; else f; fi\ng\ncase x in 1) h;; 2) i;; esac\nj || k")
    blocks = {command.name: block for command, block in zip(found, branches(found), strict=True) if command.name}
    assert blocks["a"] == blocks["g"] == blocks["j"] == ()
    assert len({blocks[name] for name in "cef"}) == 3
    assert blocks["h"] != blocks["i"]
    assert [command.name for command in found if command.after == "||"] == ["k"]


def test_what_has_one_known_value_is_filled_in() -> None:
    values = assigned(read("a=1\nb=2\nb=3\nc=$x\nread d\nexport e=5"))
    assert values == {"a": "1", "e": "5"}
    assert expanded("$a ${e} $b", values) == "1 5 $b"


@given(st.text(max_size=200))
@settings(deadline=None)
def test_no_text_makes_it_fail(text: str) -> None:
    read(text)


@given(st.text(alphabet="()|&;=a \n'\"$`{}<>\\#case in esac", max_size=120))
@settings(deadline=None, max_examples=300)
def test_nothing_that_looks_like_a_script_makes_it_fail(text: str) -> None:
    found = read(text)
    assert len(branches(found)) == len(found)
    for command in found:
        program(command)


@pytest.mark.parametrize(
    "piece", ["$(", "${", "`", "((", "(", "case x in ", "a=(", "<<a ", '"$(" ', "a() ", "$(a) ", "esac ", "{ ", "'"]
)
def test_openers_without_end_are_read_to_the_end(piece: str) -> None:
    read_script([(number, piece * 200) for number in range(1, 50)])
