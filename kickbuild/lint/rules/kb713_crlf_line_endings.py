"""KB713 crlf-line-endings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.hit import Edit, Hit
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.source import Source


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    scripts = {id(section.source) for section in kickstart.scripts if not section.is_empty}
    for source in kickstart.sources:
        ended = [line.number for line in source.document.lines if line.ending == "\r\n"]
        if not ended:
            continue
        message = "the lines end with CR LF, as on Windows"
        if len(ended) < len(source.document.lines):
            message = f"{len(ended)} of the {len(source.document.lines)} lines end with CR LF, as on Windows"
        runs = id(source) in scripts
        severity = Severity.ERROR if runs else None
        hit = Hit(source, ended[0], message + (": its scripts do not run so" if runs else ""), severity=severity)
        yield hit.with_fix(tuple(_without_returns(source)))


def _without_returns(source: Source) -> Iterator[Edit]:
    offset = 0
    for line in source.document.lines:
        offset += len(line.text)
        if line.ending == "\r\n":
            yield Edit(offset, offset + 2, "\n")
        offset += len(line.ending)


RULE = Rule(
    code="KB713",
    name="crlf-line-endings",
    summary="The lines end as on Windows.",
    why=(
        "The CR belongs to the last word of each line of a script: files get names that end with it, commands are not "
        "found, and `if`, `done` and here-documents are not understood."
    ),
    hint="convert the file with dos2unix, and keep it so: *.ks text eol=lf in .gitattributes",
    levels=levels("W"),
    bad=(
        Example(text="»lang en_US.UTF-8\r\nreboot\r\n"),
        Example(text="lang en_US.UTF-8\n%post\n»ls /root\r\n%end\n"),
    ),
    good=(Example(text="lang en_US.UTF-8\n%post\nprintf 'a\\r\\n'\n%end\n"),),
    check=_check,
    fixable=True,
    of_text=True,
)
