"""KB304 waits-on-error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.required import is_whole
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    # Two of them: which one counts is what KB310 is about.
    line = kickstart.last("cmdline", "text", "graphical")
    level = kickstart.release.level
    hint = "write `cmdline`" + (" or `text --non-interactive`" if level >= 8 else "")
    if line is None:
        if is_whole(kickstart):
            yield kickstart.hit("no display mode is set: the installer is graphical, and waits at an error", hint=hint)
    elif line.name == "cmdline" or line.has("--non-interactive"):
        return
    elif line.name == "graphical":
        yield line.hit("in graphical mode the installer waits at an error", hint=hint)
    elif kickstart.profile is LintProfile.STRICT:
        # Most kickstarts have it, and it waits for nothing that other rules do not miss.
        yield line.hit(
            "in text mode the installer waits where it misses something", hint=hint, severity=Severity.WARNING
        )


RULE = Rule(
    code="KB304",
    name="waits-on-error",
    summary="At an error, or a question, the installer waits for a person.",
    why=(
        "In cmdline mode the installation ends with the error, and the machine boots what it boots next. In the "
        "other modes it stays where it is until somebody comes to its console."
    ),
    levels=levels("I", "W", vm="-"),
    bad=(
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\n»graphical\n"),
        Example(text="»\nlang en_US.UTF-8\nrootpw --lock\nautopart\n"),
        Example(text="lang en_US.UTF-8\n»text\nrootpw --lock\nautopart\n", profile=LintProfile.STRICT),
    ),
    good=(
        Example(text="lang en_US.UTF-8\ncmdline\nrootpw --lock\nautopart\n", profile=LintProfile.STRICT),
        Example(text="lang en_US.UTF-8\ntext --non-interactive\nrootpw --lock\n", profile=LintProfile.STRICT),
        Example(text="lang en_US.UTF-8\ntext\nrootpw --lock\nautopart\n", profile=LintProfile.REBUILD),
        Example(text="lang en_US.UTF-8\n%include /tmp/more.ks\nrootpw --lock\nautopart\n"),
    ),
    check=_check,
)
