"""For which release a kickstart is checked, and why for that one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.releases.find import find_release, parse_release
from kickbuild.releases.model import Distribution
from kickbuild.releases.table import RELEASES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kickbuild.kickstart.document import Document
    from kickbuild.releases.model import Capabilities

#: The newest major release of RHEL: what is taken where nothing tells.
NEWEST: Final = max(release.major for release in RELEASES if release.distribution is Distribution.RHEL)
#: First Fedora whose installer is about that of each RHEL.
_FEDORA_LEVELS: Final = ((40, 10), (34, 9), (28, 8), (19, 7), (12, 6))
_OLDEST_FEDORA: Final = 7
_VERSION_LINE: Final = re.compile(
    r"#\s*(?:platform|version)\s*=\s*(?:x86[\w, ]*,\s*)?(RHEL|FC|F|DEVEL|EL)-?\s*(\d*)", re.IGNORECASE
)
_FILE_NAME: Final = re.compile(
    r"(?<![a-z0-9])"
    r"(centos[-_ ]?stream|stream|rhel|redhat|centos|rocky(?:linux)?|alma(?:linux)?|oracle(?:linux)?|ol|el|fedora|fc|f)"
    r"(?:[-_ ]?(?:linux|server)?[-_ ]?v?)([0-9]{1,2})(?:[._]([0-9]{1,2}))?(?![0-9a-z])",
    re.IGNORECASE,
)
#: How the reason for a release begins that nothing in the file names.
_GUESSED: Final = "the newest"
#: Command -> the last RHEL that knows it. Held against pykickstart by a test.
REMOVED: Final = {
    "authconfig": 9,
    "auth": 9,
    "autostep": 9,
    "btrfs": 9,
    "device": 8,
    "deviceprobe": 8,
    "dmraid": 8,
    "install": 8,
    "interactive": 6,
    "key": 6,
    "langsupport": 5,
    "method": 9,
    "monitor": 6,
    "mouse": 5,
    "multipath": 8,
    "nvdimm": 9,
    "unsupported_hardware": 7,
    "upgrade": 7,
}


@dataclass(frozen=True, slots=True)
class LintRelease:
    """The release that a kickstart is checked for.

    ``level`` is the RHEL (5 to 10) whose installer is this one's or about its age; ``handler`` names the grammar.
    """

    id: str
    title: str
    handler: str
    level: int
    is_fedora: bool
    number: int
    """The major version: 9 for RHEL 9, 43 for Fedora 43."""
    can: Capabilities
    why: str = ""

    @property
    def is_guessed(self) -> bool:
        """Whether nothing in the file names it: only its commands tell, or nothing does."""
        return self.why.startswith(_GUESSED)


def choose_release(asked: str, why: str = "") -> LintRelease:
    """Return the release that a name such as ``rhel9``, ``rocky9.4`` or ``f42`` means. Raises ReleaseError."""
    fedora = re.fullmatch(r"(?:f|fc|fedora)-?([0-9]{1,2})", asked.strip().lower())
    if fedora and int(fedora[1]) < _first_fedora():
        return _old_fedora(int(fedora[1]), why)
    match = parse_release(asked)
    is_fedora = match.distribution is Distribution.FEDORA
    major = match.release.major
    return LintRelease(
        id=match.id,
        title=match.title.replace("Red Hat Enterprise Linux", "RHEL"),
        handler=match.can.handler,
        level=_fedora_level(major) if is_fedora else major,
        is_fedora=is_fedora,
        number=match.version[0],
        can=match.can,
        why=f"{why}; {match.notice}" if match.notice else why,
    )


@dataclass(frozen=True, slots=True)
class StatedRelease:
    """The release that a ``#version=`` line names, and the number of that line."""

    release: LintRelease
    line: int


def stated_release(document: Document) -> StatedRelease | None:
    """Return the release that a kickstart's own ``#version=`` names, or None."""
    for line in document.lines[:200]:
        version = _VERSION_LINE.match(line.text.strip())
        if version and version[1].upper() != "DEVEL" and version[2]:
            family = "rhel" if version[1].upper() in {"RHEL", "EL"} else "fedora"
            found = _known(f"{family}{version[2]}", f"from `{line.text.strip()}` in line {line.number}")
            if found:
                return StatedRelease(found, line.number)
    return None


def find_lint_release(document: Document, name: str) -> LintRelease:
    """Return the release that a kickstart, read from a file called ``name``, is written for, with the reason."""
    stated = stated_release(document)
    if stated is not None:
        return stated.release
    pieces = name.replace("\\", "/").split("/")
    for piece in reversed(pieces[-3:]):
        for match in _FILE_NAME.finditer(piece):
            found = _known(_named(match), f"from {piece!r} in its name")
            if found:
                return found
    return _by_commands({command.name for command in document.commands})


def _by_commands(names: Iterable[str]) -> LintRelease:
    oldest = min(((REMOVED[name], name) for name in sorted(names) if name in REMOVED), default=None)
    if oldest is None:
        return choose_release(f"rhel{NEWEST}", f"{_GUESSED}, because nothing in the file tells; --release sets it")
    level, name = oldest
    return choose_release(f"rhel{level}", f"{_GUESSED} that knows its command `{name}`")


def _known(name: str, why: str) -> LintRelease | None:
    from kickbuild.errors import ReleaseError

    try:
        return choose_release(name, why)
    except ReleaseError:
        return None


def _named(match: re.Match[str]) -> str:
    word, major, minor = _word(match[1]), match[2], match[3]
    if word not in {"fedora", "fc", "f"} and len(major) == 2 and major[0] in "56789":
        # rhel79 and centos-70: the point is left out.
        major, minor = major[0], major[1]
    return f"{word}{major}" + (f".{minor}" if minor else "")


def _word(name: str) -> str:
    word = re.sub(r"[-_ ]", "", name.lower())
    return {"redhat": "rhel", "centosstream": "centos-stream", "stream": "centos-stream", "oraclelinux": "oracle"}.get(
        word, word
    )


def _first_fedora() -> int:
    return min(release.major for release in RELEASES if release.distribution is Distribution.FEDORA)


def _fedora_level(number: int) -> int:
    return next((level for first, level in _FEDORA_LEVELS if number >= first), 5)


def _old_fedora(number: int, why: str) -> LintRelease:
    """Return a Fedora older than the table, with what is true of the RHEL of its age and its own grammar."""
    level = _fedora_level(number)
    return LintRelease(
        id=f"fedora{number}",
        title=f"Fedora {number}",
        handler=f"F{max(number, _OLDEST_FEDORA)}",
        level=level,
        is_fedora=True,
        number=number,
        can=find_release(Distribution.RHEL, level, None).can,
        why=why,
    )
