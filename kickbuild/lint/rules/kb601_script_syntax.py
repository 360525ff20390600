"""KB601 script-syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.script_syntax import syntax_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.scripts:
        fault = syntax_fault(section, kickstart.release.level)
        if fault is not None:
            yield section.hit(fault.line, f"{section.name} cannot be run: {fault.message}")


RULE = Rule(
    code="KB601",
    name="script-syntax",
    summary="A script has a syntax error.",
    why="The interpreter stops at it, half of the script is not done, and without --erroronfail nobody is told.",
    levels=levels("E"),
    bad=(
        Example(text="%pre\nif true; then\n  echo hello\n»}\n%end\n"),
        Example(text="%post\n»echo 'hello\n%end\n"),
        Example(text="%post\n»cat > /etc/motd <<EOF\nhello\n  EOF\necho done\n%end\n"),
        Example(text="%post --interpreter=/usr/bin/python3\nif True:\n»print(1)\n%end\n"),
    ),
    good=(
        Example(text="%pre\ndisks=(a b)\n[[ $x =~ (a|b) ]] && cat <(ls)\n%end\n"),
        Example(text="%post --interpreter=/usr/bin/python\nprint 1\n%end\n", release="rhel7"),
        Example(text="%post --interpreter=/usr/bin/perl\nsub {\n%end\n"),
        Example(text="%post\n{% if x %}\necho {{ x }}\n{% endif %}\n<% x %>\n%end\n"),
    ),
    check=_check,
)
