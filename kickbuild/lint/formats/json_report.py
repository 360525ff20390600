"""One JSON object: ``findings``, ``files`` with the release of each and why, and what was not checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kickbuild import __version__

if TYPE_CHECKING:
    from kickbuild.lint.finding import Finding
    from kickbuild.lint.formats import Style
    from kickbuild.lint.report import Report


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - every format has this signature
    """Return the report as JSON, keys in a fixed order."""
    document = {
        "version": 1,
        "kickbuild": __version__,
        "profile": str(report.profile),
        "findings": [_finding(finding) for finding in report.findings],
        "files": [
            {
                "file": file.file,
                "release": file.release,
                "release_title": file.title,
                "release_why": file.why,
                "rules": file.rules,
                "findings": len(file.findings),
                "ignored": file.ignored,
                "baselined": file.baselined,
            }
            for file in report.files
        ],
        "summary": {f"{severity}s": count for severity, count in sorted(report.count().items())},
        "notes": list(report.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "end_column": finding.end,
        "code": finding.code,
        "name": finding.name,
        "severity": str(finding.severity),
        "message": finding.message,
        "hint": finding.hint,
        "text": finding.text,
        "included_from": [{"file": place.file, "line": place.line} for place in finding.chain],
    }
