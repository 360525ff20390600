"""KB709 include-unresolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.kickstart import Resolution
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Inclusion, Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for inclusion in kickstart.inclusions:
        message = _message(inclusion)
        if message:
            words = inclusion.statement.words
            yield inclusion.statement.hit(message, words[1] if len(words) > 1 else None)


def _message(inclusion: Inclusion) -> str:
    if inclusion.resolution is Resolution.LOOP:
        return f"{inclusion.path} includes itself, by way of other files or at once"
    if inclusion.resolution is Resolution.TOO_DEEP:
        return f"{inclusion.path} is included too deep, or too many files are: it was not read"
    if inclusion.resolution is not Resolution.MISSING:
        return ""
    if not inclusion.path:
        return f"{inclusion.statement.name or '%include'} names no file"
    if is_variable(inclusion.path) or inclusion.is_of_the_run:
        return ""  # another rule looks at those
    if inclusion.reason:
        return f"{inclusion.reason}: what it says was not checked"
    return f"{inclusion.path} was not found: what it says was not checked"


RULE = Rule(
    code="KB709",
    name="include-unresolved",
    summary="An included file is not there, or includes itself.",
    why="The installer stops at the line unless the file is where it looks; and nobody has checked what is in it.",
    hint="check the kickstart where the file is, or name it in the configuration's known includes",
    levels=levels("W", "E"),
    bad=(
        Example(text="»%include base.ks\nlang en_US.UTF-8\n"),
        Example(text="»%include\n"),
        Example(text="%packages\n»%include packages.ks\n%end\n"),
        Example(text="»%include example.ks\n"),
    ),
    good=(
        Example(text="%include base.ks\n", files={"base.ks": "lang en_US.UTF-8\n"}),
        Example(text="%include /tmp/disks.ks\n%include https://example.org/base.ks\n"),
        Example(text="%include ${base}\n"),
    ),
    check=_check,
)
