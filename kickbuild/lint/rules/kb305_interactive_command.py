"""KB305 interactive-command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart

#: Command -> what it makes of an unattended installation.
_WAITING: Final = {
    "autostep": "is for debugging the installer: it walks through every screen",
    "interactive": "shows every answer of the kickstart and waits for somebody to confirm it",
    "rescue": "starts a rescue shell instead of the installation",
}
_REMOTE: Final = ("vnc", "rdp")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all(*_WAITING):
        yield line.hit(f"{line.name} {_WAITING[line.name]}", hint="remove the line")
    if kickstart.release.level <= 5:
        # loader2/method.c:350-447 asks for each ISO; from RHEL 6 on nothing is asked.
        for line in kickstart.all("mediacheck"):
            yield line.hit("mediacheck asks whether to test each medium", hint="remove the line")
    for line in kickstart.all("ignoredisk"):
        if line.has("--interactive"):
            yield line.hit("ignoredisk --interactive asks which disks to use", "--interactive", hint="name the disks")
    severity = None if kickstart.profile is LintProfile.STRICT else _of_remote(kickstart.profile)
    for line in kickstart.all(*_REMOTE):
        yield line.hit(
            f"{line.name} opens the graphical installer to the network; it waits there for a person at any error",
            hint="remove the line where nobody will look",
            severity=severity,
        )


def _of_remote(profile: LintProfile) -> Severity:
    # The installation goes on by itself as long as nothing is missing.
    return Severity.WARNING if profile is LintProfile.REBUILD else Severity.INFO


RULE = Rule(
    code="KB305",
    name="interactive-command",
    summary="A command makes the installation one that somebody has to sit at.",
    why="The machine waits for answers that nobody gives.",
    levels=levels("W", "E"),
    bad=(
        Example(text="»interactive\n", release="rhel6"),
        Example(text="»autostep\n", release="rhel7"),
        Example(text="»rescue --nomount\n"),
        Example(text="»mediacheck\n", release="rhel5"),
        Example(text="»ignoredisk --interactive\n", release="rhel7"),
        Example(text="»vnc --password=abcdef\n"),
        Example(text="»rdp --username=x --password=abcdef\n", release="rhel10"),
    ),
    good=(
        Example(text="mediacheck\n", release="rhel7"),
        Example(text="ignoredisk --only-use=disk/by-id/wwn-1\n"),
        Example(text="%post\nrescue\nvnc\n%end\n"),
    ),
    check=_check,
)
