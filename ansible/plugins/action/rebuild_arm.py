# SPDX-License-Identifier: GPL-2.0-or-later
"""A box is armed for one boot, or not."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible_collections.kickbuild.rebuild.plugins.plugin_utils.box import BoxAction, as_data


class ActionModule(BoxAction):
    """Arm or disarm; never reboot."""

    _supports_check_mode = True
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "state": {"type": "str", "choices": ["armed", "disarmed"], "default": "armed"},
        "profile": {"type": "str", "default": ""},
        "token": {"type": "str", "default": "", "no_log": False},
        "ticket": {"type": "str", "default": ""},
        "full": {"type": "bool", "default": False},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return what was done, or in check mode what would be."""
        if not re.fullmatch(r"[A-Za-z0-9]{0,64}", arguments["ticket"]):
            raise AnsibleActionFail("a ticket is of letters and digits, 64 at most")
        # A mounted system is armed by this machine's own shell: nothing is late there.
        self.ticket = "" if arguments["root"] else arguments["ticket"]
        if arguments["state"] == "disarmed":
            return self._disarm(arguments["profile"])
        return self._arm(arguments)

    def _arm(self, arguments: dict[str, Any]) -> dict[str, Any]:
        from kickbuild.trigger.plan import is_carried_out, plan_box

        profile = arguments["profile"]
        check = self.box.ask("check", profile=profile, full=arguments["full"])
        plan = self.plan(check)
        result: dict[str, Any] = {"changed": False, "plan": plan, "token": plan["token"], "check": as_data(check)}
        if not plan["ready"]:
            return result | {"failed": True, "msg": self._refusal(check)}
        if arguments["token"] and arguments["token"] != plan["token"]:
            return result | {"failed": True, "msg": self._other_plan(arguments["token"], plan["token"])}
        if self._task.check_mode:
            dry = self.box.ask("arm", profile=profile, dry_run=True)
            return result | self._told(dry, changed=bool(dry.steps), what="arm")
        if not arguments["token"]:
            raise AnsibleActionFail(f"token is needed to arm a box: {plan['token']} is the token of its plan")
        answer = self.box.ask("arm", profile=profile, ticket=self.ticket)
        if answer.errors or not answer.id:
            return result | {"failed": True, "msg": self._refusal(answer), "answer": as_data(answer)}
        if not is_carried_out(plan_box(self.name, check), answer):
            # Between the two looks something was changed: nobody has said yes to this plan.
            self.box.ask("disarm", ticket=self.ticket)
            return result | {"failed": True, "msg": self._other_plan(plan["token"], self.plan(answer)["token"])}
        told = self._told(answer, changed=answer.changed, what="arm")
        return result | told | {"id": answer.id, "boot_id": answer.boot_id, "digest": answer.digest}

    def _disarm(self, profile: str) -> dict[str, Any]:
        ticket = "" if self._task.check_mode else self.ticket
        answer = self.box.ask("disarm", profile=profile, dry_run=self._task.check_mode, ticket=ticket)
        if answer.errors:
            return {"failed": True, "msg": self._refusal(answer), "answer": as_data(answer)}
        changed = bool(answer.steps) if self._task.check_mode else answer.changed
        return self._told(answer, changed=changed, what="disarm")

    def _told(self, answer: Any, *, changed: bool, what: str) -> dict[str, Any]:
        steps = "".join(f"{step}\n" for step in answer.steps) if changed else ""
        header = f"{self.name}: {what}"
        diff = {"before_header": header, "after_header": header, "before": "", "after": steps}
        return {"changed": changed, "answer": as_data(answer), "msg": answer.summary, "diff": diff}

    def _refusal(self, answer: Any) -> str:
        lines = [f"{f.message}{f' ({f.hint})' if f.hint else ''} [{f.id}]" for f in answer.found("error")]
        return "\n".join([answer.summary, *lines])

    def _other_plan(self, asked: str, now: str) -> str:
        return f"the plan is no longer the one that was confirmed (token {asked}, now {now}); nothing is armed"
