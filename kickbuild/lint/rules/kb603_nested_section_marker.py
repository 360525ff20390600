"""KB603 nested-section-marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.hit import Hit
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.sections:
        marker = section.line + len(section.lines) + 1
        lines = section.source.document.lines
        for mark in _open_marks(section):
            # Where the mark comes later in the file, the section was meant to go on to there.
            if any(line.text.strip() == mark for line in lines[marker:]):
                text = lines[marker - 1].text.strip()
                name = text.split()[0] if text else ""
                message = f"{name} at the start of a line ends {section.name} within the text that {mark} closes"
                yield Hit(section.source, marker, message)
                break


def _open_marks(section: Section) -> Iterator[str]:
    return (doc.mark for command in section.commands for doc in command.heredocs if not doc.closed and doc.mark)


RULE = Rule(
    code="KB603",
    name="nested-section-marker",
    summary="A script writes a kickstart's text, and the %end or section in that text ends the script itself.",
    why="The script is cut in the middle, and the rest of its text is taken for commands of this kickstart.",
    hint="write the line so that it does not begin with %: echo %end >> FILE, or indent nothing and use sed",
    levels=levels("E"),
    bad=(
        Example(text="%post\ncat > /root/ks.cfg <<EOF\nlang en_US\n»%packages\n@core\n%end\nEOF\necho\n%end\n"),
        Example(text="%pre\ncat > /tmp/a <<EOF\npart / --size=1\n»%end\nEOF\n%end\n"),
    ),
    good=(
        Example(text="%post\necho %end >> /root/ks.cfg\ncat > /root/ks.cfg <<EOF\nlang en_US\nEOF\n%end\n"),
        Example(text="%pre\necho\n%end\n%post\ncat <<EOF\nEOF\n%end\n"),
    ),
    check=_check,
)
