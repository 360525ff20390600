"""Whatever the bytes are, the validator ends, and in words; what it mends, it mends once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kickbuild.lint.engine import Settings, check
from kickbuild.lint.finding import LintProfile
from kickbuild.lint.fix import fix_source
from kickbuild.lint.formats import FORMATS, Style, render
from kickbuild.lint.release import choose_release, find_lint_release
from kickbuild.lint.report import FileReport, Report
from kickbuild.lint.source import make_source

if TYPE_CHECKING:
    from kickbuild.lint.engine import Found

WORDS = """\
clearpart --all --drives=sda --initlabel|part / --size=1 --ondisk=sda|part pv.1 --size=x|volgroup vg pv.1|
logvol / --vgname=vg --name=a --size=1 --percent=900|raid / --device=md0 --level=1 raid.01 raid.02|zerombr|reboot|
rootpw --plaintext letmein|user --name=a --password=b --groups=wheel|url --url=http://user:pw@a/|install|
timezone UTC --isUtc|auth --enableshadow|network --bootproto=static --ip=300.1.1.1 --device=eth0|%include /tmp/x|
%include more.ks|%include|%packages --nobase|@core|-vim|%end|%pre --erroronfail|
%post --nochroot --interpreter=/usr/bin/python3|
%addon com_redhat_kdump --disable|%anaconda|cat > /tmp/x <<EOF|part /x --size=$(size)|EOF|if [ -z "$d" ]; then|fi|
echo "clearpart --all" >> /tmp/x|read x < /dev/tty1|wipefs -a /dev/sd*|echo 'x:y' | chpasswd|
print('|"|'|\\|{{ a }}|{% if %}|
# kickbuild: ignore=KB101|# kickbuild: ignore-file=clearpart-all-disks -- why|# kickbuild: ignore=KB999|#version=RHEL7|
ignoredisk --only-use=sdb|bootloader --location=mbr --boot-drive=|harddrive --partition=sdb1 --dir=/|part --|--|=|lang|
firewall --port=1:tcp --service=ssh|services --enabled=a --disabled=b|repo --name=a --baseurl=|sshkey --username=a "k\
""".replace("\n", "").split("|")
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\x0c", "\x85", "\u2028", " \\\n", "\x00\n", ""])
LINE = st.tuples(st.sampled_from(WORDS) | st.text(max_size=12), ENDS).map("".join)
KICKSTART = st.lists(LINE, max_size=14).map(lambda lines: "".join(lines).encode("utf-8", "replace"))
DATA = KICKSTART | st.binary(max_size=60) | st.tuples(KICKSTART, st.binary(max_size=4)).map(b"".join)
RELEASES = [choose_release(name) for name in ("rhel5", "rhel6", "rhel7", "rhel8", "rhel9", "rhel10", "f14", "f42")]
SETTINGS = st.builds(
    Settings,
    profile=st.sampled_from(LintProfile),
    release=st.sampled_from([*RELEASES, None]),
    firmware=st.sampled_from(["", "bios", "uefi"]),
    shellcheck=st.just(False),
)
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def report(found: Found) -> Report:
    file = FileReport(
        file=found.file, release=found.release.id, title=found.release.title, why=found.release.why,
        findings=found.findings, rules=found.rules,
    )  # fmt: skip
    return Report(files=(file,), profile=LintProfile.GENERIC)


@SLOW
@given(data=DATA, how=SETTINGS)
def test_any_bytes_are_told_in_every_format(data: bytes, how: Settings) -> None:
    source = make_source("x.ks", data)
    found = check(source, how)
    for finding in found.findings:
        assert 0 <= finding.line <= max(1, len(source.document.lines))
        assert 0 <= finding.mark[0] <= finding.mark[1]
    told = {form: render(form, report(found), Style()) for form in FORMATS}
    for form in ("json", "sarif", "gitlab"):
        json.loads(told[form])
    ET.fromstring(told["junit"])
    assert len(told["gcc"].split("\n")) == len(told["github"].split("\n")) == len(found.findings) + 1


@SLOW
@given(data=DATA, how=SETTINGS)
def test_a_password_is_told_nowhere(data: bytes, how: Settings) -> None:
    found = check(make_source("x.ks", b"rootpw --plaintext hunter2hunter2\n" + data), how)
    for form in FORMATS:
        assert "hunter2hunter2" not in render(form, report(found), Style())


@SLOW
@given(data=DATA, how=SETTINGS)
def test_what_is_mended_is_mended_once(data: bytes, how: Settings) -> None:
    source = make_source("x.ks", data)
    assert source.bytes == data
    fixed = fix_source(source, how)
    if not fixed.mended:
        assert fixed.data == data
    again = fix_source(make_source("x.ks", fixed.data), how)
    assert again.data == fixed.data


@SLOW
@given(data=DATA, name=st.text(max_size=12))
def test_every_file_has_a_release_and_a_reason(data: bytes, name: str) -> None:
    release = find_lint_release(make_source("x.ks", data).document, name)
    assert release.why
    assert 5 <= release.level <= 10


@SLOW
@given(data=KICKSTART)
def test_a_comment_silences_its_rule_and_nothing_else(data: bytes) -> None:
    release = choose_release("rhel9")
    text = data.replace(b"kickbuild:", b"")
    plain = check(make_source("x.ks", text), Settings(release=release))
    source = make_source("x.ks", b"# kickbuild: ignore-file=KB101,unstable-disk-name -- tried\n" + text)
    found = check(source, Settings(release=release))
    silenced = {"KB101", "KB104"}
    assert not silenced & {finding.code for finding in found.findings}
    if source.document.lines[0].ending == "\n" and not source.excess:
        # Messages name lines, which the comment moves.
        others = [(f.line, f.column, f.code) for f in plain.findings if f.code not in silenced and f.line]
        told = [(f.line - 1, f.column, f.code) for f in found.findings if f.code != "KB902" and f.line]
        assert sorted(told) == sorted(others)
