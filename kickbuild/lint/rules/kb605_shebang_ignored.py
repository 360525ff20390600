"""KB605 shebang-ignored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import Severity
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.section import SHELLS, language_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


_SHEBANG: Final = re.compile(r"#!\s*(\S.*?)\s*$")
_STOPS: Final = re.compile(r"\s-[a-z]*e")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.scripts:
        first = next((line for line in section.lines if line.text.strip()), None)
        match = _SHEBANG.match(first.text) if first else None
        if first is None or match is None:
            continue
        wanted = language_of(match[1])
        if wanted != section.language and not {wanted, section.language} <= SHELLS:
            message = f"the installer runs {section.name} with {section.interpreter} and takes this line for a comment"
            hint = f"write {section.name} --interpreter={match[1].split()[0]}"
            yield section.hit(first.number, message, first.text.strip(), hint=hint)
        elif _STOPS.search(match[1]) and not re.search(r"(?m)^\s*set\s+(-[a-z]*e|-o errexit)", section.text):
            message = f"the installer takes this line for a comment: {section.name} does not stop at an error"
            yield section.hit(first.number, message, first.text.strip(), hint="write set -e", severity=Severity.INFO)


RULE = Rule(
    code="KB605",
    name="shebang-ignored",
    summary="A script begins with a #! line, which the installer does not look at.",
    why=(
        "The script is run as INTERPRETER FILE, with /bin/sh where --interpreter is not given: a Python script fails "
        "at its first line, and options such as -e are not set."
    ),
    levels=levels("W", "E"),
    bad=(
        Example(text="%pre\n»#!/usr/bin/python3\nprint(1)\n%end\n"),
        Example(text="%post --log=/root/x\n»#!/usr/bin/env perl\n1;\n%end\n"),
        Example(text="%pre\n\n»#!/bin/sh -xe\ntrue\n%end\n"),
    ),
    good=(
        Example(text="%pre --interpreter=/usr/bin/python3\n#!/usr/bin/python3\nprint(1)\n%end\n"),
        Example(text="%pre\n#!/bin/bash\necho\n%end\n%post\n#!/bin/sh -x\necho\n%end\n"),
        Example(text="%pre\n#!/bin/bash -e\nset -e\necho\n%end\n"),
        Example(text="%post\ncat > /usr/bin/x <<EOF\n#!/usr/bin/python3\nEOF\n%end\n"),
    ),
    check=_check,
)
