"""KB804 package-line-malformed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart, PackageLine

#: A package with its version as a dependency is written, which dnf takes too: ``foo >= 2``, ``(foo or bar)``.
_DEPENDENCY: Final = re.compile(r"[<>=(]")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    # What follows a section that is not ended is taken for packages: that is told once, not for each line.
    open_ones = {id(section.source) for section in kickstart.sections_of("%packages") if not section.closed}
    for line in kickstart.packages:
        if id(line.source) in open_ones or is_variable(line.text) or line.text.startswith("%"):
            continue
        problem = _problem(line)
        if problem:
            yield line.hit(problem)


def _problem(line: PackageLine) -> str:
    if not line.name:
        return f"{line.text} names nothing"
    if line.is_excluded and line.text[1:2].isspace():
        return f"{line.text} excludes nothing: the blank behind - is taken for a part of the name"
    if line.kind != "package" or _DEPENDENCY.search(line.text):
        return ""  # names of groups have blanks, and options
    if line.text.endswith("\\"):
        return "a \\ does not continue the line: it is taken for a part of the name"
    if re.search(r"\s", line.text):
        return f"{line.text} is taken for one name, with the blank in it"
    return f"{line.text} is taken for one name, with the comma in it" if "," in line.text else ""


RULE = Rule(
    code="KB804",
    name="package-line-malformed",
    summary="A line of %packages is not one package, group or environment.",
    why="The whole line is one name to the installer. There is no such package, so that it stops or leaves it out.",
    hint="write one name in each line",
    levels=levels("W"),
    bad=(
        Example(text="%packages\n»vim tmux\n@core\n%end\n"),
        Example(text="%packages\n»vim, tmux\n»vim,tmux\n%end\n"),
        Example(text="%packages\n»- plymouth\n»-\n»@\n%end\n"),
        Example(text="%packages\n»vim\\\ntmux\n%end\n"),
    ),
    good=(
        Example(text="%packages\n@Server with GUI\n@core --nodefaults\n@ admin-tools\nvim  # the editor\n%end\n"),
        Example(text="%packages\n@^Minimal Install\n@nodejs:20/common\n-iwl*-firmware\n*-debuginfo\n%end\n"),
        Example(text="%packages\nvim >= 8\n/usr/bin/git\nkernel.x86_64\nlibc.so.6()(64bit)\n%end\n"),
        Example(text="%packages\n{% for name in names %}\n{{ name }}\n{% endfor %}\n$EXTRA more\n%end\n"),
        Example(text="%packages\nvim\npart / --size=1\n"),
    ),
    check=_check,
)
