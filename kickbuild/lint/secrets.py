"""Keeping secrets out of what is told: passwords, keys and the like become ``***`` before a finding is made.

Three nets, each for what falls through the one before: the places where commands and scripts give a secret, the values
found there wherever else they stand, and what looks like a secret by its shape.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.passwords import fed
from kickbuild.lint.secret_shapes import mask_by_shape, mask_line_by_shape
from kickbuild.lint.shell_words import behind_wrappers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.source import Source
    from kickbuild.lint.statement import Statement

SHOWN: Final = "***"
#: Commands whose arguments are secrets.
_ARGUMENTS: Final = frozenset({"rootpw", "sshpw", "key"})
_ARGUMENT_OPTIONS: Final = frozenset(
    {"--allow-ssh", "--iscrypted", "--lock", "--plaintext", "--skip", "--sshkey", "--username"}
)
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
#: Programs that read a secret on their standard input.
_READERS: Final = frozenset(
    {
        "adcli",
        "chpasswd",
        "cryptsetup",
        "docker",
        "gpg",
        "gpg2",
        "grub-mkpasswd-pbkdf2",
        "grub2-mkpasswd-pbkdf2",
        "htpasswd",
        "ipa-client-install",
        "kinit",
        "mkpasswd",
        "net",
        "openssl",
        "passwd",
        "podman",
        "realm",
        "smbpasswd",
        "su",
        "sudo",
        "vncpasswd",
    }
)
#: Characters of a text that are looked at: nobody is shown more.
LONGEST: Final = 2048
#: A value of so many characters is hidden in the middle of a word too, a shorter one only where it is a word; one that
#: is shorter still only in what is said of its own line.
_DISTINCT: Final = 6
_SHORTEST: Final = 4
#: Bad passwords that are also words of the language: hidden at their places alone, or nothing could be read any more.
_WORDS: Final = frozenset({"login", "passphrase", "passwd", "password", "plaintext", "root", "rootpw", "user"})


class Secrets:
    """The secrets of one kickstart. ``mask_line`` hides them in a line, ``mask_message`` in what is said of one."""

    def __init__(self, kickstart: Kickstart) -> None:
        self._places: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._of_line: dict[tuple[int, int], set[str]] = {}
        self._statements: set[tuple[int, int]] = set()
        values: set[str] = set()
        for source, line, start, end, value in (*_of_commands(kickstart), *_of_scripts(kickstart)):
            key = (id(source), line)
            self._places.setdefault(key, []).append((start, end))
            pieces = _forms(value)
            self._of_line.setdefault(key, set()).update(pieces)
            values |= pieces
        for statement in kickstart.statements:
            self._statements.add((id(statement.source), statement.line))
        self._values = _pattern(value for value in values if len(value) >= _SHORTEST and value not in _WORDS)
        self._keys = _private_key_lines(kickstart)
        self._shown: dict[tuple[int, int], str] = {}

    def mask_message(self, source: Source, number: int, text: str) -> str:
        """Return what a rule says of a line of ``source`` without the secrets, the line's own short ones among them."""
        text = text[:LONGEST]
        own = self._of_line.get((id(source), number), set())
        pattern = _pattern(value for value in own if value not in _WORDS)
        return mask_by_shape(self._mask_values(pattern.sub(SHOWN, text) if pattern else text))

    def mask_line(self, source: Source, number: int, text: str) -> str:
        """Return a line of ``source`` without its secrets."""
        key = (id(source), number)
        if key not in self._shown:
            self._shown[key] = SHOWN if key in self._keys else self._masked(key, text)
        return self._shown[key]

    def _masked(self, key: tuple[int, int], text: str) -> str:
        text = _without(text, self._places.get(key, []))[:LONGEST]
        own = _pattern(value for value in self._of_line.get(key, set()) if value not in _WORDS)
        text = self._mask_values(own.sub(SHOWN, text) if own else text)
        return mask_line_by_shape(text, understood=key in self._statements)

    def _mask_values(self, text: str) -> str:
        return self._values.sub(SHOWN, text) if self._values else text


def _forms(value: str) -> set[str]:
    """Return the ways in which a value may be told: line by line, with its blanks made one, as Python prints it."""
    forms = {piece.strip() for piece in value.split("\n")} | {" ".join(value.split())}
    return forms | {repr(form)[1:-1] for form in forms}


def _pattern(values: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds these values; the short ones only where they are words of their own."""
    forms = [
        re.escape(value) if len(value) >= _DISTINCT else rf"(?<![\w-]){re.escape(value)}(?![\w-])"
        for value in sorted(values, key=lambda value: (-len(value), value))
        if value
    ]
    return re.compile("|".join(forms)) if forms else None


def _without(text: str, places: list[tuple[int, int]]) -> str:
    """Return a line with what stands at these places hidden; a place goes on to the next blank."""
    pieces: list[str] = []
    position = 0
    for start, stop in sorted(places):
        begin, end = max(0, start), stop
        # What follows a # that cuts a word off is of the same secret.
        while end < len(text) and not text[end].isspace() and text[end] not in "\"'|;&<>)":
            end += 1
        if max(begin, position) < end:
            pieces += [text[position:begin], SHOWN * (begin >= position)]
            position = end
    return "".join([*pieces, text[position:]])


_Secret = tuple["Source", int, int, int, str]


def _of_commands(kickstart: Kickstart) -> Iterator[_Secret]:
    for statement in kickstart.statements:
        for value, start, end in _values(statement):
            if start >= 0:
                yield statement.source, statement.line, start, end, value
            else:
                yield statement.source, statement.line, 0, len(statement.source.line_text(statement.line)), value


def _values(statement: Statement) -> Iterator[tuple[str, int, int]]:
    if statement.name in _ARGUMENTS:
        yield from ((word.text, word.start, word.end) for word in statement.arguments)
        # A password that begins with dashes looks like an option, and no installer takes it; it is one all the same.
        unknown = (option for option in statement.options if option.name not in _ARGUMENT_OPTIONS)
        yield from ((option.name, option.start, option.end) for option in unknown)
    for option in statement.options:
        if option.name in _OPTIONS and option.value:
            word = next((word for word in statement.words if word.end == option.end), None)
            start = word.start if word else option.start
            if word is not None and word.start == option.start and start >= 0:
                raw = statement.source.line_text(statement.line)
                start = raw.find("=", start, option.end) + 1 or start
            yield option.value, start, option.end


def _of_scripts(kickstart: Kickstart) -> Iterator[_Secret]:
    for password in kickstart.passwords:
        if password.in_script:
            yield password.source, password.line, password.start, password.end, password.value
    for section in kickstart.scripts:
        for index, command in enumerate(section.commands):
            words = behind_wrappers(command)
            names = {word.text.rpartition("/")[2] for word in (*command.words[:1], *words[:1])}
            if names & _READERS:
                for place, value in fed(section, index):
                    yield section.source, place.line, place.start, place.end, value


def _private_key_lines(kickstart: Kickstart) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for source in kickstart.sources:
        if "PRIVATE KEY" not in source.text:
            continue
        inside = False
        for line in source.document.lines:
            if "-----BEGIN" in line.text and "PRIVATE KEY" in line.text:
                inside = "-----END" not in line.text.partition("PRIVATE KEY")[2]
            elif inside and "-----END" in line.text:
                inside = False
            elif inside:
                found.add((id(source), line.number))
    return found
