"""GitLab's code quality report."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from kickbuild.lint.finding import Severity
from kickbuild.lint.formats import repository_path

if TYPE_CHECKING:
    from kickbuild.lint.finding import Finding
    from kickbuild.lint.formats import Style
    from kickbuild.lint.report import Report

_LEVELS: Final = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - every format has this signature
    """Return the report as a list of issues, each with a fingerprint of its own."""
    seen: Counter[str] = Counter()
    return json.dumps([_issue(finding, seen) for finding in report.findings], indent=2, ensure_ascii=False) + "\n"


def _issue(finding: Finding, seen: Counter[str]) -> dict[str, Any]:
    path = repository_path(finding.file)
    text = " ".join(finding.text.split()) or finding.message
    key = f"{path}\0{finding.code}\0{text}"
    seen[key] += 1
    fingerprint = hashlib.sha256(f"{key}\0{seen[key]}".encode("utf-8", "surrogateescape")).hexdigest()
    return {
        "description": f"{finding.message} ({finding.name})",
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": _LEVELS[finding.severity],
        "location": {"path": path, "lines": {"begin": finding.line or 1}},
    }
