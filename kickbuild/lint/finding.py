"""A finding: where, what, how bad, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info, 2 for error."""
        return _RANKS[self]

    def reaches(self, threshold: Severity) -> bool:
        """Whether this is at least as bad as ``threshold``."""
        return self.rank >= threshold.rank


_RANKS: Final = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


class LintProfile(StrEnum):
    """What a kickstart is for: it decides how bad each finding is."""

    GENERIC = "generic"
    REBUILD = "rebuild"
    VM_IMAGE = "vm-image"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file; ``line`` counts from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found. No field holds a secret: what is one is masked before.

    ``line`` and ``column`` count from 1; ``line`` is 0 where it is the whole file, ``column`` 0 where it is the whole
    line; ``end`` is the column after the last one. ``chain`` is how the file came in: the places of the ``%include``
    lines, the outermost first.
    """

    file: str
    line: int
    column: int = 0
    end: int = 0
    code: str
    name: str
    severity: Severity
    message: str
    hint: str = ""
    text: str = ""
    """The line as it stands, masked."""
    mark: tuple[int, int] = (0, 0)
    """``column`` and ``end`` in ``text``, which differ where something before them is masked; 0 where none can tell."""
    chain: tuple[Place, ...] = ()

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """The order in which findings are told."""
        return self.file, self.line, self.column, self.code, self.message


def printable(text: str) -> str:
    """Return a text that no terminal takes for a command, and that every encoding can carry."""
    return "".join(char if char.isprintable() or char == "\t" else "�" for char in text)
