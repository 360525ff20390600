"""What works where: every fact of the table as a row, a cell for each family, and the source of each.

Sources are cited as ``branch:path:line`` of rhinstaller/anaconda unless another repository is named. Where a family
has no citation of its own, the installer does what its older relative does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kickbuild.releases.table import RELEASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from kickbuild.releases.model import Capabilities, Release

FAMILIES: Final = tuple(dict.fromkeys(release.can.family for release in RELEASES))

ANSWER: Final = (
    "UUID and LABEL both work, in ks=hd: (inst.ks=hd:) and in harddrive --partition=, from RHEL 6.0 on and in every "
    "relative of it. In the boot loader they work from GRUB 2 on, which is RHEL 7. RHEL 5 knows neither, so kickbuild "
    "refuses it: {refusal}."
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One row: ``cell`` says it in a word; ``cites`` gives its source from a family on (``RHEL 6``, ``Fedora``)."""

    group: str
    label: str
    fields: tuple[str, ...]
    cell: Callable[[Capabilities], str]
    cites: dict[str, str] = field(default_factory=dict)
    in_matrix: bool = True

    def source(self, can: Capabilities) -> str:
        """Return where the fact was read for a release."""
        if can.family in self.cites:
            return self.cites[can.family]
        for family in reversed(FAMILIES[: FAMILIES.index(can.family)]):
            if family in self.cites:
                return f"as {family}: {self.cites[family]}"
        return can.source


def answer() -> str:
    """Return the answer to the question whether UUID and LABEL work, with the reason why RHEL 5 is refused."""
    refusal = next(release.can.refusal for release in RELEASES if not release.can.source_by_identity)
    return ANSWER.format(refusal=refusal)


def cell(fact: Fact, family: str) -> tuple[str, str]:
    """Return a fact's word for a family, and where its versions differ a sentence about that.

    The word is that of the newest version; ``8.3+`` where the family learned something on its way.
    """
    steps = steps_of(fact, family)
    if len(steps) == 1:
        return steps[0][1], ""
    since, newest = steps[-1]
    if len(steps) == 2 and (steps[0][1], newest) == ("no", "yes"):
        return f"{since}+", ""
    said = ", ".join(f"{word} from {version}" for version, word in steps)
    return f"{newest}*", f"{family}: {said}"


def steps_of(fact: Fact, family: str) -> list[tuple[str, str]]:
    """Return from which version on a fact has which word, oldest first; one step where nothing ever changed."""
    steps: list[tuple[str, str]] = []
    for release in members(family):
        word = fact.cell(release.can)
        if not steps or steps[-1][1] != word:
            steps.append((_version(release), word))
    return steps


def members(family: str) -> list[Release]:
    """Return the releases of a family by version, each version once, the family's namesake first."""
    found: dict[tuple[int, int], Release] = {}
    for release in RELEASES:
        if release.can.family == family:
            found.setdefault(release.since, release)
    return [found[since] for since in sorted(found)]


def _version(release: Release) -> str:
    major, minor = release.since
    return f"{major}.{minor}" if release.distribution != "fedora" else str(major)
