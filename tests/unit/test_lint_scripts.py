"""What interpreters and shellcheck say of scripts, with the kickstart's own lines; and files that are no kickstarts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kickbuild.lint.engine import Settings, check
from kickbuild.lint.installer_tools import missing_tool
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import make_source

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.lint.engine import Found


def found_in(text: str, *, shellcheck: bool = False, release: str = "rhel9") -> Found:
    source = make_source("x.ks", text.encode("utf-8", "surrogateescape"))
    return check(source, Settings(release=choose_release(release), shellcheck=shellcheck))


def lines(found: Found, code: str) -> list[int]:
    return [finding.line for finding in found.findings if finding.code == code]


def put(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def test_a_shells_line_is_the_kickstarts() -> None:
    text = "lang x\n%pre\ntrue\nfi\n%end\n%post\n\n\ndone\n%end\n"
    assert lines(found_in(text), "KB601") == [4, 9]


def test_what_is_behind_the_end_is_the_last_line() -> None:
    assert lines(found_in("%pre\nif true; then\necho\n%end\n"), "KB601") == [3]


def test_a_shell_that_hangs_or_is_missing_is_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lines(found_in("%pre\nfi\n%end\n"), "KB601") == []
    put(tmp_path, "bash", "echo nonsense >&2; exit 2")
    assert lines(found_in("%pre\nfi\n%end\n"), "KB601") == []


@pytest.mark.parametrize("body", ["x = '\\ud800'", "(" * 500, "-" * 200_000 + "1", "x\0y", "a" + ".b" * 50_000])
def test_no_python_makes_it_fail(body: str) -> None:
    found_in(f"%post --interpreter=/usr/bin/python3\n{body}\n%end\n")


@given(st.text(max_size=100))
@settings(deadline=None, max_examples=50)
def test_no_script_makes_it_fail(body: str) -> None:
    found_in(f"%pre --interpreter=/usr/bin/python3\n{body}\n%end\n%post --erroronfail\n{body}\n%end\n")


def shellcheck_says(directory: Path, *comments: dict[str, object]) -> None:
    put(directory, "shellcheck", f"cat <<'END'\n{json.dumps({'comments': comments})}\nEND\nexit 1")


def comment(line: int, column: int, end: int, level: str = "warning", file: str = "0.sh") -> dict[str, object]:
    place = {"line": line, "endLine": line, "column": column, "endColumn": end}
    return {"file": file, "level": level, "code": 2069, "message": "Mind this.", **place}


def test_shellchecks_places_are_the_kickstarts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    # The first line of what shellcheck reads is ours.
    shellcheck_says(tmp_path, comment(3, 2, 5), comment(2, 1, 4, "error", "1.sh"), comment(99, 1, 2))
    found = found_in("%pre\ntrue\n foo\n%end\n%packages\n@core\n%end\n%post\nbar\n%end\n", shellcheck=True)
    said = [finding for finding in found.findings if finding.code == "KB614"]
    assert [(f.line, f.column, f.end, f.severity.value, f.message) for f in said] == [
        (3, 2, 5, "info", "SC2069: Mind this"),
        (9, 1, 4, "warning", "SC2069: Mind this"),
    ]


def test_one_process_sees_all_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    log = tmp_path / "log"
    put(tmp_path, "shellcheck", f'for f; do case $f in *.sh) head -2 "$f" >> {log};; esac; done; echo once >> {log}')
    found_in(
        "%pre\n#!/bin/zsh\na\n%end\n%post --interpreter=/usr/bin/python3\nx\n%end\n%post\nb\n%end\n", shellcheck=True
    )
    assert log.read_text() == "# shellcheck shell=bash\n# /bin/zsh\n# shellcheck shell=bash\nb\nonce\n"


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"comments": [{}]}', '{"comments": [{"file": "x"}]}', "null"])
def test_an_odd_answer_is_told_and_no_finding_of_a_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    put(tmp_path, "shellcheck", f"echo '{answer}'; exit 4")
    (finding,) = [one for one in found_in("%pre\nfoo\n%end\n", shellcheck=True).findings if one.code == "KB614"]
    assert (finding.line, finding.severity) == (1, "info")
    assert "no answer" in finding.message


@pytest.mark.parametrize(
    ("name", "level", "missing"),
    [
        ("findfs", 5, True),
        ("findfs", 10, True),
        ("lsblk", 6, True),
        ("lsblk", 7, False),
        ("findmnt", 7, True),
        ("findmnt", 8, False),
        ("stat", 7, True),
        ("stat", 10, False),
        ("timeout", 6, False),
        ("timeout", 9, True),
        ("python", 7, False),
        ("python", 8, True),
        ("python3", 7, True),
        ("", 9, False),
    ],
)
def test_programs_that_installers_lack(name: str, level: int, missing: bool) -> None:
    assert (missing_tool(name, level) is not None) is missing


def test_of_what_is_no_kickstart_one_thing_is_told() -> None:
    text = "vmaccepteula\nbogus\nclearpart --all\n# kickbuild: ignore=KB101 -- why\ninstall --firstdisk\n%firstboot\n"
    assert [finding.code for finding in found_in(text).findings] == ["KB509"]


def test_a_rule_that_silences_the_others_may_be_switched_off() -> None:
    source = make_source("x.ks", b"vmaccepteula\n")
    found = check(source, Settings(release=choose_release("rhel9"), severities={"KB509": None}))
    assert [finding.code for finding in found.findings if finding.code.startswith("KB5")] == ["KB501"]


def test_an_ignore_of_a_rule_that_was_not_asked_is_not_unused() -> None:
    source = make_source("x.ks", b"clearpart --none  # kickbuild: ignore=KB101 -- once it was --all\n")
    settings = Settings(release=choose_release("rhel9"), severities={"KB101": None})
    assert "KB902" not in {finding.code for finding in check(source, settings).findings}
