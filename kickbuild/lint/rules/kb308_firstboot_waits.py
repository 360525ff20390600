"""KB308 firstboot-waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.edits import replace_option
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("firstboot"):
        option = next((line.option(name) for name in ("--reconfig", "--enable", "--enabled") if line.has(name)), None)
        if option is None:
            continue
        hit = line.hit(f"firstboot {option.name} has the new system ask questions when it first starts", option)
        # Who wrote --reconfig wants to be asked: there the line is not changed.
        is_safe = option.name != "--reconfig" and line.generated is None and len(line.options) == 1
        yield hit.with_fix(replace_option(line, option, "--disable")) if is_safe else hit


RULE = Rule(
    code="KB308",
    name="firstboot-waits",
    summary="firstboot is switched on: the new system asks questions when it first starts.",
    why="Where initial-setup is installed, the machine waits at its console before it lets anybody log in.",
    hint="write firstboot --disable",
    levels=levels("I", "W", vm="-"),
    bad=(
        Example(text="»firstboot --enable\n"),
        Example(text="»firstboot --reconfig   # a setup for the owner\n"),
        Example(text="lang en_US.UTF-8\r\n»firstboot --enabled # as it was\r\n"),
    ),
    good=(
        Example(text="firstboot --disable\n"),
        Example(text="firstboot --disabled\n"),
        Example(text="lang en_US.UTF-8\n"),
        Example(text="{{ firstboot }} --enable\n"),
    ),
    check=_check,
    fixable=True,
)
