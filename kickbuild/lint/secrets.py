"""Keeping secrets out of what is told: passwords, keys and the like become ``***`` before a finding is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement

SHOWN: Final = "***"
#: Commands whose arguments are secrets.
_ARGUMENTS: Final = frozenset({"rootpw", "sshpw"})
_OPTIONS: Final = frozenset(
    {
        "--activation-key",
        "--md5pass",
        "--one-time-password",
        "--passphrase",
        "--password",
        "--reverse-password",
        "--wepkey",
        "--wpakey",
    }
)
_KEY: Final = r"[\w-]*(?:passw(?:or)?d|passphrase|rootpw|secret|token|activation_?key|api_?key)\w*"
#: What looks like a secret wherever it stands; the group is what is hidden.
_SHAPES: Final = (
    re.compile(r"(\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|md5)\$[^\s\"':]{4,})"),
    re.compile(rf"\b{_KEY}\s*[:=]\s*(?![\"']?[$<{{])[\"']?([^\s\"']+)", re.IGNORECASE),
    re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]*:([^\s/@]+)@"),
    re.compile(r"echo\s+(?:-\w+\s+)?[\"']?[^\s\"':|$]+:([^\"'|$]+)[\"']?\s*\|\s*(?:\S*/)?chpasswd"),
    re.compile(r"echo\s+(?:-\w+\s+)?[\"']?([^\"'|$]+?)[\"']?\s*\|\s*(?:\S*/)?passwd\b"),
    re.compile(r"((?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{20,}|xox[abp]-[\w-]{10,})"),
)
_SHORTEST: Final = 3


class Secrets:
    """The secrets of one kickstart. ``mask`` hides them in a text."""

    def __init__(self, kickstart: Kickstart) -> None:
        values = {value for statement in kickstart.statements for value in _values(statement)}
        # A word such as "root" is a bad password, but hiding it everywhere would make the rest unreadable.
        self._values = sorted((v for v in values if len(v) >= _SHORTEST), key=len, reverse=True)
        self._lines = {
            (id(statement.source), statement.line): statement
            for statement in kickstart.statements
            if any(_values(statement))
        }
        self._keys = _private_key_lines(kickstart)

    def mask(self, text: str) -> str:
        """Return a text without the secrets."""
        for value in self._values:
            if value in text:
                text = text.replace(value, SHOWN)
        for shape in _SHAPES:
            text = shape.sub(_hidden, text)
        return text

    def mask_line(self, source: object, number: int, text: str) -> str:
        """Return a line of a file without its secrets, the short ones among them too."""
        if (id(source), number) in self._keys:
            return SHOWN
        statement = self._lines.get((id(source), number))
        if statement is not None:
            for value in sorted(_values(statement), key=len, reverse=True):
                text = re.sub(rf"(?<![\w-]){re.escape(value)}(?!\w)", SHOWN, text) if value else text
        return self.mask(text)


def _hidden(match: re.Match[str]) -> str:
    start, end = match.start(1) - match.start(), match.end(1) - match.start()
    return match[0][:start] + SHOWN + match[0][end:]


def _values(statement: Statement) -> Iterator[str]:
    if statement.name in _ARGUMENTS:
        yield from (word.text for word in statement.arguments)
    for option in statement.options:
        if option.name in _OPTIONS and option.value:
            yield option.value


def _private_key_lines(kickstart: Kickstart) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for source in kickstart.sources:
        inside = False
        for line in source.document.lines:
            if "-----BEGIN" in line.text and "PRIVATE KEY" in line.text:
                inside = True
            elif inside and "-----END" in line.text:
                inside = False
            elif inside:
                found.add((id(source), line.number))
    return found
