"""``kickbuild validate --release all``: which line breaks in which release, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kickbuild.lint.migration import releases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kickbuild.lint.migration import MigrationRow

_TEXT_WIDTH = 34


def migration_lines(files: Mapping[str, Sequence[MigrationRow]]) -> Iterator[str]:
    """Yield the table of each file, and below it the reasons."""
    names = [f"RHEL {release.number}" for release in releases()]
    for file, rows in files.items():
        if not rows:
            yield f"{file}: every release from {names[0]} to {names[-1]} takes every line"
            continue
        yield file
        yield f"{'':>6} {'':<{_TEXT_WIDTH}} " + " ".join(f"{name:<7}" for name in names).rstrip()
        for row in rows:
            text = row.text.strip()
            shown = text if len(text) <= _TEXT_WIDTH else f"{text[: _TEXT_WIDTH - 1]}…"
            line = str(row.line or "")
            yield f"{line:>6} {shown:<{_TEXT_WIDTH}} " + " ".join(f"{mark:<7}" for mark in row.marks).rstrip()
        yield ""
        for row in rows:
            for message in dict.fromkeys(finding.message for finding in row.verdicts if finding):
                yield f"{row.line or '':>6} {message}"
        yield ""
    yield "ok: it works; old: it works or does nothing, and a later release stops at it; ERROR: the installer stops"


def migration_json(files: Mapping[str, Sequence[MigrationRow]]) -> dict[str, Any]:
    """Return the table as JSON."""
    ids = [release.id for release in releases()]
    return {
        "releases": ids,
        "files": [
            {
                "file": file,
                "lines": [
                    {
                        "file": row.file,
                        "line": row.line,
                        "text": row.text,
                        "verdicts": {
                            name: {
                                "mark": mark,
                                "code": finding and finding.code,
                                "message": finding and finding.message,
                            }
                            for name, mark, finding in zip(ids, row.marks, row.verdicts, strict=True)
                        },
                    }
                    for row in rows
                ],
            }
            for file, rows in files.items()
        ],
    }
