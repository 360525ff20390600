"""What a machine says on its serial line: bounded text, and the events that can be told from it.

Everything here comes from a guest, and a guest may say anything: it is text to show, and one of several signs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: Bytes that are kept of the beginning and of the end of what one scenario says.
FIRST: Final = 1 << 20
LAST: Final = 1 << 20
_LONGEST_LINE: Final = 1000
_MOST_EVENTS: Final = 400
_CONTROL: Final = re.compile(
    r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b.|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    # What turns the order of letters round, ends a line, or is no character.
    "|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)


class Sign(StrEnum):
    """What an event tells."""

    POWER_ON = "power-on"
    ENTRY = "entry"
    KERNEL = "kernel"
    INSTALLER = "installer"
    STAND_IN = "stand-in"
    PANIC = "panic"
    GUARD = "guard"
    INSTALLED = "installed"
    WRITES = "writes"
    POWER_CUT = "power-cut"
    OLD_SYSTEM = "old-system"
    NEW_SYSTEM = "new-system"
    END = "end"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, ``seconds`` after the scenario began."""

    seconds: float
    sign: Sign
    text: str


_SIGNS: Final = (
    (Sign.ENTRY, re.compile(r"Rebuilding from (UUID|LABEL)=.*|Booting `.*'")),
    # A kernel tells it twice, and the other time as "Kernel command line".
    (Sign.ENTRY, re.compile(r"\bCommand line: .*\bks=hd:\S*")),
    # At its end a kernel says it again, in brackets.
    (Sign.PANIC, re.compile(r"(?<!end )Kernel panic - not syncing\b.*")),
    (Sign.KERNEL, re.compile(r"Linux version \d\S*")),
    (Sign.STAND_IN, re.compile(r"(?<![A-Z-])STANDIN-(STARTED|SOURCE|LABELLED|STUCK|GAVE-UP)\b.*")),
    (Sign.INSTALLED, re.compile(r"(?<![A-Z-])STANDIN-INSTALLED\b.*")),
    (
        Sign.INSTALLER,
        re.compile(
            r"(?i)\banaconda\b.*\b(started|starting|installer)\b|Starting installer|Starting package installation"
        ),
    ),
    (Sign.GUARD, re.compile(r"(?:^|[ \]:])kickbuild: .*")),
    (Sign.NEW_SYSTEM, re.compile(r"NEW-SYSTEM-REACHED|^\S+ login:|Reached target.*(Multi-User|Graphical)")),
)
#: What the Rebuild entry says, or the kernel that it started: until the next boot, nothing else is a new system.
_REBUILDING: Final = re.compile(r"Rebuilding from |\bks=hd:")
#: A login prompt ends no line.
_PROMPT: Final = re.compile(r"(?m)^\S+ login: ?$")


@dataclass(slots=True)
class Console:
    """The serial line of one scenario, over all its boots.

    ``old_system`` is what the old system says; ``heard`` is called with each event that is added.
    """

    old_system: str
    heard: Callable[[Event], None] | None = None
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    left_out: int = 0
    events: list[Event] = field(default_factory=list)
    _rest: str = ""
    _rebuilding: bool = False
    _of_boot: set[tuple[Sign, str]] = field(default_factory=set)

    def feed(self, data: bytes, seconds: float) -> list[Event]:
        """Take what the machine said, and return the events in it."""
        self._keep(data)
        text = self._rest + data.decode("utf-8", "replace").replace("\r", "\n")
        *lines, self._rest = text.split("\n")
        found = [event for line in lines for event in self._read(clean(line), seconds)]
        if len(self._rest) > _LONGEST_LINE:
            found += self._read(clean(self._rest), seconds)
            self._rest = ""
        elif _PROMPT.search(clean(self._rest)):
            found.append(Event(seconds, Sign.NEW_SYSTEM, clean(self._rest)))
            self._rest = ""
        return [event for event in found if self.add(event)]

    def add(self, event: Event) -> bool:
        """Add an event, unless it is one too many or repeats the last one."""
        if len(self.events) >= _MOST_EVENTS and event.sign not in {Sign.OLD_SYSTEM, Sign.NEW_SYSTEM, Sign.END}:
            return False
        if event.sign is Sign.POWER_ON:
            self._of_boot.clear()
            self._rebuilding = False
        if event.sign is Sign.ENTRY and _REBUILDING.search(event.text):
            self._rebuilding = True
        if event.sign is Sign.NEW_SYSTEM and self._rebuilding:
            return False
        # The guard says everything on each console and to the kernel.
        if (event.sign, event.text) in self._of_boot:
            return False
        self._of_boot.add((event.sign, event.text))
        self.events.append(event)
        if self.heard is not None:
            self.heard(event)
        return True

    def lines(self) -> list[str]:
        """Return what was said, without what commands a terminal."""
        gap = f"\n[{self.left_out} bytes left out here]\n" if self.left_out else ""
        text = self.head.decode("utf-8", "replace") + gap + self.tail.decode("utf-8", "replace")
        return [line for line in (clean(line) for line in text.replace("\r", "\n").split("\n")) if line]

    def _keep(self, data: bytes) -> None:
        room = FIRST - len(self.head)
        self.head += data[:room]
        self.tail += data[room:] if room < len(data) else b""
        # Twice as much before it is cut, so that not every byte moves all others.
        if len(self.tail) > 2 * LAST:
            self.left_out += len(self.tail) - LAST
            del self.tail[:-LAST]

    def _read(self, text: str, seconds: float) -> list[Event]:
        """Look for signs in pieces of a line: where one may begin anywhere, that takes the square of the length."""
        if self.old_system in text:
            return [Event(seconds, Sign.OLD_SYSTEM, "the old system was reached")]
        pieces = (text[at : at + _LONGEST_LINE] for at in range(0, len(text), _LONGEST_LINE))
        return [event for piece in pieces for event in self._read_piece(piece, seconds)]

    def _read_piece(self, line: str, seconds: float) -> list[Event]:
        for sign, pattern in _SIGNS:
            match = pattern.search(line)
            if match:
                return [Event(seconds, sign, match[0].strip(" ]:")[:_LONGEST_LINE])]
        return []


def clean(line: str) -> str:
    """Return a line without what commands a terminal."""
    return _CONTROL.sub("", line).rstrip()
