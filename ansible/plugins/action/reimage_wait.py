# SPDX-License-Identifier: GPL-2.0-or-later
"""A box that was rebooted into its rebuild is waited for, and proves what it is."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display
from ansible_collections.kickbuild.rebuild.plugins.plugin_utils.box import BoxAction, as_data

display = Display()


class Spoken:
    """Tells the steps of the wait where somebody asked for them (-v)."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _say(self, text: str) -> None:
        display.v(text, host=self._name)

    def begin(self, step: str, text: str) -> None:
        """A step begins."""
        self._say(f"{step}: {text}")

    still = end = fail = note = _say


class ActionModule(BoxAction):
    """Wait until the box is back, with a deadline."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "id": {"type": "str", "required": True},
        "boot_id": {"type": "str", "required": True},
        "profile": {"type": "str", "default": ""},
        "digest": {"type": "str", "default": ""},
        "keeps_host_keys": {"type": "bool", "default": False},
        "leave": {"type": "int", "default": 600},
        "deadline": {"type": "int", "default": 7200},
        "pause": {"type": "float", "default": 5.0},
        "known_hosts": {"type": "path", "default": "~/.ssh/known_hosts"},
        "accept_proven_key": {"type": "bool", "default": True},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return what became of the rebuild; it failed where that is not the new system."""
        from kickbuild.trigger.outcome import Outcome
        from kickbuild.trigger.record import Record, checked_id
        from kickbuild.trigger.wait import Limits, Waiting

        record = Record(
            host=self.name,
            id=checked_id(arguments["id"]),
            boot_id=arguments["boot_id"],
            profile=arguments["profile"],
            keeps_host_keys=arguments["keeps_host_keys"],
        )
        limits = Limits(float(arguments["leave"]), float(arguments["deadline"]), max(0.1, arguments["pause"]))
        found = Waiting(self.way, record, Spoken(self.name), limits).run()
        result: dict[str, Any] = {
            "changed": False,
            "outcome": found.outcome.value,
            "msg": found.summary,
            "hint": found.hint,
            "seconds": round(found.seconds),
            "status": as_data(found.status) if found.status is not None else {},
        }
        if found.outcome is not Outcome.REBUILT:
            return result | {"failed": True, "msg": f"{found.summary} ({found.hint})" if found.hint else found.summary}
        digest = arguments["digest"]
        if digest and found.status.system_digest != digest:
            text = f"the new system was made from another profile (digest {found.status.system_digest or 'unknown'})"
            return result | {"failed": True, "outcome": "other-profile", "msg": text}
        if arguments["accept_proven_key"] and self.way.known_hosts.exists():
            result["accepted_key"] = self._accept(arguments["known_hosts"])
        self.way.close()
        return result

    def _accept(self, known_hosts: str) -> str:
        """Put the key of the new system in the old one's place, and return its fingerprint."""
        from kickbuild.trigger.known_hosts import proven_key, replace_key

        key = proven_key(self.way)
        self.way.user_known_hosts = known_hosts
        folder = Path(known_hosts).expanduser().parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The boxes of a batch come back together, each with a process of its own here.
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            replace_key(self.way, key)
        finally:
            os.close(descriptor)
        return key.fingerprint
