"""Annotations of GitHub's workflow commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import Severity

if TYPE_CHECKING:
    from kickbuild.lint.finding import Finding
    from kickbuild.lint.formats import Style
    from kickbuild.lint.report import Report

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - every format has this signature
    """Return one workflow command for each finding."""
    return "".join(f"{_command(finding)}\n" for finding in report.findings)


def _command(finding: Finding) -> str:
    properties = {"file": finding.file, "line": str(finding.line or 1)}
    if finding.line and finding.column:
        properties["col"] = str(finding.column)
        if finding.end > finding.column:
            properties["endColumn"] = str(finding.end)
    properties["title"] = f"{finding.code} {finding.name}"
    settings = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    text = finding.message if not finding.hint else f"{finding.message}\nhint: {finding.hint}"
    return f"::{_COMMANDS[finding.severity]} {settings}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
