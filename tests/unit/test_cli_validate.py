"""``kickbuild validate`` from the command line: what is read, what is told, what it exits with."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from conftest import needs_root

from kickbuild.cli.main import run as kickbuild
from kickbuild.errors import ExitCode

BAD = "lang en_US.UTF-8\nclearpart --all --initlabel\npart / --size=large\n"
#: A whole kickstart in which nothing is found.
CLEAN = """\
#version=RHEL9
cmdline
reboot
url --url=https://mirror.example.org/rocky/9/BaseOS/x86_64/os/
lang en_US.UTF-8
keyboard us
timezone Europe/Berlin --utc
network --bootproto=dhcp --device=link --activate
rootpw --lock
user --name=ops --groups=wheel --iscrypted --password=HASH
zerombr
clearpart --all --initlabel --drives=/dev/disk/by-id/wwn-0x5000c500a1b2c3d4
ignoredisk --only-use=/dev/disk/by-id/wwn-0x5000c500a1b2c3d4
bootloader --boot-drive=/dev/disk/by-id/wwn-0x5000c500a1b2c3d4
reqpart --add-boot
part / --fstype=xfs --size=8192 --grow
%packages
@^minimal-environment
%end
""".replace("HASH", "$6$abcdefgh$" + "FtTSYkd1VX4NoUMjOLFDtj" * 3 + "T4mmVz1kbhxgHJyDSP6/Jt"[:20])


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test works in a directory of its own, where no configuration is found."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def validate(*words: str) -> int:
    return kickbuild(["validate", "--no-shellcheck", *words])


def write(name: str, text: str = BAD) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def found(capsys: pytest.CaptureFixture[str], *words: str) -> list[tuple[str, int, str]]:
    capsys.readouterr()
    validate(*words, "--json")
    document = json.loads(capsys.readouterr().out)
    return [(finding["file"], finding["line"], finding["code"]) for finding in document["findings"]]


def test_a_clean_kickstart_is_clean_under_every_profile(capsys: pytest.CaptureFixture[str]) -> None:
    write("clean.ks", CLEAN)
    for profile in ("generic", "rebuild", "vm-image", "strict"):
        assert validate("clean.ks", "--profile", profile) == ExitCode.DONE, capsys.readouterr().out
    out = capsys.readouterr().out
    assert "nothing found in 1 file" in out
    assert "checked for RHEL 9: from `#version=RHEL9` in line 1" in out


def test_each_severity_can_be_the_one_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        "warn.ks",
        CLEAN.replace("ignoredisk", "#").replace(" --drives=/dev/disk/by-id/wwn-0x5000c500a1b2c3d4\n#", "\n#"),
    )
    severities = {code for _, _, code in found(capsys, "warn.ks")}
    assert severities == {"KB101"}
    assert validate("warn.ks") == ExitCode.FINDINGS
    assert validate("warn.ks", "--fail-on", "error") == ExitCode.DONE
    assert validate("warn.ks", "--ignore", "KB101") == ExitCode.DONE
    assert validate("warn.ks", "--ignore", "clearpart-all-disks,KB104") == ExitCode.DONE


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "names no kickstart"),
        (["none.ks"], "none.ks is not there"),
        (["none.ks", "bad.ks", "also.ks"], "also.ks is not there"),
        (["*.nothing"], "no file matches *.nothing"),
        (["empty"], "empty holds no kickstart"),
        (["bad.ks", "--release", "beos9"], "'beos9' is not a release"),
        (["bad.ks", "--ignore", "KB000"], "there is no rule KB000"),
        (["bad.ks", "--output", "sarif"], "must be FORMAT=FILE"),
        (["bad.ks", "--output", "word=x"], "must be FORMAT=FILE"),
        (["--explain", "clearpart-al-disks"], "did you mean clearpart-all-disks?"),
        (["pipe"], "pipe is no regular file"),
        (["x" * 300], "cannot be read: File name too long"),
    ],
)
def test_what_makes_no_sense_is_said(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("bad.ks")
    Path("empty").mkdir()
    os.mkfifo("pipe")
    code = validate(*words)
    captured = capsys.readouterr()
    assert code in {ExitCode.USAGE, ExitCode.INPUT}
    assert says in captured.err
    assert not captured.out


def test_directories_and_patterns(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a/one.ks", "a/.git/hidden.ks", "a/b/two.cfg", "a/b/app.cfg", "a/b/three.ks.j2", "a/[x].ks"):
        write(name, "[section]\nkey = lang\n" if name.endswith("app.cfg") else BAD)
    assert {file for file, _, _ in found(capsys, "a")} == {"a/one.ks", "a/b/two.cfg", "a/b/three.ks.j2", "a/[x].ks"}
    assert {file for file, _, _ in found(capsys, "a/b/t*.cfg")} == {"a/b/two.cfg"}
    assert {file for file, _, _ in found(capsys, "a/[x].ks")} == {"a/[x].ks"}


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"%include more.ks\n" + BAD.encode())))
    write("more.ks", "clearpart --linux\n")
    assert validate("-", "--stdin-filename", "rhel8/web.ks", "--format", "gcc") == ExitCode.FINDINGS
    out = capsys.readouterr().out
    assert "rhel8/web.ks:3:1: warning: clearpart erases" in out
    assert "more.ks:1:1: warning: clearpart erases" in out


def test_an_include_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    write("common.ks", "clearpart --all\n")
    write("one.ks", "%include common.ks\nlang en_US\n")
    write("two.ks", "%include common.ks\nlang en_US\n")
    assert found(capsys, "one.ks", "two.ks").count(("common.ks", 1, "KB101")) == 1


def test_many_files_are_checked_by_many_processes_as_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(40):
        write(f"all/{number}.ks", BAD + f"part /{number} --size={number}\n")
    assert found(capsys, "all", "--jobs", "2") == found(capsys, "all", "--jobs", "1")


def test_several_outputs_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    write("bad.ks")
    assert validate("bad.ks", "--output", "json=out.json", "--output", "gcc=out.txt") == ExitCode.FINDINGS
    assert "KB101" in capsys.readouterr().out
    assert json.loads(Path("out.json").read_text())["findings"]
    assert "bad.ks:2:1: warning:" in Path("out.txt").read_text()
    assert validate("bad.ks", "--output", "json=no/such/dir.json") == ExitCode.TOOL


def test_annotations_come_by_themselves_in_a_workflow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    write("bad.ks")
    validate("bad.ks")
    assert "::warning file=bad.ks,line=2," in capsys.readouterr().out
    validate("bad.ks", "--json")
    assert "::warning" not in capsys.readouterr().out


def test_a_configuration_above_the_file_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    write("project/ks/rhel7-web.ks")
    write("project/ks/lab/x.ks")
    write(
        "project/.kickbuild.toml",
        'fail_on = "error"\nrelease = "rhel8"\n[severity]\nKB504 = "off"\n'
        '[[files]]\npath = "ks/lab/*"\nignore = ["KB101"]\n',
    )
    assert ("project/ks/rhel7-web.ks", 2, "KB101") in found(capsys, "project/ks")
    assert not [code for file, _, code in found(capsys, "project/ks") if "lab" in file and code == "KB101"]
    assert not [code for _, _, code in found(capsys, "project/ks") if code == "KB504"]
    assert [code for _, _, code in found(capsys, "project/ks", "--no-config") if code == "KB504"]
    write("other.toml", 'ignore = ["clearpart-all-disks"]\n')
    assert "KB101" not in {code for _, _, code in found(capsys, "project/ks", "--config", "other.toml")}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prfile = 1\n", "other.toml:1: prfile: is no key here\n  hint: did you mean profile?"),
        ('profile = "wild"\n', "other.toml:1: profile: 'wild' is none of generic, rebuild, vm-image, strict"),
        ("a = \n", "is not TOML"),
        ('[severity]\nKB999 = "error"\n', "other.toml:2: severity.KB999: 'KB999' is no rule"),
        ('[severity]\nKB101 = "bad"\n', "severity.KB101: 'bad' is none of error, warning, info"),
        ('[[files]]\nrelease = "rhel9"\n', "files: needs a path"),
        ('release = "beos"\n', "'beos' is not a release"),
        ('firmware = "cp/m"\n', "'cp/m' is none of bios, uefi"),
        ("shellcheck = 1\n", "must be true or false"),
        ("ignore = 3\n", "must be a text or a list of texts"),
        ("files = 3\n", "must be tables"),
        ("severity = 3\n", "must be a table"),
    ],
)
def test_a_wrong_configuration_is_refused(text: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("bad.ks")
    write("other.toml", text)
    assert validate("bad.ks", "--config", "other.toml") == ExitCode.INPUT
    assert says in capsys.readouterr().err


def test_a_baseline_knows_what_was_there_and_where_it_moved(capsys: pytest.CaptureFixture[str]) -> None:
    write("bad.ks")
    assert validate("bad.ks", "--write-baseline", "known.json") == ExitCode.DONE
    assert "large" not in Path("known.json").read_text()
    assert validate("bad.ks", "--baseline", "known.json") == ExitCode.DONE
    write("bad.ks", "# moved\n\n" + BAD)
    assert validate("bad.ks", "--baseline", "known.json") == ExitCode.DONE
    write("bad.ks", BAD + "clearpart --all --initlabel\n")
    assert validate("bad.ks", "--baseline", "known.json") == ExitCode.FINDINGS
    for broken in ("[]", "{}", "nothing", '{"version": 9, "findings": {}}', '{"version": 1, "findings": []}'):
        write("known.json", broken)
        assert validate("bad.ks", "--baseline", "known.json") == ExitCode.INPUT
    assert validate("bad.ks", "--baseline", "none.json") == ExitCode.INPUT
    capsys.readouterr()


def test_a_fix_is_shown_before_it_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    text = CLEAN.replace("zerombr\n", "").replace("%end\n", "").replace("--utc", "--isUtc").replace("\n", "\r\n")
    path = write("bad.ks", text)
    path.chmod(0o640)
    validate("bad.ks", "--diff")
    out = capsys.readouterr().out
    assert "+zerombr" in out
    assert "+timezone Europe/Berlin --utc" in out
    assert path.read_bytes() == text.encode()
    validate("bad.ks", "--fix")
    fixed = path.read_bytes()
    assert b"zerombr" in fixed
    assert b"--utc" in fixed
    assert fixed.rstrip().endswith(b"%end")
    assert path.stat().st_mode & 0o777 == 0o640
    assert validate("bad.ks", "--fix", "--fail-on", "error") == ExitCode.DONE
    assert path.read_bytes() == fixed, "fixing twice changes nothing more"


def test_an_include_that_is_there_and_cannot_be_read_is_not_called_missing(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.ks", "%include parts\n%include absent.ks\n" + CLEAN)
    Path("parts").mkdir()
    assert validate("a.ks") == ExitCode.FINDINGS
    out = " ".join(capsys.readouterr().out.split())
    assert "parts cannot be read: Is a directory: what it says was not checked" in out
    assert "absent.ks was not found: what it says was not checked" in out


@needs_root()
def test_a_mended_file_stays_its_owners(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("bad.ks", "timezone UTC --isUtc\n")
    os.chown(path, 12345, 23456)
    validate("bad.ks", "--release", "rhel9", "--fix")
    assert path.read_bytes() == b"timezone UTC --utc\n"
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)
    capsys.readouterr()


def test_nothing_but_what_is_mended_changes(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("bad.ks")
    odd = b"# caf\xe9 \x01\n\ttimezone   UTC  --isUtc # why\n%pre\necho  x\n"
    path.write_bytes(odd)
    validate("bad.ks", "--release", "rhel9", "--fix", "--ignore", "KB704")
    assert path.read_bytes() == odd.replace(b"--isUtc", b"--utc") + b"%end\n"
    capsys.readouterr()


def test_a_byte_order_mark_goes_by_itself_and_stays_where_nobody_minds(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("bad.ks")
    path.write_bytes(b"\xef\xbb\xbflang en_US.UTF-8\n")
    validate("bad.ks", "--fix")
    assert path.read_bytes() == b"lang en_US.UTF-8\n"
    marked = b"\xef\xbb\xbf%post # kickbuild: ignore=KB704 -- an editor wants it\necho caf\xe9\n"
    path.write_bytes(marked)
    validate("bad.ks", "--release", "rhel9", "--fix")
    assert path.read_bytes() == marked + b"%end\n"
    capsys.readouterr()


def test_a_section_cut_by_a_line_of_a_here_document_is_not_mended(capsys: pytest.CaptureFixture[str]) -> None:
    text = "%post\ncat > x <<EOF\n%packages\n@core\n%end\nEOF\n%end\n"
    path = write("cut.ks", text)
    validate("cut.ks", "--release", "rhel9", "--fix")
    assert path.read_bytes() == text.encode()
    capsys.readouterr()


def test_templates_are_rendered_and_traced_back(capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "{# a comment\n of two lines #}\nlang {{ lang }}\n"
        "{% for disk in disks %}\nclearpart --all\npart / --size={{ size }}\n{% endfor %}\n"
    )
    write("web.ks.j2", text)
    for name, variables in (
        ("v.toml", 'lang = "en_US.UTF-8"\nsize = "large"\ndisks = ["a"]\n'),
        ("v.yaml", "lang: en_US.UTF-8\nsize: large\ndisks: [a]\n"),
        ("v.json", '{"lang": "en_US.UTF-8", "size": "large", "disks": ["a"]}'),
    ):
        write(name, variables)
        places = found(capsys, "web.ks.j2", "--vars", name)
        assert ("web.ks.j2", 5, "KB101") in places
        assert ("web.ks.j2", 6, "KB504") in places


@pytest.mark.parametrize(
    ("template", "line", "says"),
    [
        ("lang x\nrootpw {{ missing }}\n", 2, "'missing' is undefined"),
        ("lang x\n\n{% if %}\n", 3, "is no template"),
        ("lang {{ 1 // 0 }}\n", 1, "cannot be rendered"),
        ("{{ ''.__class__.__mro__ }}\n", 1, ""),
        ("{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}\n", 0, "MiB"),
    ],
)
def test_a_template_that_cannot_be_rendered_is_one_finding(
    template: str, line: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("web.ks", template)
    write("v.json", '{"a": 1}')
    assert validate("web.ks", "--vars", "v.json", "--json") == ExitCode.FINDINGS
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(finding["code"], finding["line"]) for finding in findings if finding["code"] == "KB706"] == [
        ("KB706", line)
    ]
    assert says in findings[0]["message"]


@pytest.mark.parametrize("variables", ["[1]", "{", "a: [", "\x00", ""])
def test_variables_that_are_none(variables: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("web.ks")
    write("v.yaml", variables)
    assert validate("web.ks", "--vars", "v.yaml") == ExitCode.INPUT
    assert "v.yaml" in capsys.readouterr().err


def test_a_move_to_newer_releases_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    write("old.ks", "install\nauthconfig --enableshadow\nlang en_US.UTF-8\n")
    assert validate("old.ks", "--release", "all") == ExitCode.FINDINGS
    out = capsys.readouterr().out
    assert "RHEL 6  RHEL 7  RHEL 8  RHEL 9  RHEL 10" in out
    row = next(line for line in out.splitlines() if " install " in line)
    assert row.split()[2:] == ["ok", "ok", "old", "ERROR", "ERROR"]
    assert all(len(line) <= 80 for line in out.splitlines() if " ok " in line)
    assert validate("old.ks", "--release", "all", "--json") == ExitCode.FINDINGS
    document = json.loads(capsys.readouterr().out)
    assert document["releases"] == ["rhel6", "rhel7", "rhel8", "rhel9", "rhel10"]
    write("new.ks", "lang en_US.UTF-8\n")
    assert validate("new.ks", "--release", "all") == ExitCode.DONE


def test_the_rules_are_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert validate("--list-rules") == ExitCode.DONE
    out = capsys.readouterr().out
    assert "KB101  clearpart-all-disks" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert validate("--list-rules", "--json") == ExitCode.DONE
    rules = json.loads(capsys.readouterr().out)
    assert rules[0]["code"] == "KB101"
    for rule in rules:
        assert validate("--explain", rule["code"]) == ExitCode.DONE
        assert rule["name"] in capsys.readouterr().out


def test_a_rule_that_fails_is_a_bug_and_no_pass() -> None:
    from kickbuild.lint.engine import RuleError

    assert RuleError("x").exit_code == ExitCode.BUG


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b"\xff\xfe" + "lang en_US".encode("utf-16-le"),
        b"lang en_US\n" * 200_000,
        b"part / --size=1 " + b"x" * 1_000_000 + b"\n",
        b"x" * 50_000_000,
        b"%pre\n" * 5000,
        b"%include self.ks\n",
        b"\n" * 100_000,
        b"%pre\n" + b"$(" * 20_000 + b"\n%end\n",
        b"%pre\ncat <<A\n" * 3000,
        b"'" * 10_000,
    ],
    ids=range(12),
)  # fmt: skip
def test_what_is_no_kickstart_ends_soon_and_in_words(data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    Path("self.ks").write_bytes(data)
    assert validate("self.ks", "--json") in {ExitCode.DONE, ExitCode.FINDINGS}
    json.loads(capsys.readouterr().out)


def test_names_of_files_that_no_terminal_can_show(capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"caf\xe9\n\x1b[31m.ks")
    write(name)
    for form in ("text", "json", "sarif", "junit", "github", "gitlab", "gcc"):
        assert validate(name, "--format", form) == ExitCode.FINDINGS
        out = capsys.readouterr().out
        out.encode("utf-8")
        assert "\x1b" not in out


def test_the_page_of_rules_is_what_the_rules_say() -> None:
    from kickbuild.cli.rules_text import page
    from kickbuild.lint.rules import RULES

    path = Path(__file__).parents[2] / "docs" / "rules.md"
    assert path.read_text(encoding="utf-8") == "\n".join(page(RULES)), "run scripts/rules-page"
