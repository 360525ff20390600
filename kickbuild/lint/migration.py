"""Which line of a kickstart breaks in which release: what a move to a newer one will cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.lint.engine import Settings, check
from kickbuild.lint.finding import Severity
from kickbuild.lint.release import NEWEST, LintRelease, choose_release

if TYPE_CHECKING:
    from kickbuild.lint.finding import Finding
    from kickbuild.lint.source import Source

#: Rules whose answer depends on the release: what its grammar, its sections and its packages are.
_ABOUT_RELEASES: Final = ("KB50", "KB602", "KB604", "KB613", "KB802")
_OLDEST: Final = 6


@dataclass(frozen=True, slots=True)
class MigrationRow:
    """One line that is not the same to all releases. ``verdicts`` has a finding or None for each release, in order."""

    file: str
    line: int
    text: str
    verdicts: tuple[Finding | None, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """``ok``, ``old`` (deprecated, or it does nothing) or ``ERROR`` for each release."""
        return tuple(_mark(finding) for finding in self.verdicts)


def _mark(finding: Finding | None) -> str:
    if finding is None:
        return "ok"
    return "ERROR" if finding.severity is Severity.ERROR else "old"


def releases() -> tuple[LintRelease, ...]:
    """Return the releases of the table, from the oldest."""
    return tuple(choose_release(f"rhel{number}", "--release all") for number in range(_OLDEST, NEWEST + 1))


def migration_rows(source: Source, settings: Settings) -> tuple[MigrationRow, ...]:
    """Return the lines that some release from 6 on minds, in the order of the file."""
    from dataclasses import replace

    columns: list[dict[tuple[str, int], Finding]] = []
    texts: dict[tuple[str, int], str] = {}
    for release in releases():
        found = check(source, replace(settings, release=release, shellcheck=False))
        column: dict[tuple[str, int], Finding] = {}
        for finding in found.findings:
            if finding.code.startswith(_ABOUT_RELEASES):
                place = finding.file, finding.line
                known = column.get(place)
                if known is None or finding.severity.rank > known.severity.rank:
                    column[place] = finding
                texts[place] = finding.text
        columns.append(column)
    places = sorted(texts)
    return tuple(
        MigrationRow(place[0], place[1], texts[place], tuple(column.get(place) for column in columns))
        for place in places
    )
