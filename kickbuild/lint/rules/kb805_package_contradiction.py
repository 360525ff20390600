"""KB805 package-contradiction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.layout import branching_sources
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart, PackageLine


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    last: dict[tuple[int, str, str], PackageLine] = {}
    branching = branching_sources(kickstart)
    for line in kickstart.packages:
        if id(line.source) in branching or is_variable(line.text) or not line.name:
            continue
        # Of two files one may be meant to overrule the other.
        key = (id(line.source), line.kind, line.name)
        before = last.get(key)
        if before is not None and before.is_excluded != line.is_excluded:
            yield line.hit(f"line {before.line} says the opposite, {before.text}; this one counts")
        last[key] = line


RULE = Rule(
    code="KB805",
    name="package-contradiction",
    summary="A package or group is both asked for and excluded.",
    why="The later line counts, so that the earlier one, which somebody relied on, does nothing.",
    hint="remove one of the two lines",
    levels=levels("W"),
    bad=(
        Example(text="%packages\nvim\n@core\n»-vim\n%end\n"),
        Example(text="%packages\n-vim\n%end\n%packages\n»vim\n%end\n"),
        Example(text="%packages\n@fonts\n»-@fonts\n%end\n"),
    ),
    good=(
        Example(text="%packages\nvim\nvim\n-vim-*\n@vim\n%end\n"),
        Example(text="%include base.ks\n%packages\n-vim\n%end\n", files={"base.ks": "%packages\nvim\n%end\n"}),
        Example(text="%packages\n{% if small %}\n-vim\n{% else %}\nvim\n{% endif %}\n%end\n"),
    ),
    check=_check,
)
