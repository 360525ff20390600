"""Values that stand for one that somebody forgot to write: CHANGEME, <ROOT HASH>, your_domain."""

from __future__ import annotations

import re
from typing import Final

_WHOLE: Final = re.compile(r"<<?[A-Za-z][\w .:/-]{0,60}>>?|[xX]{3,}|(?i:todo|tbd|fixme|placeholder)")
_INSIDE: Final = re.compile(
    r"(?<![a-z])(?:change|replace)[-_ ]?(?:me|this|it)(?![a-z])"
    r"|(?<![a-z])(?:replace|replace_with|insert)_\w+"
    r"|(?<![a-z])your[-_]?(?:own|domain|host(?:name)?|server|web-?server|mirror|password|passwd|key|user(?:name)?|name"
    r"|company|org(?:anization)?|ip|address|token|hash|secret|site|repo|proxy|gateway|dns|ssh|public|crypted|encrypted)"
    r"(?![a-z])"
    r"|<(?:your|insert|enter|change|replace|put|root|password|hash|encrypted|host|ip|user)[\w .:-]{0,60}>"
    r"|(?-i:(?<![A-Za-z])YOUR(?:[-_][A-Z]|DOMAIN|HOST))",
    re.IGNORECASE,
)

_ACROSS: Final = re.compile(r"(?<![\w\"'])<[A-Z][A-Z_-]*(?: [A-Z][A-Z_-]*){1,6}>")


def find_placeholder(text: str) -> str:
    """Return what in a value is a placeholder; empty for nothing."""
    if _WHOLE.fullmatch(text):
        return text
    match = _INSIDE.search(text)
    return match[0] if match else ""


def find_placeholder_across(line: str) -> str:
    """Return a placeholder with blanks in it, of which a line's words have pieces: ``<ROOT HASH>``."""
    match = _ACROSS.search(line.partition("#")[0])
    return match[0] if match else ""
