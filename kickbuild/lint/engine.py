"""Running the rules over a kickstart: which of them, how bad, what is silenced. A rule that fails is never a pass."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from kickbuild.errors import KickbuildError
from kickbuild.lint.finding import Finding, LintProfile, Place, Severity, printable
from kickbuild.lint.grammar import grammar_problems
from kickbuild.lint.hit import Hit
from kickbuild.lint.read import Reading, read_kickstart
from kickbuild.lint.release import LintRelease, find_lint_release
from kickbuild.lint.rules import RULES, find_rule
from kickbuild.lint.secrets import Secrets
from kickbuild.lint.suppress import Ignore, find_ignores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.rule import Rule
    from kickbuild.lint.source import Source

#: Findings of one rule in one file that are told; the rest are counted.
MOST_OF_ONE_RULE: Final = 100
_LONGEST_TEXT: Final = 400


class RuleError(KickbuildError):
    """A rule raised: a bug of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How kickstarts are checked. ``severities`` overrides what a profile says, by code; None switches a rule off."""

    profile: LintProfile = LintProfile.GENERIC
    release: LintRelease | None = None
    """None to find it in each file."""
    firmware: str = ""
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    directory: Path | None = None
    shellcheck: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found in one file: findings with the hits they were made from, and what was silenced."""

    file: str
    release: LintRelease
    findings: tuple[Finding, ...]
    hits: Mapping[Finding, Hit]
    ignored: tuple[Finding, ...]
    rules: int
    """How many rules looked at it."""


def check(source: Source, settings: Settings) -> Found:
    """Check one kickstart. Raises RuleError, a bug of ours, where a rule fails."""
    release = settings.release or find_lint_release(source.document, source.name)
    reading = Reading(
        release=release,
        profile=settings.profile,
        firmware=settings.firmware,
        known=settings.known,
        directory=settings.directory,
    )
    kickstart = read_kickstart(source, reading)
    kickstart = replace(kickstart, grammar=grammar_problems(kickstart), shellcheck=settings.shellcheck)
    return _judge(kickstart, settings)


def _judge(kickstart: Kickstart, settings: Settings) -> Found:
    secrets = Secrets(kickstart)
    ignores = [ignore for source in kickstart.sources for ignore in find_ignores(source)]
    used: set[tuple[Ignore, str]] = set()
    hits: dict[Finding, Hit] = {}
    ignored: list[Finding] = []
    found, running = _ask(kickstart, settings)
    for rule, hit in found:
        finding = _finding(rule, hit, _severity(rule, hit, settings), secrets)
        silencing = _silencing(finding, hit, ignores)
        if silencing:
            used |= {(ignore, code) for ignore in silencing for code in ignore.codes if code in {rule.code, rule.name}}
            ignored.append(finding)
        else:
            hits[finding] = hit
    for rule, hit in _about_ignores(ignores, used, running):
        if _is_on(rule, kickstart, settings):
            hits[_finding(rule, hit, _severity(rule, hit, settings), secrets)] = hit
    findings = sorted(hits, key=lambda finding: finding.order)
    return Found(
        file=printable(kickstart.source.name),
        release=kickstart.release,
        findings=tuple(findings),
        hits=hits,
        ignored=tuple(ignored),
        rules=len(running),
    )


def _ask(kickstart: Kickstart, settings: Settings) -> tuple[list[tuple[Rule, Hit]], list[Rule]]:
    """Return what the rules found, and which of them were asked."""
    running = [rule for rule in RULES if _is_on(rule, kickstart, settings)]
    # What is no kickstart at all would get forty findings that one of these says in one.
    first = [rule for rule in running if rule.alone]
    found = [(rule, hit) for rule in first for hit in _hits(rule, kickstart)]
    if found:
        return found, first
    return [(rule, hit) for rule in running if not rule.alone for hit in _hits(rule, kickstart)], running


def _is_on(rule: Rule, kickstart: Kickstart, settings: Settings) -> bool:
    level = settings.severities.get(rule.code, rule.levels[settings.profile])
    if kickstart.is_unrendered and not rule.of_text:
        return False
    return level is not None and rule.since <= kickstart.release.level <= rule.until


def _hits(rule: Rule, kickstart: Kickstart) -> Iterator[Hit]:
    if rule.check is None:
        return
    try:
        for count, hit in enumerate(rule.check(kickstart), start=1):
            if count > MOST_OF_ONE_RULE:
                break
            yield hit
    except Exception as error:
        raise RuleError(
            f"the rule {rule.code} {rule.name} failed on {kickstart.source.name}: {type(error).__name__}: {error}",
            hint="this is a bug in kickbuild; please report it, with the kickstart if you can",
        ) from error


def _severity(rule: Rule, hit: Hit, settings: Settings) -> Severity:
    if rule.code in settings.severities:
        chosen = settings.severities[rule.code]
        assert chosen is not None
        return chosen
    level = rule.levels[settings.profile]
    return hit.severity or level or Severity.INFO


def _finding(rule: Rule, hit: Hit, severity: Severity, secrets: Secrets) -> Finding:
    source = hit.source
    line = source.map[hit.line - 1] if source.map and 0 < hit.line <= len(source.map) else hit.line
    whole = source.line_text(hit.line)
    text = secrets.mask_line(source, hit.line, whole)
    # A column of what a template became is none of the template.
    column, end = (0, 0) if source.map else (hit.column, hit.end)
    return Finding(
        file=printable(source.name),
        line=line,
        column=column,
        end=end,
        code=rule.code,
        name=rule.name,
        severity=severity,
        message=printable(secrets.mask_message(source, hit.line, hit.message)),
        hint=printable(secrets.mask_message(source, hit.line, hit.hint or rule.hint)),
        text=printable(text[:_LONGEST_TEXT]),
        mark=_mark(whole, text, hit),
        chain=tuple(Place(printable(place.file), place.line) for place in source.chain),
    )


def _mark(whole: str, masked: str, hit: Hit) -> tuple[int, int]:
    """Return the columns of a hit in the masked line."""
    if hit.column < 1:
        return 0, 0
    columns: list[int] = []
    for column in (hit.column, max(hit.end, hit.column + 1)):
        before, behind = whole[: column - 1], whole[column - 1 :]
        if masked.startswith(before):
            columns.append(column)
        elif masked.endswith(behind):
            columns.append(len(masked) - len(behind) + 1)
    if len(columns) < 2 or not 0 < columns[0] < columns[1]:
        return 0, 0
    return columns[0], columns[1]


def _silencing(finding: Finding, hit: Hit, ignores: list[Ignore]) -> list[Ignore]:
    return [i for i in ignores if i.source is hit.source and i.covers(hit.line, finding.code, finding.name)]


def _about_ignores(
    ignores: list[Ignore], used: set[tuple[Ignore, str]], asked: list[Rule]
) -> Iterator[tuple[Rule, Hit]]:
    for ignore in ignores:
        if not ignore.reason:
            yield find_rule("KB901"), _at(ignore, "this comment gives no reason")
        for code in ignore.codes:
            rule = next((rule for rule in RULES if code in {rule.code, rule.name}), None)
            if rule is None:
                yield find_rule("KB903"), _at(ignore, f"there is no rule {code}")
            elif (ignore, code) not in used and rule in asked:
                message = f"{code} is not found here: this comment silences nothing"
                yield find_rule("KB902"), _at(ignore, message)


def _at(ignore: Ignore, message: str) -> Hit:
    return Hit(ignore.source, ignore.line, message, column=ignore.start + 1, end=ignore.end + 1)
