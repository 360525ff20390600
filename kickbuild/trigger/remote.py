"""The few commands that kickbuild gives to a box, all fixed: nothing from a profile or a box is part of one.

Each is one line for ``sh -c``, without a single quote or an exclamation mark, so that any login shell passes it on.
The words after it (``check --json --profile web``) reach it as its own arguments, and are of harmless letters.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from kickbuild.agent import render_agent

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Exit statuses of the commands themselves; the agent's own are below 10, ssh's is 255.
NO_AGENT: Final = 93
NO_ROOM: Final = 94
DAMAGED: Final = 96
OTHER_BOOT: Final = 97
WITHDRAWN: Final = 98

#: Run the agent of the one rebuild drive that is mounted; NO_AGENT where there is none, or several.
RUN_FROM_DRIVE: Final = (
    "n=; a=; while read -r _ p _; do "
    'if [ -f "$p/kickbuild/agent" ] && [ -f "$p/kickbuild/manifest.json" ]; then n=x$n; a=$p/kickbuild/agent; fi; '
    f'done </proc/mounts; case $n in x) exec sh "$a" "$@" ;; *) exit {NO_AGENT} ;; esac'
)
#: Run the agent that comes by standard input, where its sha256 is the first argument; leave nothing behind.
RUN_PUSHED: Final = (
    f'umask 077; d=$(mktemp -d "${{TMPDIR:-/tmp}}/kickbuild.XXXXXXXXXX") || exit {NO_ROOM}; '
    'trap "rm -rf \\"\\$d\\"" EXIT; trap "exit 95" HUP INT QUIT PIPE TERM; '
    f'cat >"$d/agent" && s=$(sha256sum <"$d/agent") || exit {NO_ROOM}; '
    f'case $s in "$1 "*) shift ;; *) exit {DAMAGED} ;; esac; sh "$d/agent" "$@"'
)
#: Of an arming and the disarming that takes it back, both with the same ticket for a first argument, who comes first
#: makes a directory: what a network delivers late, after it was taken back, arms nothing. A boot removes them.
_CLAIM: Final = 'r=/run; [ -d "$r" ] || r=/var/run; mkdir "$r/kickbuild-ticket.$1" 2>/dev/null'
_ARM_ONCE: Final = f"{_CLAIM} || exit {WITHDRAWN}; shift; "
_TAKE_BACK: Final = f"{_CLAIM}; shift; "
#: Reboot, by whatever the release has for it.
REBOOT: Final = "PATH=$PATH:/usr/sbin:/sbin; systemctl reboot || shutdown -r now || reboot"
#: Before a program that is for the boot whose id is the first argument: for no other box, and no system that has booted
#: since.
THIS_BOOT: Final = f'read -r b </proc/sys/kernel/random/boot_id; case $b in "$1") ;; *) exit {OTHER_BOOT} ;; esac; '
REBOOT_THIS: Final = THIS_BOOT + REBOOT
#: Hang up: what the end of a connection with a terminal does to all that it started. Ignored before there is a child
#: that could miss it, and by every child.
_HOLD: Final = 'trap "" HUP; '
#: Tell which boot is running: another one whenever the machine has booted. Needs no root.
BOOT_ID: Final = "cat /proc/sys/kernel/random/boot_id"

_WORD: Final = re.compile(r"[A-Za-z0-9-]+")


def later(program: str, seconds: int) -> str:
    """Return a program that begins another one after some seconds; that one outlives connection and terminal."""
    return f"{_HOLD}(sleep {seconds}; {program}) >/dev/null 2>&1 </dev/null &"


def agent_words(command: str, *, profile: str = "", full: bool = False, dry_run: bool = False) -> list[str]:
    """Return the words with which an agent is called."""
    words = [command, "--json"]
    if profile:
        words += ["--profile", profile]
    if full:
        words.append("--full")
    if dry_run:
        words.append("--dry-run")
    return words


def with_ticket(program: str, command: str) -> str:
    """Return a program that runs an agent's arm or disarm as one that takes a ticket for its first argument."""
    return {"arm": _ARM_ONCE, "disarm": _TAKE_BACK}[command] + program


def pushed_agent() -> tuple[bytes, str]:
    """Return this kickbuild's agent, and its sha256."""
    agent = render_agent().encode()
    return agent, hashlib.sha256(agent).hexdigest()


def remote_command(program: str, words: Sequence[str] = (), *, sudo: bool = False) -> str:
    """Return the one command for a box's login shell that runs a program of this module with some words.

    Raises ValueError where a word could be more than a word to a shell.
    """
    for word in words:
        if not _WORD.fullmatch(word):
            raise ValueError(f"{word!r} is no word of a remote command")
    prefix = "sudo -n " if sudo else ""
    return " ".join([f"{prefix}sh -c '{program}' kickbuild", *words])
