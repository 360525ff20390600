"""KB602 section-not-ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.edits import append, insert_before
from kickbuild.lint.finding import Severity
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    # RHEL 6 warns of it: pykickstart rhel6-branch, parser.py:661,721.
    severity = Severity.WARNING if kickstart.release.level < 7 else None
    for section in kickstart.sections:
        if not section.closed:
            following = section.lines[-1].number + 1 if section.lines else section.line + 1
            is_last = following > len(section.source.document.lines)
            fix = append(section.source, "%end") if is_last else insert_before(section.source, following, "%end")
            hit = section.header_hit(f"{section.name} is not closed by %end", severity=severity)
            # A section that ends within a here-document is ended by a line of that: another rule tells of it.
            is_cut = any(not heredoc.closed for command in section.commands for heredoc in command.heredocs)
            yield hit if is_cut and not is_last else hit.with_fix(fix)


RULE = Rule(
    code="KB602",
    name="section-not-ended",
    summary="A section has no %end.",
    why=(
        "From RHEL 7 on the installer stops at it. What follows the section, commands too, is taken for a part of it."
    ),
    hint="end the section with a line %end",
    levels=levels("E"),
    bad=(
        Example(text="»%packages\n@core\n"),
        Example(text="»%pre\necho hello\n»%post\necho world\n"),
    ),
    good=(
        Example(text="%packages\n@core\n%end\n"),
        # RHEL 5 knows no %end: pykickstart rhel5-branch, parser.py:1162.
        Example(text="%packages\n@core\n%post\necho hello\n", release="rhel5"),
    ),
    check=_check,
    since=6,
    fixable=True,
)
