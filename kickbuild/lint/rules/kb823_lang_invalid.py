"""KB823 lang-invalid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.locales import LANGUAGES, locale_problem
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.kickstart.document import Word
    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Option, Statement


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("lang"):
        for locale, place in _locales(line):
            if is_variable(locale) or (kickstart.release.level < 7 and locale in LANGUAGES):
                continue  # the installers of RHEL 5 and 6 know short names, and what they stand for
            problem, is_sure = locale_problem(locale)
            if problem:
                # A language alone is what upstream's own tests write: it installs.
                less = Severity.INFO if locale in LANGUAGES else Severity.WARNING
                yield line.hit(f"{locale} {problem}", place, severity=None if is_sure else less)


def _locales(line: Statement) -> Iterator[tuple[str, Word | Option]]:
    for word in line.arguments[:1]:
        yield word.text, word
    for option in line.all_options("--addsupport"):
        for value in option.values:
            yield value, option


RULE = Rule(
    code="KB823",
    name="lang-invalid",
    summary="The language is not written as a locale, or is one that glibc does not know.",
    why=(
        "The installer stops or falls back to English, and every program of the new system complains that it cannot "
        "set its locale."
    ),
    hint="`locale -a` lists them: en_US.UTF-8, de_DE.UTF-8",
    levels=levels("E"),
    bad=(
        Example(text="»lang en-US.UTF-8\n"),
        Example(text="»lang english\n"),
        Example(text="»lang en_US.UFT-8\n"),
        Example(text="»lang en\n"),
        Example(text="»lang de_US.UTF-8\n"),
        Example(text="»lang en_US.UTF-8 --addsupport=de_DE.UTF-8,fr-FR\n"),
    ),
    good=(
        Example(text="lang en_US\n"),
        Example(text="lang C.UTF-8\n"),
        Example(text="lang sr_RS.UTF-8@latin --addsupport=de_DE.utf8,zh_CN.GB18030\n"),
        Example(text="lang en\n", release="rhel6"),
        Example(text="lang {{ language }}\n"),
    ),
    check=_check,
)
