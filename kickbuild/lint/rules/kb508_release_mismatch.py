"""KB508 release-mismatch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.hit import Hit
from kickbuild.lint.release import stated_release
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    stated = stated_release(kickstart.source.document)
    if stated is not None and stated.release.level != kickstart.release.level:
        message = f"the file says it is for {stated.release.title}, and it is checked for {kickstart.release.title}"
        yield Hit(kickstart.source, stated.line, message)


RULE = Rule(
    code="KB508",
    name="release-mismatch",
    summary="The file's own #version= names another release than the one that it is checked for.",
    why="A kickstart that was copied from another release stops the installer, or lacks what that one did unasked.",
    hint="set --release, or mend the comment when the kickstart has been brought up to date",
    levels=levels("W"),
    bad=(
        Example(text="»#version=RHEL7\nlang en_US.UTF-8\n"),
        Example(text="# ours\n»#version=F20\nlang en_US.UTF-8\n", release="f43"),
    ),
    good=(
        Example(text="#version=RHEL9\nlang en_US.UTF-8\n"),
        Example(text="#version=DEVEL\nlang en_US.UTF-8\n"),
        Example(text="#version=RHEL9\nlang en_US.UTF-8\n", release="rocky9.4"),
    ),
    check=_check,
)
