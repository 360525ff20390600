"""KB505 deprecated-syntax."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kickbuild.lint.edits import replace_in_line
from kickbuild.lint.finding import Severity
from kickbuild.lint.grammar import Kind
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.grammar import GrammarProblem
    from kickbuild.lint.hit import Edit, Hit
    from kickbuild.lint.kickstart import Kickstart

#: Old spelling -> the one that means the same in every release that knows both.
_SAME = {"--isUtc": "--utc", "--instLangs": "--inst-langs", "--excludeWeakdeps": "--exclude-weakdeps"}

#: What still does as it says, and what asks for nothing that is not done anyway.
_HARMLESS = re.compile(
    r"will be deprecated|The zerombr command|"
    r"The (install|langsupport|mouse|--resolvedeps|--nobase|--active|--lba32)( command| option)? has been"
)


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for problem in kickstart.grammar:
        if problem.kind is Kind.DEPRECATED:
            hit = problem.hit(_message(problem, kickstart.release.title))
            severity = Severity.INFO if _HARMLESS.search(problem.message) else None
            yield replace(hit, fix=_renaming(problem), severity=severity)


def _message(problem: GrammarProblem, release: str) -> str:
    said = re.sub(r"^Ignoring deprecated \w+ on line \d+: ", "", problem.message).partition(". ")[0].rstrip(".")
    return f"on {release}: {said}"


def _renaming(problem: GrammarProblem) -> tuple[Edit, ...]:
    text = problem.source.line_text(problem.line)
    old = text[problem.start : problem.end] if problem.start >= 0 else ""
    if old not in _SAME:
        return ()
    return replace_in_line(problem.source, problem.line, problem.start, problem.end, _SAME[old])


RULE = Rule(
    code="KB505",
    name="deprecated-syntax",
    summary="A command or option still works, or does nothing any more, and a later release will stop at it.",
    why="The same kickstart stops the installer of the next release, or what the line asked for is silently not done.",
    levels=levels("W"),
    bad=(
        Example(text="»timezone Europe/Berlin --isUtc\n"),
        Example(text="»install\n", release="rhel8"),
        Example(text="»logging --level=info\n"),
    ),
    good=(Example(text="timezone Europe/Berlin --utc\n"), Example(text="install\n", release="rhel7")),
    check=_check,
    fixable=True,
)
