"""SARIF 2.1.0, which code hosts show beside the lines and keep from run to run."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from kickbuild import __version__
from kickbuild.lint.finding import Severity
from kickbuild.lint.formats import repository_path
from kickbuild.lint.rules import find_rule

if TYPE_CHECKING:
    from kickbuild.lint.finding import Finding
    from kickbuild.lint.formats import Style
    from kickbuild.lint.report import Report
    from kickbuild.lint.rule import Rule

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - every format has this signature
    """Return the report as a SARIF log of one run."""
    findings = list(report.findings)
    codes = sorted({finding.code for finding in findings})
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "kickbuild",
                "version": __version__,
                "rules": [_rule(find_rule(code), report) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, codes.index(finding.code)) for finding in findings],
    }
    if report.notes:
        notes = [{"level": "note", "message": {"text": note}} for note in report.notes]
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": notes}]
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule, report: Report) -> dict[str, Any]:
    level = rule.levels[report.profile] or Severity.INFO
    described: dict[str, Any] = {
        "id": rule.code,
        "name": "".join(word.title() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "defaultConfiguration": {"level": _LEVELS[level]},
    }
    # Code hosts want a help text of every rule.
    described["help"] = {"text": rule.hint or rule.why}
    return described


def _result(finding: Finding, index: int) -> dict[str, Any]:
    text = finding.message if not finding.hint else f"{finding.message} ({finding.hint})"
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": _location(finding)}],
        "partialFingerprints": {"kickbuild/v1": _fingerprint(finding)},
    }
    if finding.chain:
        result["relatedLocations"] = [
            {
                "physicalLocation": {"artifactLocation": _artifact(place.file), "region": {"startLine": place.line}},
                "message": {"text": "included from here"},
            }
            for place in finding.chain
        ]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": finding.line or 1}
    if finding.line and finding.column:
        region["startColumn"] = finding.column
        if finding.end > finding.column:
            region["endColumn"] = finding.end
    location: dict[str, Any] = {"artifactLocation": _artifact(finding.file), "region": region}
    if finding.line and finding.text:
        # A region's own snippet would have to be the marked piece, and the line is masked.
        location["contextRegion"] = {"startLine": finding.line, "snippet": {"text": finding.text}}
    return location


def _artifact(file: str) -> dict[str, str]:
    name = "stdin" if file == "-" else repository_path(file)
    uri = quote(name, safe="/", errors="surrogateescape")
    return {"uri": f"file://{uri}" if name.startswith("/") else uri}


def _fingerprint(finding: Finding) -> str:
    text = " ".join(finding.text.split()) or finding.message
    name = f"{finding.file}\0{finding.code}\0{text}"
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:32]
