# SPDX-License-Identifier: GPL-2.0-or-later
"""One yes for a whole fleet: every reason against it at once, or the plan and the question."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsiblePromptInterrupt, AnsiblePromptNoninteractive
from ansible.utils.display import Display
from ansible_collections.kickbuild.rebuild.plugins.plugin_utils.box import ControllerAction, as_data

display = Display()


class ActionModule(ControllerAction):
    """Judge the fleet once, on the controller."""

    BYPASS_HOST_LOOP = True
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "hosts": {"type": "list", "elements": "str", "required": True},
        "info": {"type": "str", "default": "kickbuild_info"},
        "confirm": {"type": "str", "default": ""},
        "protected_groups": {"type": "list", "elements": "str", "default": []},
        "whole_groups": {"type": "list", "elements": "str", "default": []},
        "serial": {"type": "raw", "default": [1, "10%", "50%"]},
        "resume": {"type": "str", "default": ""},
        "report_dir": {"type": "path", "default": "kickbuild-report"},
    }

    def act(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the plan of the fleet; failed where it is refused, or where nobody has said yes to it."""
        from kickbuild.fleet.gate import plan_fleet
        from kickbuild.fleet.inventory import plain_value
        from kickbuild.fleet.reports import REBUILT, read_reports

        hosts = list(dict.fromkeys(arguments["hosts"]))
        hostvars = task_vars["hostvars"]
        infos = {host: plain_value(hostvars[host].get(arguments["info"]) or {}) for host in hosts}
        resume = arguments["resume"]
        resumed = read_reports(Path(arguments["report_dir"]), resume, hosts) if resume else {}
        fleet = plan_fleet(
            infos,
            groups=plain_value(task_vars["groups"]),
            protected=arguments["protected_groups"],
            allowed=arguments["whole_groups"],
            serial=plain_value(arguments["serial"]),
            resumed=resumed,
        )
        lines = fleet.lines
        finished = [host for host in fleet.done if resumed[host].get("outcome") == REBUILT]
        more = {"lines": lines, "run": resume or fleet.token, "finished": finished, "confirmed": False}
        result: dict[str, Any] = {"changed": False, "kickbuild_fleet": as_data(fleet) | more}
        if fleet.refusals:
            told = [f"{p.where}: {p.message}{f' ({p.hint})' if p.hint else ''}" for p in fleet.refusals]
            text = "\n".join(["refused; nothing was changed on any box:", *told])
            return result | {"failed": True, "msg": text}
        for line in lines:
            display.display(line)
        if self._task.check_mode:
            display.display(f"the token of this plan: {fleet.token}")
            return result | {"msg": f"check mode: nothing is done; -e kickbuild_confirm={fleet.token} does this plan"}
        refusal = self._ask(arguments["confirm"], fleet.token, len(fleet.hosts)) if fleet.hosts else ""
        result["kickbuild_fleet"]["confirmed"] = not refusal
        return result | ({"failed": True, "msg": refusal} if refusal else {"msg": "confirmed"})

    def _ask(self, confirm: str, token: str, boxes: int) -> str:
        """Return why the fleet is not rebuilt; nothing where somebody has said yes to this very plan."""
        if confirm:
            if confirm == token:
                return ""
            return f"{confirm} is not the token of this plan, which is {token}: look at the plan again"
        try:
            typed = display.prompt_until(f"Type {token} to erase and rebuild these {boxes} boxes: ")
        except AnsiblePromptNoninteractive:
            return f"nobody is there to confirm: -e kickbuild_confirm={token} says yes to this plan"
        except AnsiblePromptInterrupt:
            return "not confirmed"
        return "" if typed.decode("utf-8", "replace").strip() == token else "not confirmed"
