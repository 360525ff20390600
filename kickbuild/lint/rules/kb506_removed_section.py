"""KB506 removed-section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.grammar import Kind
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


#: Sections that the installer knew once.
_REMOVED: Final = frozenset({"%anaconda"})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for problem in kickstart.grammar:
        if problem.kind is Kind.UNKNOWN_SECTION and problem.name in _REMOVED:
            yield problem.hit(f"{kickstart.release.title} has no section {problem.name} any more")


RULE = Rule(
    code="KB506",
    name="removed-section",
    summary="A section is one of older releases, and this one's installer does not know it.",
    why=(
        "The installer stops at the line before it does anything, on a console that nobody looks at. ksvalidator "
        "accepts the section for every release."
    ),
    hint="remove the section: what it said of passwords is said by nothing any more",
    levels=levels("E"),
    bad=(
        Example(text="lang en_US.UTF-8\n»%anaconda\npwpolicy root --minlen=6\n%end\n", release="rhel10"),
        Example(text="»%anaconda\n%end\n", release="f43"),
    ),
    good=(Example(text="%anaconda\npwpolicy root --minlen=6\n%end\n"),),
    check=_check,
    since=9,
)
