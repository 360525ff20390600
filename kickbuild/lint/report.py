"""What a run found, as the output formats take it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.finding import Finding, LintProfile, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """One file: the release it was checked for and why, its findings and those of what it includes."""

    file: str
    release: str
    """The release's name, ``rhel9``."""
    title: str
    why: str
    findings: tuple[Finding, ...]
    rules: int = 0
    """How many rules looked at it."""
    ignored: int = 0
    """Findings that a comment or the configuration silences."""
    baselined: int = 0
    """Findings that the baseline holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run. ``notes`` say what was not checked, and why."""

    files: tuple[FileReport, ...]
    profile: LintProfile
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> Iterator[Finding]:
        """Every finding, file by file."""
        return (finding for file in self.files for finding in file.findings)

    def count(self) -> Counter[Severity]:
        """Return how many findings there are of each severity."""
        return Counter(finding.severity for finding in self.findings)

    def fails(self, threshold: Severity) -> bool:
        """Return whether a finding is at least as bad as ``threshold``."""
        return any(finding.severity.reaches(threshold) for finding in self.findings)
