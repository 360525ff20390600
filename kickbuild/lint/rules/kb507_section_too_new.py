"""KB507 section-too-new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.grammar import Kind
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


#: Section -> since when there is one.
_SINCE: Final = {
    "%pre-install": "RHEL 7",
    "%onerror": "RHEL 7.4",
    "%addon": "RHEL 7",
    "%anaconda": "RHEL 7",
    "%certificate": "RHEL 9",
}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for problem in kickstart.grammar:
        name = problem.name
        if problem.kind is Kind.UNKNOWN_SECTION and name in _SINCE and not (name == "%anaconda" and _is_new(kickstart)):
            yield problem.hit(f"{kickstart.release.title} has no section {name}: {_SINCE[name]} brought it")


def _is_new(kickstart: Kickstart) -> bool:
    return kickstart.release.level >= 9


RULE = Rule(
    code="KB507",
    name="section-too-new",
    summary="A section is one of newer releases, and this one's installer does not know it.",
    why=(
        "The installer stops at the line before it does anything, on a console that nobody looks at. ksvalidator "
        "accepts the section for every release."
    ),
    levels=levels("E"),
    bad=(
        Example(text="»%pre-install\necho hello\n%end\n", release="rhel6"),
        Example(text="»%addon com_redhat_kdump --enable\n%end\n", release="rhel6"),
        Example(text="»%certificate --filename=ca.pem --dir=/etc/pki\nx\n%end\n", release="rhel8"),
    ),
    good=(
        Example(text="%pre-install\necho hello\n%end\n%onerror\necho\n%end\n", release="rhel7"),
        Example(text="%addon com_redhat_kdump --enable\n%end\n", release="rhel8"),
    ),
    check=_check,
    until=9,
)
