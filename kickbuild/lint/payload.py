"""Where an installation takes what it installs from: the commands that say so, and the addresses in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Option, Statement

#: The commands that name the installation source; ``repo`` adds to one.
SOURCES: Final = (
    "bootc",
    "cdrom",
    "harddrive",
    "hmc",
    "liveimg",
    "method",
    "nfs",
    "ostreecontainer",
    "ostreesetup",
    "url",
)
#: Command -> its options that are given a URL.
_URL_OPTIONS: Final = {
    "liveimg": ("--url",),
    "ostreesetup": ("--url",),
    "repo": ("--baseurl", "--mirrorlist", "--metalink"),
    "url": ("--url", "--mirrorlist", "--metalink"),
}
#: Variables that the installer itself fills in.
_OF_THE_INSTALLER: Final = re.compile(
    r"\$\{?(?:releasever(?:_major|_minor)?|basearch|arch|infra|contentdir|sigcontentdir|stream|rltype|YUM\d)\b\}?",
    re.IGNORECASE,
)
#: What a host's name is where somebody was to write one.
_PLACEHOLDER: Final = re.compile(
    r"(?:^|[^a-z0-9])(?:your(?=[^a-z]|domain|server|mirror|host|company|org|ip)|insert(?=[^a-z])|replace(?=[^a-z])|"
    r"change[-_]?(?:me|this)|place[-_]?holder|fix[-_]?me|url-to-|xxx)|[<>]"
)
_LOCAL_SUFFIXES: Final = (
    ".corp", ".home", ".home.arpa", ".internal", ".intranet", ".lab", ".lan", ".local", ".localdomain", ".private",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """One URL of a command. ``host`` and ``path`` are empty where it has none, or where it cannot be read."""

    statement: Statement
    option: Option
    text: str

    @property
    def is_variable(self) -> bool:
        """Whether something other than the installer fills a part of it in."""
        line = self.statement.source.line_text(self.statement.line)
        # xCAT's #TABLE:…# begins what is a comment to everybody else.
        is_cut = self.statement.generated is None and line[self.option.end : self.option.end + 1] == "#"
        rest = _OF_THE_INSTALLER.sub("", self.text)
        return is_cut or is_variable(rest) or bool(re.search(r"@@|@[\w-]+@|%\{|%\w+%|<!--", rest))

    @property
    def scheme(self) -> str:
        """``http``, ``file``, …, in small letters."""
        match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(?=/|nfs:|hd:)", self.text) or re.match(r"(nfs|hd):", self.text)
        return match[1].lower() if match else ""

    @property
    def host(self) -> str:
        """The host, in small letters, without user, password and port."""
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", self.text):
            return ""
        try:
            return urlsplit(self.text).hostname or ""
        except ValueError:
            return ""

    @property
    def path(self) -> str:
        """What follows the host, with its query."""
        return re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?]*", "", self.text)

    @property
    def is_placeholder(self) -> bool:
        """Whether somebody was to write the host's name in its place, and nobody did."""
        return bool(_PLACEHOLDER.search(self.host))

    @property
    def is_local(self) -> bool:
        """Whether its host is one that only a private network knows."""
        host = self.host
        try:
            return ip_address(host).is_private
        except ValueError:
            return bool(host) and ("." not in host or host.endswith(_LOCAL_SUFFIXES))


def sources(kickstart: Kickstart) -> Iterator[Statement]:
    """Yield the commands that name the installation source."""
    return kickstart.all(*SOURCES)


def addresses(kickstart: Kickstart) -> Iterator[Address]:
    """Yield the URLs of all sources and repositories, those that something else fills in too."""
    for statement in kickstart.statements:
        for option in statement.options:
            if option.name in _URL_OPTIONS.get(statement.name, ()):
                yield Address(statement, option, option.value or "")
