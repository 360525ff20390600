"""KB113 clearpart-conflict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Option, Statement


_KINDS: Final = ("--all", "--linux", "--list", "--none")
#: A template chooses one of several lines.
_CHOICE: Final = re.compile(r"\{%|<%|^\s*#\s*(?:if|else|elif)\b|^\s*#else", re.MULTILINE)


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    before: Statement | None = None
    has_choices = any(_CHOICE.search(source.text) for source in kickstart.sources)
    for line in kickstart.all("clearpart"):
        if line.has_variables:
            continue
        kinds = _kinds(line)
        if len(kinds) > 1:
            yield line.hit(f"clearpart is given {' and '.join(kinds)}: {_winner(line)} counts alone", _last(line))
        if line.generated is not None or has_choices:
            continue
        if before is not None and kinds and _kinds(before) != kinds:
            yield line.hit(
                f"clearpart {kinds[-1]} undoes clearpart {_kinds(before)[-1]} of line {before.line}: the last counts",
                _last(line),
            )
        before = line if kinds else before


def _kinds(line: Statement) -> list[str]:
    return list(dict.fromkeys(option.name for option in line.options if option.name in _KINDS))


def _last(line: Statement) -> Option | None:
    return line.option(*_KINDS)


def _winner(line: Statement) -> str:
    # The option with partitions decides wherever it stands: pykickstart's F21_ClearPart.
    last = _last(line)
    return "--list" if line.has("--list") else last.name if last else ""


RULE = Rule(
    code="KB113",
    name="clearpart-conflict",
    summary="clearpart is told to erase in two ways, and one of them counts silently.",
    why=(
        "Of --all, --linux and --none the last one counts, without a word from the installer: who reads the first one "
        "believes that a disk is kept which is erased, or the other way round."
    ),
    hint="leave one of them",
    levels=levels("E"),
    bad=(
        Example(text="»clearpart --all --none\n"),
        Example(text="»clearpart --linux --drives=sda --all\n"),
        Example(text="clearpart --none\nlang en\n»clearpart --all --drives=sda\n"),
        Example(text="»clearpart --all --list=sda2\n"),
    ),
    good=(
        Example(text="clearpart --all --initlabel --drives=sda\n"),
        Example(text="clearpart --all --drives=sda\nclearpart --all --drives=sdb\n"),
        Example(text="{% if wipe %}\nclearpart --all\n{% else %}\nclearpart --none\n{% endif %}\n"),
        Example(
            text=(
                "%include /tmp/d\n%pre\nif [ -b /dev/sdb ]; then\necho clearpart --all > /tmp/d\nelse\n"
                "echo clearpart --none > /tmp/d\nfi\n%end\n"
            )
        ),
    ),
    check=_check,
)
