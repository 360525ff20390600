"""The programs that scripts often call and that an installer's own system, where ``%pre`` runs, does not have.

From the templates that installer images are made with: ``runtime-cleanup.tmpl`` of lorax's rhel7-branch to
rhel10-branch, and ``scripts/upd-instroot`` of anaconda's rhel5-branch and rhel6-branch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class _Missing:
    """Programs that the installers from ``since`` to ``until`` lack."""

    since: int
    until: int
    names: frozenset[str]
    instead: str = ""


def _missing(since: int, until: int, names: str, instead: str = "") -> _Missing:
    return _Missing(since, until, frozenset(names.split()), instead)


_TABLE: Final = (
    _missing(5, 99, "findfs", "use readlink -f /dev/disk/by-uuid/… or by-label/…, or blkid -U, blkid -L"),
    _missing(5, 6, "lsblk", "read /sys/block and /proc/partitions"),
    _missing(5, 7, "findmnt", "read /proc/mounts"),
    _missing(5, 5, "blkid udevadm wipefs"),
    _missing(5, 7, "python3", "the installer's Python is Python 2"),
    _missing(8, 99, "python python2", "the installer's Python is /usr/bin/python3"),
    _missing(7, 7, "perl useradd usermod groupadd chpasswd lscpu swaplabel eject"),
    _missing(7, 8, "stat setpriv openssl"),
    _missing(7, 9, "comm runuser chcon dig passwd iptables unshare"),
    _missing(8, 9, "firewall-cmd firewall-offline-cmd"),
    _missing(7, 99, "timeout", "start it in the background and kill it after a while"),
    _missing(7, 99, "nproc", "use grep -c ^processor /proc/cpuinfo"),
    _missing(7, 99, "truncate", "use : > FILE, or dd"),
    _missing(7, 99, "pgrep pkill", "use ps and kill"),
    _missing(7, 99, "free", "read /proc/meminfo"),
    _missing(7, 99, "uptime", "read /proc/uptime"),
    _missing(7, 99, "mkfs", "use mkfs.xfs, mkfs.ext4, …"),
    _missing(7, 99, "uuidgen", "read /proc/sys/kernel/random/uuid"),
    _missing(7, 99, "netstat ss", "use ip"),
    _missing(
        7,
        99,
        """base64 cksum column expand factor fold groups hostid install ionice join logname mkfifo nice nl nohup
        nsupdate printenv renice rev sha384sum sha512sum shuf stdbuf stty sum taskset unlink users vmstat watch who
        whoami yes""",
    ),
)


def missing_tool(name: str, level: int) -> str | None:
    """Return None where the installer has a program, or nothing is known of it; else what to use instead, or nothing.

    ``level`` is the RHEL release.
    """
    for entry in _TABLE:
        if name in entry.names and entry.since <= level <= entry.until:
            return entry.instead
    return None
