"""The rules as people and programs read about them; the page of all rules is made of the same text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from kickbuild.lint.rule import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kickbuild.lint.rule import Rule

_GROUPS = {
    "1": "Which disks are erased",
    "2": "Where the installation comes from",
    "3": "Running without a person",
    "4": "Security",
    "5": "Releases",
    "6": "Sections and scripts",
    "7": "Text, templates and includes",
    "8": "Packages, storage, network, locale",
    "9": "Ignore comments",
}


def rule_json(rule: Rule) -> dict[str, Any]:
    """Return a rule as JSON."""
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "why": rule.why,
        "hint": rule.hint,
        "severity": {str(profile): level and str(level) for profile, level in rule.levels.items()},
        "releases": releases_of(rule),
        "fixable": rule.fixable,
    }


def rule_lines(rules: Sequence[Rule]) -> Iterator[str]:
    """Yield the list of rules: code, name, and the severity in each profile."""
    width = max(len(rule.name) for rule in rules)
    yield f"{'':5}  {'':<{width}}  generic  rebuild  vm-image  strict   fix"
    group = ""
    for rule in rules:
        if rule.code[2] != group:
            group = rule.code[2]
            yield f"\n{_GROUPS[group]}"
        levels = [str(level or "-") for level in rule.levels.values()]
        fix = "yes" if rule.fixable else ""
        cells = f"{levels[0]:<7}  {levels[1]:<7}  {levels[2]:<8}  {levels[3]:<7}  {fix}"
        yield f"{rule.code}  {rule.name:<{width}}  {cells}".rstrip()


def explanation(rule: Rule, width: int = 80) -> Iterator[str]:
    """Yield everything that is known about a rule."""
    yield f"{rule.code} {rule.name}"
    yield ""
    yield from textwrap.wrap(rule.summary, width)
    yield from textwrap.wrap(rule.why, width)
    if rule.hint:
        yield ""
        yield from textwrap.wrap(f"What to do: {rule.hint}", width, break_long_words=False)
    yield ""
    levels = ", ".join(f"{profile} {level or 'off'}" for profile, level in rule.levels.items())
    yield f"Severity: {levels}"
    yield f"Releases: {releases_of(rule)}"
    if rule.fixable:
        yield "--fix mends it where that needs no decision"
    yield ""
    yield "It is found in:"
    yield ""
    yield from _example(rule.bad[0].text)
    yield ""
    yield "and not in:"
    yield ""
    yield from _example(rule.good[0].text)


def releases_of(rule: Rule) -> str:
    """Return the releases that a rule is about, in words."""
    if rule.since <= 5 and rule.until >= 99:
        return "all"
    if rule.until >= 99:
        return f"RHEL {rule.since} and newer"
    return f"RHEL {rule.since} to {rule.until}" if rule.since > 5 else f"up to RHEL {rule.until}"


def page(rules: Sequence[Rule]) -> Iterator[str]:
    """Yield the page of all rules, in Markdown."""
    yield "# Rules of `kickbuild validate`"
    yield ""
    yield "Made by `scripts/rules-page`; `kickbuild validate --explain CODE` prints the same. A severity of `-` is off."
    yield ""
    group = ""
    for rule in rules:
        if rule.code[2] != group:
            group = rule.code[2]
            yield from (f"## {_GROUPS[group]}", "")
        yield from (f"### {rule.code} {rule.name}", "", f"{rule.summary} {rule.why}", "")
        if rule.hint:
            yield from (f"What to do: {rule.hint}", "")
        levels = ", ".join(f"{profile} {level or '-'}" for profile, level in rule.levels.items())
        fix = "; mended by `--fix`" if rule.fixable else ""
        yield from (f"Severity: {levels}. Releases: {releases_of(rule)}{fix}.", "")
        yield from ("```", *(line[2:] for line in _example(rule.bad[0].text)), "```", "")


def _example(text: str) -> Iterator[str]:
    for line in text.rstrip("\n").split("\n"):
        if line == MARK:
            continue
        shown = "".join(char if char.isprintable() or char == "\t" else f"\\x{ord(char):02x}" for char in line)
        yield f"  {shown}" if not line.startswith(MARK) else f"  {shown.removeprefix(MARK)}    # <-"
