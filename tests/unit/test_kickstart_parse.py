"""The field's own grammar: every problem with its line, nothing printed, nothing left behind."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_kickstart_document import TEXTS

from kickbuild.errors import LackingError
from kickbuild.kickstart.document import without_scripts
from kickbuild.kickstart.parse import Parsed, parse
from kickbuild.releases.table import RELEASES

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """lang en_US.UTF-8
timezone UTC
clearpart --all --drives=sda
part / --size=1 --ondisk=sda
%packages
@core
%end
"""


def lines(parsed: Parsed) -> list[int | None]:
    return [problem.line for problem in parsed.problems]


@pytest.mark.parametrize("handler", sorted({release.can.handler for release in RELEASES}))
def test_every_release_has_a_grammar(handler: str) -> None:
    assert parse(GOOD, handler).problems == ()


def test_an_unknown_grammar_is_told() -> None:
    with pytest.raises(LackingError, match="RHEL99"):
        parse(GOOD, "RHEL99")


def test_all_problems_are_found_not_the_first_alone() -> None:
    text = 'bogus\npart / --size=x\nrootpw "abc\n%foo\n%end\n%end\n\nautopart --nosuch\n%post --log="x\n%end\nother\n'
    parsed = parse(text, "RHEL9")
    assert lines(parsed) == [1, 2, 3, 4, 6, 8, 9, 11]
    assert "bogus" in parsed.problems[0].message
    assert "--size" in parsed.problems[1].message


def test_a_missing_end_is_told_with_the_line_of_its_section() -> None:
    text = "%packages\n@core\n%post\necho\n"
    assert lines(parse(text, "RHEL7")) == [1, 3]
    forgiving = parse(text, "RHEL6")
    assert forgiving.problems == ()
    assert [warning.line for warning in forgiving.warnings] == [1, 3]


def test_a_section_that_is_wrong_as_a_whole_does_not_end_the_reading() -> None:
    assert lines(parse("%certificate\n%end\nbogus\n", "RHEL10"))[-1] == 3


def test_includes_are_not_followed(tmp_path: Path) -> None:
    included = tmp_path / "more.ks"
    included.write_text("bogus\n")
    text = f"%include {included}\n%include /no/such/file\n%include http://192.0.2.1/x\n{GOOD}"
    assert parse(text, "RHEL9").problems == ()


def test_deprecations_are_warnings_with_their_line() -> None:
    parsed = parse(f"{GOOD}install\n", "RHEL8")
    assert parsed.problems == ()
    assert [warning.line for warning in parsed.warnings] == [8]
    assert lines(parse(f"{GOOD}install\n", "RHEL9")) == [8]


def test_doubles_are_warnings_as_they_are_to_the_installer() -> None:
    parsed = parse("network --device=eth0 --bootproto=dhcp\nnetwork --device=eth0 --bootproto=dhcp\n", "RHEL9")
    assert parsed.problems == ()
    assert [warning.line for warning in parsed.warnings] == [2]


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        ("RHEL5", "%packages --nobase\n%end\n"),
        ("F12", "%packages --nobase\n%end\n"),
        ("RHEL6", "%packages --resolvedeps\n%end\n"),
        ("RHEL6", "zerombr yes\n"),
    ],
)
def test_what_the_real_installer_only_warns_of_is_a_warning(handler: str, text: str) -> None:
    parsed = parse(text, handler)
    assert parsed.problems == ()
    assert parsed.warnings


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        ("RHEL5", "firewall --enabled --no-ssh\n"),
        ("RHEL5", "iscsi --ipaddr=192.0.2.1 --reverse-user=a --reverse-password=b\n"),
        ("RHEL6", "clearpart --all --cdl\n"),
        ("RHEL7", "sshkey --username=root 'ssh-rsa x'\n"),
        ("RHEL7", "mount /dev/sda1 /srv\n"),
        ("RHEL7", "reboot --eject --kexec\n"),
        ("RHEL7", "shutdown --kexec\n"),
        ("RHEL7", "firewall --use-system-defaults\n"),
        ("RHEL7", "sshpw --username=root --sshkey 'ssh-rsa x'\n"),
        ("RHEL7", "url --url=https://192.0.2.1/ --sslcacert=file:///ca --sslclientkey file:///key\n"),
        ("RHEL8", "network --bootproto=dhcp --ipv4-dns-search=a.example --ipv6-ignore-auto-dns\n"),
        ("RHEL8", "zfcp --devnum=0.0.1234\n"),
    ],
)
def test_what_the_real_installer_accepts_is_no_problem(handler: str, text: str) -> None:
    parsed = parse(text, handler)
    assert parsed.problems == ()
    assert parsed.warnings == ()


def test_what_is_accepted_hides_no_other_fault_of_the_line() -> None:
    assert lines(parse("reboot --kexec --nosuch\nurl --url=https://x/ --metalink=https://y/\n", "RHEL7")) == [1, 2]


@pytest.mark.parametrize(
    ("handler", "section"),
    [
        ("RHEL6", "%pre-install"),
        ("RHEL6", "%addon"),
        ("RHEL6", "%onerror"),
        ("RHEL10", "%anaconda"),
        ("F43", "%anaconda"),
        ("RHEL8", "%certificate --filename=x --dir=/y"),
    ],
)
def test_sections_that_the_release_does_not_know(handler: str, section: str) -> None:
    assert lines(parse(f"lang x\n{section}\nx\n%end\n", handler)) == [2]


def test_named_disks_are_told() -> None:
    text = (
        "clearpart --all --drives=sda,sdb\nignoredisk --drives=sdc\nbootloader --boot-drive=sdd\n"
        "part / --size=1 --ondisk=sde\npart /home --onpart=sdf1\n"
    )
    parsed = parse(text, "RHEL9")
    assert parsed.disks == {"sda", "sdb", "sdd", "sde"}
    assert parsed.ignored == {"sdc"}
    assert parsed.reused == {"sdf1"}
    assert parsed.commands == {"clearpart", "ignoredisk", "bootloader", "part"}


def test_nothing_is_printed_left_or_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = list(sys.path)
    for _ in range(3):
        parse("bogus\n%ksappend http://192.0.2.1/x\n", "RHEL9")
    assert sys.path == before
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@given(TEXTS)
@settings(deadline=None, max_examples=60)
def test_no_text_makes_it_fail(text: str) -> None:
    for problem in parse(text, "RHEL9").problems:
        assert problem.message
        assert problem.line is None or 1 <= problem.line <= len(text.splitlines()) + 1


PIECES = st.sampled_from(
    (
        *(
            "%pre\n",
            "%post --log=x\n",
            "%end\n",
            "  %end\n",
            "%packages\n",
            "%include /tmp/x\n",
            "echo a\n",
            "lang C\n",
        ),
        *(
            "@core\n",
            "nonsense --x\n",
            "%onerror\n",
            "%s\n",
            "\t%pre\n",
            "echo \x0b%end\n",
            "echo é\n",
            "x\x85lang C\n",
        ),
        *(
            "rootpw 'x\n",
            "# c\n",
            "\n",
            "%end x 'y\n",
            "%preamble\n",
            "echo \\\n",
            "lang C\r\n",
            "\r%end\r\n",
            "a %end\n",
        ),
    )
)


@given(st.lists(PIECES, max_size=12), st.sampled_from(["RHEL6", "RHEL9"]))
def test_a_kickstart_without_its_scripts_is_accepted_as_the_whole_is(pieces: list[str], handler: str) -> None:
    text = "".join(pieces)
    assert bool(parse(text, handler).problems) == bool(parse(without_scripts(text), handler).problems)
