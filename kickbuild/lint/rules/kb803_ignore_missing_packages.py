"""KB803 ignore-missing-packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.sections_of("%packages"):
        for option, what in (("--ignoremissing", "does not exist"), ("--ignorebroken", "cannot be installed")):
            if section.header.has(option):
                yield section.header_hit(f"{option}: a package that {what} is left out, and nobody is told", option)


RULE = Rule(
    code="KB803",
    name="ignore-missing-packages",
    summary="Packages that are missing or broken are left out silently.",
    why="A mistyped name, or a package that the next release calls otherwise, is not installed, and shows days later.",
    hint="remove the option, or check in %post with rpm -q that what matters is there",
    levels=levels("I", "W", vm="I"),
    bad=(
        Example(text="»%packages --ignoremissing\n@core\n%end\n"),
        Example(text="»%packages --ignorebroken\n@core\n%end\n"),
    ),
    good=(
        Example(text="%packages --excludedocs\n@core\n%end\n"),
        Example(text="%packages\n@core\n# --ignoremissing\n%end\n"),
    ),
    check=_check,
)
