"""What the addresses of sources say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.lint.payload import Address, addresses, sources
from kickbuild.lint.read import Reading, read_kickstart
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import make_source


def address(text: str) -> Address:
    kickstart = read_kickstart(
        make_source("x.ks", f"url --url={text}\n".encode("utf-8", "surrogateescape")),
        Reading(release=choose_release("rhel9")),
    )
    return next(addresses(kickstart))


@pytest.mark.parametrize(
    ("text", "scheme", "host", "path"),
    [
        ("https://user:pw@Repo.lan:8080/el9/", "https", "repo.lan", "/el9/"),
        ("http://[2001:db8::1]/el9", "http", "2001:db8::1", "/el9"),
        ("file:///run/install/repo", "file", "", "/run/install/repo"),
        ("hd:LABEL=REBUILD:/el9", "hd", "", "hd:LABEL=REBUILD:/el9"),
        ("nfs:nas.lan:/el9", "nfs", "", "nfs:nas.lan:/el9"),
        ("repo.lan/el9", "", "", "repo.lan/el9"),
        ("http://[broken/el9", "http", "", "/el9"),
        ("http:///el9", "http", "", "/el9"),
    ],
)
def test_the_parts_of_an_address(text: str, scheme: str, host: str, path: str) -> None:
    found = address(text)
    assert (found.scheme, found.host, found.path) == (scheme, host, path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://10.1.2.3/x", True),
        ("http://[fd00::1]/x", True),
        ("http://repo/x", True),
        ("http://repo.corp.lan/x", True),
        ("http://8.8.8.8/x", False),
        ("http://mirror.example.org/x", False),
        ("file:///x", False),
    ],
)
def test_what_only_a_private_network_knows(text: str, expected: bool) -> None:
    assert address(text).is_local is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://r.lan/$releasever/$basearch/", False),
        ("https://r.lan/${basearch}/", False),
        ("https://r.lan/$basearchive/", True),
        ("{{tree}}", True),
        ("@TREE-URL@/x", True),
        ("http://#TABLE:site:key=master#/x", True),
    ],
)
def test_the_installers_own_variables_are_not_somebody_elses(text: str, expected: bool) -> None:
    assert address(text).is_variable is expected


@given(st.text())
def test_no_address_is_too_odd(text: str) -> None:
    kickstart = read_kickstart(
        make_source("x.ks", f"url --url={text}\n".encode("utf-8", "surrogatepass")),
        Reading(release=choose_release("rhel9")),
    )
    for found in addresses(kickstart):
        assert found.scheme in text.lower()
        assert {found.is_local, found.is_variable, found.is_placeholder} <= {True, False}
        assert isinstance(found.host + found.path, str)
    assert len(list(sources(kickstart))) <= len(kickstart.statements)
