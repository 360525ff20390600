"""KB614 shellcheck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.hit import Hit
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shellcheck import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not kickstart.shellcheck:
        return
    for advice in ask(kickstart.scripts):
        yield Hit(
            advice.section.source,
            advice.line,
            f"SC{advice.code}: {advice.message}" if advice.code else advice.message,
            column=advice.column if advice.end else 0,
            end=advice.end,
            severity=Severity.WARNING if advice.is_error else None,
        )


RULE = Rule(
    code="KB614",
    name="shellcheck",
    summary="shellcheck has found something in a script.",
    why="It knows how scripts fail; https://www.shellcheck.net/wiki/ has a page for each of its codes.",
    hint="a line `# shellcheck disable=SC…` before the command in the script silences it",
    levels=levels("I", strict="W"),
    bad=(Example(text="%post\nmake x\n»make y 2>&1 >/root/y.log\n%end\n"),),
    good=(
        Example(text="%post\necho hello\n%end\n"),
        Example(text="%pre --interpreter=/usr/bin/python3\nprint('x'\n%end\n"),
    ),
    check=_check,
)
