"""What tells that a kickstart is a template that nobody has rendered, or has values that something else fills in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.kickstart.document import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.kickstart.document import Line
    from kickbuild.lint.source import Source

#: Template language -> what its control structures and values look like, wherever a kickstart has commands or packages.
_STRUCTURES: Final = (
    ("jinja2", re.compile(r"\{\{|\{%|^\s*\{#")),
    ("ERB", re.compile(r"<%")),
    ("HCL", re.compile(r"%\{\s*~?\s*(?:if|else|endif|for|endfor)\b")),
    ("Cheetah", re.compile(r"\$\{?SNIPPET\b|^\s*SNIPPET::|^\s*\$\{?[A-Za-z_]\w*\(")),
    ("xCAT", re.compile(r"#(?:TABLE(?:BLANKOKAY)?|CRYPT|ENV|COMMAND|XCATVAR):|#HOSTNAME#")),
    ("SSI", re.compile(r"<!--\s?#")),
    ("", re.compile(r"^\s*\$\{?[A-Za-z_]\w*\}?\s*$")),
)
#: The same within scripts, where braces and percent signs are the shell's.
_SCRIPT_STRUCTURES: Final = (
    (
        "jinja2",
        re.compile(
            r"\{%[-+]?\s*(?:if|elif|else|endif|for|endfor|set|block|endblock|include|extends|raw|endraw|macro)\b"
        ),
    ),
    ("ERB", re.compile(r"<%(?:[=#-]?\s|[^\n]{0,200}%>)")),
    ("Cheetah", re.compile(r"\$\{?SNIPPET\(|^\s*SNIPPET::")),
)
#: Cheetah's directives, and xCAT's, are comments to a kickstart.
_COMMENT_STRUCTURES: Final = (
    (
        "Cheetah",
        re.compile(
            r"^\s*#(?:(?:if|elif|else\s+if|while|unless)\s+(?:not\s+)?[$(]|set\s+(?:global\s+)?\$|for\s+\$"
            r"|(?:end\s+(?:if|for|raw|while|def|errorCatcher)|raw)\s*$)"
        ),
    ),
    ("xCAT", re.compile(r"^\s*#INCLUDE(?:_\w+)?:")),
)
#: One value that something else fills in: the shell's spelling, and those of people who use sed.
_VALUES: Final = re.compile(
    r"\$\{[A-Za-z_][\w.]*\}"
    r"|(?<![^\s=\"'])\$[A-Za-z_]\w*(?![^\s\"'])"
    r"|(?<![^\s=\"'/,])%[A-Z][A-Z0-9_]{2,}%"
    r"|@@?[A-Z][A-Z0-9_]{2,}@"
)
#: dnf's own variables, which the installer fills in.
_OF_DNF: Final = re.compile(r"\$\{?(?:releasever|basearch|arch|contentdir|infra|stream|rltype|sigcontentdir)\b\}?")


@dataclass(frozen=True, slots=True)
class TemplateMark:
    """One place that tells; ``text`` is what stands there, offsets from 0."""

    source: Source
    line: int
    start: int
    end: int
    language: str
    """Empty where any of several may fill it in."""
    is_structure: bool
    """What commands the kickstart will have cannot be told, not only a value."""

    @property
    def text(self) -> str:
        """What stands there."""
        return self.source.line_text(self.line)[self.start : self.end]


def template_mark(sources: tuple[Source, ...]) -> TemplateMark | None:
    """Return the first mark of a template in these files: of its structure, or else of a value; None for none."""
    value: TemplateMark | None = None
    for source in sources:
        for mark in _marks(source):
            if mark.is_structure:
                return mark
            value = value or mark
    return value


def is_filled_in(text: str) -> bool:
    """Return whether a value is, or has in it, one that something else fills in before the installer reads it."""
    return bool(_VALUES.search(text)) or any(mark in text for mark in ("{{", "{%", "<%"))


def _marks(source: Source) -> Iterator[TemplateMark]:
    if not any(sign in source.text for sign in ("{", "<%", "$", "%", "@", "#", "SNIPPET")):
        return
    scripts = {
        number
        for section in source.document.sections
        if section.name not in {"%packages", "%addon"}
        for number in section.body
    }
    for line in source.document.lines:
        found = _mark(source, line, in_script=line.number in scripts)
        if found is not None:
            yield found


def _mark(source: Source, line: Line, *, in_script: bool) -> TemplateMark | None:
    text = line.text
    is_comment = line.kind is Kind.COMMENT or (line.kind is Kind.BODY and text.lstrip().startswith("#"))
    structures = _COMMENT_STRUCTURES if is_comment else _SCRIPT_STRUCTURES if in_script else _STRUCTURES
    for language, pattern in structures:
        match = pattern.search(text)
        if match:
            return TemplateMark(source, line.number, match.start(), match.end(), language, is_structure=True)
    if line.kind in {Kind.COMMAND, Kind.INCLUDE, Kind.HEADER}:
        for match in _VALUES.finditer(text):
            if not _OF_DNF.match(match[0]):
                return TemplateMark(source, line.number, match.start(), match.end(), "", is_structure=False)
    return None
