"""One command of a kickstart as rules look at it: its options and what they are given, each with its place."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.lint.hit import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.kickstart.document import Word
    from kickbuild.lint.finding import Severity
    from kickbuild.lint.section import Section
    from kickbuild.lint.source import Source

#: Spellings of one command -> its name here.
_SPELLINGS: Final = {"partition": "part", "auth": "authconfig"}

#: Options that take no value, in whatever release; an option that is not here takes the next word where it has no "=".
#: Held against pykickstart's own tables by a test.
_FLAG_WORDS: Final = """
    --accept --accepted --activate --active --add-boot --agree --agreed --all --allow-ssh --asprimary
    --autoscreenshot --autovlan --backuppassphrase --cdl --connect-to-insights --dcb --default --disable
    --disabled --eject --enable --enabled --encrypted --enforcing --erroronfail --exclude-weakdeps --excludedocs
    --excludeWeakdeps --extlinux --force-secure-boot --ftp --grow --hibernation --http --ignorebroken
    --ignoredeps --ignoremissing --initlabel --install --interactive --ipv4-ignore-auto-dns
    --ipv6-ignore-auto-dns --iscrypted --isUtc --kexec --lba32 --leavebootorder --linux --lock --multilib
    --no-activate --no-secure-boot --no-signature-verification --no-ssh --nobase --noboot --nochroot --nocore
    --nodefaults --nodefroute --nodns --noformat --nogpg --nohome --noipv4 --noipv6 --nolvm --nombr --nomount
    --non-interactive --none --nontp --noprobe --noswap --notksdevice --noverifyssl --ntp-disable --nts
    --optional --permissive --plaintext --recommended --reconfig --resize --resolvedeps --romount --sdboot
    --secure-boot --skip --smtp --ssh --sshkey --startxonboot --subvol --telnet --thin --thinpool --upgrade
    --use-system-defaults --useexisting --utc
"""
FLAGS: Final = frozenset(_FLAG_WORDS.split())
#: (command, option) that take a value although the option is a flag elsewhere.
VALUED: Final = frozenset(
    {("bootloader", "--default"), ("services", "--enabled"), ("services", "--disabled"), ("xconfig", "--noprobe")}
)
#: What provisioning tools put their values in the place of: xCAT's #TABLE:…#, @NAME@, <name>, %NAME%.
_PLACEHOLDER: Final = re.compile(r"#[A-Z]+:[^#]*#|^#[A-Z_]+#$|^@@?\w+@@?$|^<[^<>]+>$|^%\w+%$")
#: What crypt(3) makes: its dollar signs are no variables.
_HASH: Final = re.compile(r"\$(?:1|2[abxy]|5|6|7|y|gy|sha1|md5)\$[\w./$=,-]+")


@dataclass(frozen=True, slots=True)
class Option:
    """One option as it stands in a line; ``value`` is None where it has none."""

    name: str
    value: str | None
    start: int
    """Where the option, or its value where it has one, stands in the line: offsets from 0."""
    end: int

    @property
    def values(self) -> tuple[str, ...]:
        """The value split at its commas, blanks and empty pieces left out."""
        return tuple(piece.strip() for piece in (self.value or "").split(",") if piece.strip())


@dataclass(frozen=True, slots=True)
class Statement:
    """One command, wherever it stands: in the kickstart, in a file it includes, or in a %pre that writes such a file.

    ``name`` has one spelling (``part``, ``authconfig``); ``words`` are all words with the command's own, their offsets
    within the line of ``source``. ``generated`` is the script that writes the line.
    """

    name: str
    source: Source
    line: int
    words: tuple[Word, ...]
    options: tuple[Option, ...]
    arguments: tuple[Word, ...]
    generated: Section | None = None

    def has(self, *names: str) -> bool:
        """Return whether one of the options is given."""
        return any(option.name in names for option in self.options)

    def option(self, *names: str) -> Option | None:
        """Return the last of the options of these names, which is the one that counts, or None."""
        return next((option for option in reversed(self.options) if option.name in names), None)

    def get(self, *names: str) -> str | None:
        """Return the value of the last option of these names; None where it is not given or has none."""
        found = self.option(*names)
        return found.value if found else None

    def number(self, *names: str) -> int | None:
        """Return the value of an option as a whole number; None where it is not given or no number."""
        value = self.get(*names)
        # int() refuses thousands of digits, and no size has so many.
        return int(value) if value is not None and re.fullmatch(r"[0-9]{1,18}", value) else None

    def all_options(self, *names: str) -> Iterator[Option]:
        """Yield every option of these names."""
        return (option for option in self.options if option.name in names)

    @property
    def has_variables(self) -> bool:
        """Whether a value is one that only a shell or a template engine knows."""
        return any(is_variable(word.text) for word in self.words)

    def hit(
        self,
        message: str,
        at: Option | Word | str | None = None,
        *,
        hint: str = "",
        severity: Severity | None = None,
    ) -> Hit:
        """Return a hit on this line; ``at`` is the option (by itself or by name) or word that is marked."""
        place = self.option(at) if isinstance(at, str) else at
        place = place or (self.words[0] if self.words else None)
        column, end = (place.start + 1, place.end + 1) if place else (0, 0)
        return Hit(self.source, self.line, message, column=column, end=end, hint=hint, severity=severity)


def is_variable(text: str) -> bool:
    """Return whether a value is filled in by a shell, a template engine or a provisioning tool; a hash is not."""
    if "$" in text:
        text = _HASH.sub("", text)
    return any(mark in text for mark in ("$", "`", "{{", "{%", "<%")) or bool(_PLACEHOLDER.search(text))


def make_statement(
    source: Source,
    line: int,
    words: tuple[Word, ...],
    generated: Section | None = None,
    known: frozenset[str] = frozenset(),
) -> Statement:
    """Return the statement that the words of a line are; there is at least one word.

    ``known`` are the options that the command has: installers take ``--al`` for ``--all`` where it can be no other.
    """
    name = _SPELLINGS.get(words[0].text, words[0].text)
    options: list[Option] = []
    arguments: list[Word] = []
    rest = deque(words[1:])
    while rest:
        word = rest.popleft()
        if not word.text.startswith("--") or word.text == "--":
            arguments.append(word)
            continue
        option, equals, value = word.text.partition("=")
        option = _in_full(option, known)
        is_flag = (option in FLAGS and (name, option) not in VALUED) or (name, option) == ("firewall", "--telnet")
        if equals:
            options.append(Option(option, value, word.start, word.end))
        elif is_flag or not rest or rest[0].text.startswith("--"):
            # What begins with dashes is the next option: argparse takes it for no value either.
            options.append(Option(option, None, word.start, word.end))
        else:
            following = rest.popleft()
            options.append(Option(option, following.text, word.start, following.end))
    return Statement(name, source, line, words, tuple(options), tuple(arguments), generated)


def _in_full(option: str, known: frozenset[str]) -> str:
    if option in known:
        return option
    meant = [name for name in known if name.startswith(option)]
    return meant[0] if len(meant) == 1 else option
