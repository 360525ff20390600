"""Comments that silence findings: ``# kickbuild: ignore=KB101 -- reason`` and ``ignore-file=``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.source import Source

_COMMENT: Final = re.compile(
    r"#\s*kickbuild:\s*(?P<form>ignore(?:-file)?)\s*=\s*(?P<codes>[\w-]+(?:\s*,\s*[\w-]+)*)(?:\s+--\s*(?P<reason>.*\S))?"
)


@dataclass(frozen=True, slots=True)
class Ignore:
    """One such comment: the line it stands on, the lines it speaks for (None for the whole file), what it silences."""

    source: Source
    line: int
    start: int
    end: int
    lines: frozenset[int] | None
    codes: tuple[str, ...]
    reason: str

    def covers(self, line: int, code: str, name: str) -> bool:
        """Return whether a finding of that rule on that line is silenced."""
        return (code in self.codes or name in self.codes) and (self.lines is None or line in self.lines)


def find_ignores(source: Source) -> Iterator[Ignore]:
    """Yield the ignore comments of a file.

    One behind a command speaks for that line; one on a line of its own speaks for the next line that is no comment.
    """
    lines = source.document.lines
    for line in lines:
        if "kickbuild:" not in line.text:
            continue
        match = _COMMENT.search(line.text)
        if match is None:
            continue
        covered: frozenset[int] | None = frozenset({line.number})
        if match["form"] == "ignore-file":
            covered = None
        elif line.text.lstrip().startswith("#"):
            following = next((n.number for n in lines[line.number :] if not n.text.lstrip().startswith("#")), 0)
            covered = frozenset({line.number, following})
        codes = tuple(code.strip() for code in match["codes"].split(","))
        yield Ignore(source, line.number, match.start(), match.end(), covered, codes, match["reason"] or "")
