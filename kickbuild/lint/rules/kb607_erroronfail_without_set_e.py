"""KB607 erroronfail-without-set-e."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.script_errors import stops_at_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.scripts:
        if not section.is_shell or not section.header.has("--erroronfail"):
            continue
        steps = [command for command in section.commands if command.words and not command.depth]
        if len(steps) > 1 and not stops_at_errors(section):
            message = f"only the last command of {section.name} decides whether it has failed"
            yield section.header_hit(message, "--erroronfail")


RULE = Rule(
    code="KB607",
    name="erroronfail-without-set-e",
    summary="A script with --erroronfail goes on after a command that fails.",
    why="A shell's script ends with the status of its last command: what failed before that is seen by nobody.",
    hint="begin the script with set -e, or end it with exit 1 where something is wrong",
    levels=levels("I", "W"),
    bad=(Example(text="»%pre --erroronfail\ncp /a /b\necho done\n%end\n"),),
    good=(
        Example(text="%pre --erroronfail\nset -euo pipefail\ncp /a /b\necho done\n%end\n"),
        Example(text="%pre --erroronfail\ncp /a /b || exit 1\necho done\n%end\n"),
        Example(text="%pre --erroronfail\ncp /a /b\n%end\n"),
        Example(text="%pre --erroronfail --interpreter=/usr/bin/python3\nprint(1)\nprint(2)\n%end\n"),
    ),
    check=_check,
)
