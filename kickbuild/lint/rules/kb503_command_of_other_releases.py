"""KB503 command-of-other-releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.grammar import Kind
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart

_INSTEAD = {
    "auth": "use authselect",
    "authconfig": "use authselect",
    "install": "remove the line: it says nothing any more",
    "key": "remove the line",
    "method": "write the source as a command: url, nfs, cdrom or harddrive",
    "upgrade": "an upgrade is no longer made by the installer",
    "unsupported_hardware": "remove the line",
}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for problem in kickstart.grammar:
        if problem.kind is Kind.OTHER_RELEASES_COMMAND:
            name = problem.name
            yield problem.hit(f"{kickstart.release.title} has no command {name}", hint=_INSTEAD.get(name, ""))


RULE = Rule(
    code="KB503",
    name="command-of-other-releases",
    summary="A command is one of older or newer releases, and this one's installer does not know it.",
    why="The installer stops at the line before it does anything, on a console that nobody looks at.",
    levels=levels("E"),
    bad=(
        Example(text="»install\nlang en_US.UTF-8\n"),
        Example(text="»authselect select sssd\n", release="rhel7"),
    ),
    good=(Example(text="install\nlang en_US.UTF-8\n", release="rhel7"),),
    check=_check,
)
