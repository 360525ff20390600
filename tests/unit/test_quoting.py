from __future__ import annotations

import shlex
import subprocess
from typing import Final

import pytest
from conftest import needs_tools
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion

from kickbuild.quoting import (
    control_characters,
    grub2_quote,
    kernel_argument,
    kickstart_quote,
    shell_quote,
    udev_escape,
)

#: What has a meaning in one of the languages, and what looks like it.
_SPICE: Final = "\"'`$\\#%;&|<>(){}[]*?!~=, \u00e4\u20ac\U0001f600\u00a0\u2009"
lines = st.text(st.one_of(st.sampled_from(_SPICE), st.characters(codec="utf-8"))).filter(
    lambda text: not control_characters(text)
)
words = lines.filter(lambda text: " " not in text and '"' not in text)


@given(lines)
@example("")
@example("%end")
@example("#no comment")
@example("\\")
@example("a\\")
@example('"')
def test_kickstart_words_come_back(text: str) -> None:
    quoted = kickstart_quote(text)
    assert shlex.split(f"command {quoted} last # comment", comments=True) == ["command", text, "last"]
    assert shlex.split(f"--option={quoted}", comments=True) == [f"--option={text}"]
    assert "\n" not in quoted


@given(lines)
@example("%end")
@example("")
@settings(max_examples=50, deadline=None)
def test_pykickstart_reads_kickstart_words(text: str) -> None:
    handler = makeVersion("RHEL9")
    KickstartParser(handler).readKickstartFromString(f"user --name=x --gecos={kickstart_quote(text)} --shell=/bin/sh\n")
    (user,) = handler.user.userList
    assert (user.gecos, user.shell) == (text, "/bin/sh")


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "\0", "\x1b[0m", "\x7f", "\x85", "a\u2028b"])
@pytest.mark.parametrize("quote", [kickstart_quote, grub2_quote, kernel_argument])
def test_control_characters_are_refused(quote: object, text: str) -> None:
    assert callable(quote)
    with pytest.raises(ValueError, match="cannot carry"):
        quote(text)


@pytest.mark.parametrize("text", ["plain", "/dev/disk/by-id/ata-X_1", "a=b,c", "--option=x"])
def test_plain_words_stay_plain(text: str) -> None:
    assert kickstart_quote(text) == shell_quote(text) == grub2_quote(text) == kernel_argument(text) == text


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=8))
@example(["", "\n", "-n", "$HOME", "`id`", "'"])
@settings(max_examples=40, deadline=None)
def test_sh_reads_shell_words(texts: list[str]) -> None:
    script = "printf '%s\\0' " + " ".join(shell_quote(text) for text in texts)
    done = subprocess.run(["/bin/sh"], input=script.encode(), capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"{text}\0" for text in texts)


def test_no_shell_carries_a_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        shell_quote("a\0b")


def grub2_words(script: str) -> list[str]:
    """Split as GRUB 2 does within and outside single quotes; the forms that ``grub2_quote`` never uses are errors."""
    found, word, position = [], "", 0
    inside = started = False
    while position < len(script):
        c = script[position]
        if c == "'":
            inside, started = not inside, True
        elif inside:
            word += c
        elif c == "\\":
            position += 1
            word += script[position]
        elif c == " ":
            found += [word] if word or started else []
            word, started = "", False
        else:
            assert c not in '"$#;&|<>(){}', f"{c} stands unquoted"
            word += c
        position += 1
    assert not inside
    return [*found, word] if word or started else found


@given(st.lists(lines, min_size=1, max_size=5))
@example(["", "'", "''", "a'b", "\\'", "$x", "#"])
def test_grub2_words_come_back(texts: list[str]) -> None:
    assert grub2_words(" ".join(grub2_quote(text) for text in texts)) == texts


@needs_tools("grub-script-check")
@given(st.lists(lines, min_size=1, max_size=30))
@example(["", "'", "{", "}", "menuentry", "if", "fi;", "\\", "$x", "${", "#", ";"])
@settings(max_examples=40, deadline=None)
def test_grub_script_check_takes_grub2_words(texts: list[str]) -> None:
    quoted = "".join(f"echo {grub2_quote(text)}\n" for text in texts)
    script = f"menuentry {grub2_quote(texts[0])} --id {grub2_quote(texts[-1])} {{\n{quoted}}}\n"
    done = subprocess.run(["grub-script-check"], input=script.encode(), capture_output=True, check=False)
    assert done.returncode == 0, (script, done.stderr)


def kernel_words(line: str) -> list[str]:
    """Split as the kernel's ``next_arg`` does: at spaces outside double quotes; the quotes around all of it go."""
    found, word, inside = [], "", False
    for c in line:
        if c == '"':
            inside = not inside
        if c == " " and not inside:
            found.append(word)
            word = ""
        else:
            word += c
    return [text.removeprefix('"').removesuffix('"') for text in [*found, word] if text]


@given(st.lists(lines.filter(lambda text: bool(text) and '"' not in text), min_size=1, max_size=5))
def test_kernel_arguments_come_back(texts: list[str]) -> None:
    assert kernel_words(" ".join(kernel_argument(text) for text in texts)) == texts


@pytest.mark.parametrize("text", ['a"b', '"', 'x="a b"'])
def test_no_kernel_argument_carries_a_double_quote(text: str) -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        kernel_argument(text)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("REBUILD", "REBUILD"),
        ("MY DISK", "MY\\x20DISK"),
        ("a/b", "a\\x2fb"),
        ("50%", "50\\x25"),
        ("back\\slash", "back\\x5cslash"),
        ("#+-.:=@_", "#+-.:=@_"),
        ("caf\u00e9", "caf\u00e9"),
        ("it's", "it\\x27s"),
    ],
)
def test_udev_escapes(text: str, escaped: str) -> None:
    assert udev_escape(text) == escaped


@given(st.text(st.characters(codec="utf-8")))
def test_udev_names_are_file_names_that_come_back(text: str) -> None:
    escaped = udev_escape(text)
    assert "/" not in escaped
    assert " " not in escaped
    parts = escaped.split("\\x")
    assert parts[0] + "".join(chr(int(part[:2], 16)) + part[2:] for part in parts[1:]) == text


@given(lines)
def test_lines_have_no_control_characters(text: str) -> None:
    assert control_characters(text) == ""
    assert control_characters(text + "\x01\n") == "\x01\n"
