"""Mending what can be mended without a decision: every other byte of the file stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.lint.edits import applied_bytes
from kickbuild.lint.engine import check
from kickbuild.lint.source import make_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kickbuild.lint.engine import Settings
    from kickbuild.lint.source import Source

#: A fix can bring another finding into sight; more rounds than this would be a circle.
_ROUNDS: Final = 10


@dataclass(frozen=True, slots=True)
class Fixed:
    """The bytes of a file with everything mended, and how many findings of each rule that took away."""

    data: bytes
    mended: Mapping[str, int]


def fix_source(source: Source, settings: Settings) -> Fixed:
    """Return what the file becomes; the same bytes where there is nothing to mend or where it was too large to read."""
    mended: dict[str, int] = {}
    if source.excess or source.map:
        return Fixed(source.bytes, {})
    for _ in range(_ROUNDS):
        found = check(source, settings)
        fixable = [(f, hit.fix) for f, hit in found.hits.items() if hit.fix and hit.source is source]
        data = applied_bytes(source, (edit for _, edits in fixable for edit in edits))
        if data == source.bytes:
            break
        for finding, _ in fixable:
            mended[finding.code] = mended.get(finding.code, 0) + 1
        source = make_source(source.name, data)
    return Fixed(source.bytes, mended)
