"""The agent: the program on a drive that arms the box it is in. It runs where there is no Python, so it is all shell.

It is made of ``templates/agent/*.sh``, of what the releases need, and of the guard's own functions that judge disks:
what the agent finds before the boot is what the guard finds after it.
"""

from __future__ import annotations

import re
from typing import Final

from kickbuild import __version__, resources
from kickbuild.quoting import shell_quote
from kickbuild.releases.table import RELEASES
from kickbuild.units import MIB

#: Where the agent lies on a drive.
AGENT: Final = "/kickbuild/agent"
#: Files that the agent keeps on a drive, which no manifest knows.
LEFT_BY_AGENT: Final = frozenset({"armed.state"})
#: In this order; the last one begins to work.
_PARTS: Final = (
    *("ground", "answer", "manifest", "mount", "drive", "target", "loader", "entry", "oneshot", "legacy"),
    *("state", "history", "keep", "arm", "checks", "status", "commands", "main"),
)
_OF_THE_GUARD: Final = (
    *("read_file", "trim", "folded", "plain_wwn", "lower", "device_of", "sys_name", "device_name", "whole_disks"),
    *("mounts", "properties", "serials", "wwns", "models", "from_properties", "bears", "is_candidate", "holds_all"),
    *("check_twins", "check_link", "other_claimant"),
)
_LINTER: Final = re.compile(r"(?m)^# shellcheck shell=sh.*\n(?:\n|#\n)?")


def render_agent() -> str:
    """Return the agent, a program for any POSIX shell."""
    templates = resources.templates()
    guard = (templates / "kickstart" / "guard.sh").read_text(encoding="utf-8")
    parts = [(templates / "agent" / f"{name}.sh").read_text(encoding="utf-8") for name in _PARTS]
    ground, *rest = (_LINTER.sub("", part) for part in parts)
    shared = [resources.shell_function(guard, name) for name in _OF_THE_GUARD]
    head = f"#!/bin/sh\nKB_VERSION={shell_quote(__version__)}\n"
    return "\n".join([head + ground, "# The guard's own functions.\n", *shared, _release_facts(), *rest])


def _release_facts() -> str:
    """Return a function that prints what the agent must know of a release, by the name of its grammar."""
    facts: dict[str, tuple[int, str, list[str]]] = {}
    for release in RELEASES:
        can = release.can
        if can.source_by_identity:
            memory = max(can.memory // MIB, facts[can.handler][0] if can.handler in facts else 0)
            network = "both" if can.reads_ifcfg and can.reads_keyfiles else "ifcfg" if can.reads_ifcfg else "keyfiles"
            facts[can.handler] = (memory, network, [str(name) for name in can.kickstart_names])
    rows = [
        f"    {shell_quote(handler)}) echo {shell_quote(' '.join([str(memory), network, *names]))} ;;"
        for handler, (memory, network, names) in sorted(facts.items())
    ]
    return "\n".join(
        [
            "# release_facts GRAMMAR: print the MiB of memory, which files it reads of the network (ifcfg, keyfiles or",
            "# both), and the names of the kickstart argument.",
            "release_facts() {",
            "    case $1 in",
            *rows,
            "    esac",
            "}",
            "",
        ]
    )
