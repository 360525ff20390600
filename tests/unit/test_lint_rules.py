"""Every rule on its own examples, and what holds for all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kickbuild.lint import rules, shellcheck
from kickbuild.lint.edits import applied_bytes
from kickbuild.lint.engine import Found, Settings, check
from kickbuild.lint.finding import LintProfile
from kickbuild.lint.release import choose_release
from kickbuild.lint.rule import MARK, Example, Rule
from kickbuild.lint.rules import RETIRED, RULES, find_rule
from kickbuild.lint.source import ERRORS, make_source

CODES = [rule.code for rule in RULES]


def run(rule: Rule, example: Example, directory: Path) -> tuple[Found, set[int]]:
    """Check an example; return what was found, and the numbers of its marked lines (0 for the file)."""
    lines = example.text.split("\n")
    marked: set[int] = set()
    if lines[0] == MARK:
        marked.add(0)
        lines = lines[1:]
    marked |= {number for number, line in enumerate(lines, 1) if line.startswith(MARK)}
    text = "\n".join(line.removeprefix(MARK) for line in lines)
    for name, content in example.files.items():
        (directory / name).write_text(content, encoding="utf-8")
    profile = example.profile or next(profile for profile in LintProfile if rule.levels[profile])
    settings = Settings(profile=profile, release=choose_release(example.release), firmware=example.firmware)
    source = make_source(str(directory / "example.ks"), text.encode("utf-8", ERRORS))
    return check(source, settings), marked


def lines_of(found: Found, rule: Rule) -> set[int]:
    return {finding.line for finding in found.findings if finding.code == rule.code and finding.file == found.file}


@pytest.mark.parametrize("code", CODES)
def test_what_must_fire_fires_there_and_nowhere_else(code: str, tmp_path: Path) -> None:
    rule = find_rule(code)
    assert rule.bad
    if code == "KB614" and not shellcheck.is_installed():
        pytest.skip("there is no shellcheck")
    for example in rule.bad:
        found, marked = run(rule, example, tmp_path)
        assert marked, "a bad example has a mark"
        assert lines_of(found, rule) == marked, example.text


@pytest.mark.parametrize("code", CODES)
def test_what_must_not_fire_does_not(code: str, tmp_path: Path) -> None:
    rule = find_rule(code)
    assert rule.good
    for example in rule.good:
        found, marked = run(rule, example, tmp_path)
        assert not marked, "a good example has no mark"
        assert not lines_of(found, rule), example.text


@pytest.mark.parametrize("code", CODES)
def test_every_hit_tells_what_and_how_to_mend_it(code: str, tmp_path: Path) -> None:
    rule = find_rule(code)
    for example in rule.bad:
        found, _ = run(rule, example, tmp_path)
        for finding in found.findings:
            if finding.code == code:
                assert finding.message
                assert not finding.message.endswith(".")
                assert finding.column <= finding.end or not finding.end


@pytest.mark.parametrize("code", [rule.code for rule in RULES if rule.fixable])
def test_a_fix_mends_and_mends_once(code: str, tmp_path: Path) -> None:
    rule = find_rule(code)
    fixed = 0
    for example in rule.bad:
        found, _ = run(rule, example, tmp_path)
        edits = [e for finding, hit in found.hits.items() if finding.code == code for e in hit.fix]
        if not edits:
            continue
        fixed += 1
        before = next(hit.source for finding, hit in found.hits.items() if finding.code == code)
        after = applied_bytes(before, edits)
        assert after != before.bytes
        again = check(make_source(found.file, after), Settings(release=found.release))
        assert not [e for finding, hit in again.hits.items() if finding.code == code for e in hit.fix], after
    assert fixed, "no bad example is mended"


def test_codes_and_names_are_permanent_and_unique() -> None:
    assert len(set(CODES)) == len(CODES)
    assert sorted(CODES) == CODES
    assert not set(CODES) & RETIRED
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    for rule in RULES:
        assert re.fullmatch(r"KB[0-9]{3}", rule.code)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
        assert rule.summary.endswith(".")
        assert rule.why.endswith(".")
        assert any(rule.levels.values())


def test_every_module_is_in_the_registry_under_its_code() -> None:
    modules = sorted(path.stem for path in Path(rules.__file__).parent.glob("kb*.py"))
    expected = sorted(f"{rule.code.lower()}_{rule.name.replace('-', '_')}" for rule in RULES)
    assert modules == expected
