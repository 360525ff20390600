"""What a machine said on its serial line, as lines and as the markers that the test's own programs print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|[\x00-\x08\x0b-\x1f]")
_MARKER: Final = re.compile(
    r"(?<![A-Z-])(?P<name>(?:OLD-OS|STANDIN|NEW-SYSTEM)-[A-Z-]*[A-Z])(?P<fields>(?: [a-z]+=\S*)*)"
)
#: What is the first sign of life of everything that a machine can boot here.
STARTED: Final = frozenset({"OLD-OS-REACHED", "STANDIN-STARTED", "NEW-SYSTEM-REACHED"})


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker and the fields after it: ``STANDIN-INSTALLED disk=vda serial=TARGET``."""

    name: str
    fields: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, key: str) -> str:
        """Return the field ``key``."""
        return dict(self.fields)[key]


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything one run said, over all its boots."""

    lines: tuple[str, ...]
    markers: tuple[Marker, ...]

    @property
    def names(self) -> list[str]:
        """The markers' names, in the order in which they came."""
        return [marker.name for marker in self.markers]

    @property
    def boots(self) -> int:
        """How many times something was booted."""
        return sum(marker.name in STARTED for marker in self.markers)

    def all(self, name: str) -> list[Marker]:
        """Return every marker of that name."""
        return [marker for marker in self.markers if marker.name == name]

    def one(self, name: str) -> Marker:
        """Return the only marker of that name."""
        found = self.all(name)
        assert len(found) == 1, f"{len(found)} markers {name} in {self.names}"
        return found[0]

    def says(self, pattern: str) -> bool:
        """Tell whether some line matches the regular expression."""
        return any(re.search(pattern, line) for line in self.lines)


def parse_transcript(serial: bytes) -> Transcript:
    """Return what the bytes from the serial line say; a last line that is not complete holds no marker yet."""
    text = serial.decode("utf-8", "replace").replace("\r", "\n")
    complete, _, rest = text.rpartition("\n")
    lines = _clean(complete)
    markers = tuple(_marker(found) for line in lines for found in _MARKER.finditer(line))
    return Transcript((*lines, *_clean(rest)), markers)


def _clean(text: str) -> tuple[str, ...]:
    return tuple(line for line in (_CONTROL.sub("", line).rstrip() for line in text.split("\n")) if line)


def _marker(found: re.Match[str]) -> Marker:
    fields = tuple(tuple(word.split("=", 1)) for word in found["fields"].split())
    return Marker(found["name"], tuple((key, value) for key, value in fields))
