"""One line for each finding, as compilers write them: editors jump to the place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import Severity

if TYPE_CHECKING:
    from kickbuild.lint.formats import Style
    from kickbuild.lint.report import Report

_WORDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - every format has this signature
    """Return the report as lines ``file:line:column: severity: message [code]``."""
    return "".join(
        f"{finding.file}:{finding.line or 1}:{finding.column or 1}: {_WORDS[finding.severity]}: "
        f"{finding.message} [{finding.code}]\n"
        for finding in report.findings
    )
