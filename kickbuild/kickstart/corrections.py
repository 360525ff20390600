"""Where the installed pykickstart's grammar of an old release differs from what that release's own installer takes.

Found by comparing every command of ``pykickstart/handlers`` and its options with the branches that the releases ship
(rhel5-branch to rhel10-branch of pykickstart, and the commands that anaconda replaces with its own).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NOBASE: Final = re.compile(r"%packages\s.*--nobase\b")
_HANDLER: Final = re.compile(r"(RHEL|FC?)([0-9]{1,3})")
_POWER: Final = ("reboot", "poweroff", "halt", "shutdown")


@dataclass(frozen=True, slots=True)
class MoreOptions:
    """Options that an installer's commands have beyond pykickstart's; ``valued`` says that they take a value."""

    commands: tuple[str, ...]
    options: tuple[str, ...]
    valued: bool = True


#: handler -> command -> where its class is: the module and the class in ``pykickstart.commands``.
COMMANDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    # anaconda's own ZeroMbr of that time is made from FC3_ZeroMbr, which warns of ``yes`` and goes on.
    **{name: {"zerombr": ("zerombr", "FC3_ZeroMbr")} for name in ("RHEL6", "F9", "F10", "F11", "F12", "F13")},
    # rhel7-branch: F22_SshKey, and RHEL7_Mount, which is F27's.
    "RHEL7": {"sshkey": ("sshkey", "F22_SshKey"), "mount": ("mount", "F27_Mount")},
}
#: handler -> the data class that a command of ``COMMANDS`` makes of a line.
DATA: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "RHEL7": {"SshKeyData": ("sshkey", "F22_SshKeyData"), "MountData": ("mount", "F27_MountData")},
}
OPTIONS: Final[dict[str, tuple[MoreOptions, ...]]] = {
    "RHEL5": (
        MoreOptions(("firewall",), ("--no-ssh",), valued=False),
        MoreOptions(("iscsi",), ("--reverse-user", "--reverse-password")),
    ),
    "RHEL6": (
        MoreOptions(("clearpart",), ("--cdl",), valued=False),
        MoreOptions(("fcoe",), ("--autovlan",), valued=False),
    ),
    "RHEL7": (
        MoreOptions(_POWER, ("--kexec",), valued=False),
        MoreOptions(("firewall",), ("--use-system-defaults",), valued=False),
        MoreOptions(("sshpw",), ("--sshkey",), valued=False),
        MoreOptions(("url",), ("--sslcacert", "--sslclientcert", "--sslclientkey")),
    ),
    "RHEL8": (
        MoreOptions(("network",), ("--ipv4-dns-search", "--ipv6-dns-search")),
        MoreOptions(("network",), ("--ipv4-ignore-auto-dns", "--ipv6-ignore-auto-dns"), valued=False),
    ),
}
#: handler -> (command, option) that pykickstart requires and the installer does not.
OPTIONAL: Final[dict[str, frozenset[tuple[str, str]]]] = {
    "RHEL8": frozenset({("zfcp", "--wwpn"), ("zfcp", "--fcplun")}),
}
#: handler -> lines that are refused by pykickstart and taken by the installer.
LINES: Final[dict[str, tuple[re.Pattern[str], ...]]] = {
    # fc5-branch to f12-branch: the option is as old as that.
    **dict.fromkeys(("FC5", "FC6", "RHEL5", "F7", "F8", "F9", "F10", "F11", "F12", "F13"), (_NOBASE,)),
    "RHEL6": (re.compile(r"%packages\s.*--resolvedeps\b"),),
}


def sections_unknown_to(handler: str) -> frozenset[str]:
    """Return the sections that pykickstart takes for every release and this release's installer does not know."""
    match = _HANDLER.fullmatch(handler)
    if match is None:
        return frozenset()
    is_rhel, number = match[1] == "RHEL", int(match[2])
    # anaconda: %anaconda went with f35-release and rhel-10; the others came with Fedora 18 to 22 and RHEL 7.
    if is_rhel and number <= 6:
        return frozenset({"%pre-install", "%onerror", "%addon", "%certificate"})
    if number >= (10 if is_rhel else 35):
        return frozenset({"%anaconda"})
    return frozenset({"%certificate"}) if is_rhel and number <= 8 else frozenset()


def forgives_missing_end(handler: str) -> bool:
    """Return whether this release's installer only warns of a section that ``%end`` does not close."""
    # RHEL 6's parser only warns: pykickstart rhel6-branch, parser.py.
    match = _HANDLER.fullmatch(handler)
    return match is not None and int(match[2]) <= (6 if match[1] == "RHEL" else 14)
