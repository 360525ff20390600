"""What is a host, and what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.errors import ExitCode, UsageError
from kickbuild.trigger.host import HostKind, parse_host


@pytest.mark.parametrize(
    "text",
    [
        *("box", "root@box", "box.example.org", "root@192.0.2.1", "::1", "root@fe80::1%eth0", "LOCAL"),
        *("ssh://root@box:2222", "ssh://[2001:db8::1]:22", "admin@DOMAIN@box"),
    ],
)
def test_what_ssh_takes_is_a_host(text: str) -> None:
    assert parse_host(text).kind is HostKind.SSH
    assert parse_host(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "-oProxyCommand=id", "-", "root@-oProxyCommand=id", "ssh://-x", "a b", "a;b", "a$(id)", "a`id`", "a|b"),
        *("a&b", "a\nb", "a\x1b[2J", "a'b", 'a"b', "b\u00f6x", "a\\b", "<a>", "a" * 300, "local\n"),
        *("box:22", "root@box:22", "ssh://", "ssh://box:0", "ssh://root@box:65536", "ssh://[::1]:99999"),
    ],
)
def test_nothing_else_is_a_host(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_host(text)
    assert error.value.exit_code == ExitCode.USAGE


@given(st.text(max_size=20))
def test_a_host_is_never_an_option_or_a_command(text: str) -> None:
    try:
        host = parse_host(text)
    except UsageError:
        return
    assert host.text.isascii()
    assert not host.text.startswith("-")
    assert not set(host.text) & set(" \t\n'\"`$;&|<>(){}\\!*?#")


def test_this_machine_and_a_mounted_system(tmp_path: Path) -> None:
    assert parse_host("local").kind is HostKind.LOCAL
    mounted = parse_host(None, tmp_path)
    assert (mounted.kind, mounted.root) == (HostKind.MOUNTED, tmp_path.resolve())
    for text, root in (("box", tmp_path), (None, None), (None, tmp_path / "none"), (None, Path("/"))):
        with pytest.raises(UsageError):
            parse_host(text, root)
