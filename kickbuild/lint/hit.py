"""What a rule yields: a place and a message. The engine makes a finding of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kickbuild.lint.finding import Severity
    from kickbuild.lint.source import Source


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of text: what stands between two offsets of ``Source.text`` becomes ``new``."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that a rule found; ``line`` 0 is the whole file, ``column`` 0 the whole line.

    ``severity`` is set where this hit is worse, or less bad, than what its rule says of itself. ``fix`` makes it go
    away without changing what the kickstart means.
    """

    source: Source
    line: int
    message: str
    column: int = 0
    end: int = 0
    hint: str = ""
    severity: Severity | None = None
    fix: tuple[Edit, ...] = ()

    def with_fix(self, edits: tuple[Edit, ...]) -> Hit:
        """Return this hit with a fix."""
        return replace(self, fix=edits)
