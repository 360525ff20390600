"""A rule: its permanent code and name, what it says, how bad that is for whom, and the kickstarts that prove it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import LintProfile, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart

#: What stands before a line of an example on which the rule must fire.
MARK: Final = "»"
_LETTERS: Final = {"E": Severity.ERROR, "W": Severity.WARNING, "I": Severity.INFO, "-": None}
_STRICTER: Final = {Severity.INFO: Severity.WARNING, Severity.WARNING: Severity.ERROR, Severity.ERROR: Severity.ERROR}

Levels = dict[LintProfile, Severity | None]
Check = Callable[["Kickstart"], "Iterator[Hit]"]


def levels(generic: str, rebuild: str = "", *, vm: str = "", strict: str = "") -> Levels:
    """Return a severity for each profile from letters: E error, W warning, I info, - off.

    Where nothing is given, ``rebuild`` and ``vm`` are as ``generic``, and ``strict`` is one step above the worse of
    ``generic`` and ``rebuild``.
    """
    plain, own = _LETTERS[generic], _LETTERS[rebuild or generic]
    worse = max((level for level in (plain, own) if level is not None), key=lambda level: level.rank, default=None)
    return {
        LintProfile.GENERIC: plain,
        LintProfile.REBUILD: own,
        LintProfile.VM_IMAGE: _LETTERS[vm] if vm else plain,
        LintProfile.STRICT: _LETTERS[strict] if strict else _STRICTER[worse] if worse else None,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A kickstart on which a rule fires on each marked line and on no other; one without a mark keeps it quiet.

    A first line that is the mark alone means that the rule fires on the file as a whole. ``files`` are what it
    includes, by name.
    """

    text: str
    release: str = "rhel9"
    profile: LintProfile | None = None
    """None for the first profile in which the rule is on."""
    firmware: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. ``since`` and ``until`` are the RHEL releases (a Fedora counts as the one of its age) it is about."""

    code: str
    name: str
    summary: str
    """One sentence: what is wrong."""
    why: str
    """What happens to somebody who leaves it so; the documentation prints it."""
    levels: Levels
    bad: tuple[Example, ...]
    good: tuple[Example, ...]
    check: Check | None = None
    """None where the engine finds it: faults of the file itself, and of its ignore comments."""
    hint: str = ""
    """The way out, where a hit brings none of its own."""
    since: int = 5
    until: int = 99
    fixable: bool = False
    """Some of its hits bring a fix."""
    alone: bool = False
    """What it fires on is no kickstart, or none yet: only the rules that say so are asked about that file."""
    of_text: bool = False
    """It looks at the text alone, so that it speaks of a template that nobody has rendered too."""
