"""Running the rules over a kickstart: which of them, how bad, what is silenced. A rule that fails is never a pass."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from kickbuild.errors import KickbuildError
from kickbuild.lint.finding import Finding, LintProfile, Severity
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
    running = [rule for rule in RULES if _is_on(rule, kickstart, settings)]
    for rule in running:
        for hit in _hits(rule, kickstart):
            severity = _severity(rule, hit, settings)
            finding = _finding(rule, hit, severity, secrets)
            silencing = _silencing(finding, hit, ignores)
            if silencing:
                used |= {
                    (ignore, code) for ignore in silencing for code in ignore.codes if code in {rule.code, rule.name}
                }
                ignored.append(finding)
            else:
                hits[finding] = hit
    for rule, hit in _about_ignores(ignores, used):
        if _is_on(rule, kickstart, settings):
            hits[_finding(rule, hit, _severity(rule, hit, settings), secrets)] = hit
    findings = sorted(hits, key=lambda finding: finding.order)
    return Found(
        file=kickstart.source.name,
        release=kickstart.release,
        findings=tuple(findings),
        hits=hits,
        ignored=tuple(ignored),
        rules=len(running),
    )


def _is_on(rule: Rule, kickstart: Kickstart, settings: Settings) -> bool:
    level = settings.severities.get(rule.code, rule.levels[settings.profile])
    if kickstart.is_template and not rule.of_text:
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
    text = secrets.mask_line(source, hit.line, source.line_text(hit.line))
    is_exact = text == source.line_text(hit.line) and not source.map
    return Finding(
        file=source.name,
        line=line,
        column=hit.column if is_exact or not source.map else 0,
        end=hit.end if is_exact or not source.map else 0,
        code=rule.code,
        name=rule.name,
        severity=severity,
        message=_printable(secrets.mask_message(source, hit.line, hit.message)),
        hint=_printable(secrets.mask_message(source, hit.line, hit.hint or rule.hint)),
        text=_printable(text[:_LONGEST_TEXT]),
        chain=source.chain,
    )


def _printable(text: str) -> str:
    """Return a text that no terminal takes for a command, and that every encoding can carry."""
    return "".join(char if char.isprintable() or char == "\t" else "�" for char in text)


def _silencing(finding: Finding, hit: Hit, ignores: list[Ignore]) -> list[Ignore]:
    return [i for i in ignores if i.source is hit.source and i.covers(hit.line, finding.code, finding.name)]


def _about_ignores(ignores: list[Ignore], used: set[tuple[Ignore, str]]) -> Iterator[tuple[Rule, Hit]]:
    for ignore in ignores:
        if not ignore.reason:
            yield find_rule("KB901"), _at(ignore, "this comment gives no reason")
        for code in ignore.codes:
            rule = next((rule for rule in RULES if code in {rule.code, rule.name}), None)
            if rule is None:
                yield find_rule("KB903"), _at(ignore, f"there is no rule {code}")
            elif (ignore, code) not in used:
                message = f"{code} is not found here: this comment silences nothing"
                yield find_rule("KB902"), _at(ignore, message)


def _at(ignore: Ignore, message: str) -> Hit:
    return Hit(ignore.source, ignore.line, message, column=ignore.start + 1, end=ignore.end + 1)
