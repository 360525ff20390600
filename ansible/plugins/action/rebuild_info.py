# SPDX-License-Identifier: GPL-2.0-or-later
"""What a box says of itself: what is armed, what came of the last rebuild, and whether it can be rebuilt."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.kickbuild.rebuild.plugins.plugin_utils.box import BoxAction, as_data


class ActionModule(BoxAction):
    """Ask the agent; change nothing."""

    MUST_BE_REACHED = False
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "profile": {"type": "str", "default": ""},
        "full": {"type": "bool", "default": False},
        "check": {"type": "bool", "default": True},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return what the agent answers to status and to check."""
        profile = arguments["profile"]
        status = self.box.ask("status", profile=profile)
        result: dict[str, Any] = {"changed": False, "status": as_data(status)}
        if arguments["check"]:
            check = self.box.ask("check", profile=profile, full=arguments["full"])
            plan = self.plan(check)
            result |= {"check": as_data(check), "plan": plan, "ready": plan["ready"], "token": plan["token"]}
        return result
