# SPDX-License-Identifier: GPL-2.0-or-later
"""A box that is armed is rebooted, and nothing is waited for."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible_collections.kickbuild.rebuild.plugins.plugin_utils.box import BoxAction, as_data, clean


class ActionModule(BoxAction):
    """Reboot a box into the rebuild that it is armed for."""

    _supports_check_mode = True
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "id": {"type": "str", "required": True},
        "command": {"type": "str", "default": ""},
        "delay": {"type": "int", "default": 2},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the boot that ends."""
        from kickbuild.trigger.remote import THIS_BOOT, later

        status = self.box.ask("status")
        result: dict[str, Any] = {"changed": False, "status": as_data(status), "boot_id": status.boot_id}
        if status.state != "armed" or status.id != arguments["id"]:
            said = f"this box is not armed with {arguments['id']}, so it is not rebooted: {status.summary}"
            return result | {"failed": True, "msg": said}
        if self._task.check_mode:
            return result | {"changed": True, "msg": "it would be rebooted"}
        command = arguments["command"] or self._reboot(arguments["root"], status.boot_id)
        this_boot = THIS_BOOT.replace("/proc/", f"{shlex.quote(arguments['root'])}/proc/")
        # Later, so that the answer arrives before the box is gone.
        line = this_boot + later(command, max(0, arguments["delay"]))
        done = self.command(f"sh -c {shlex.quote(line)} kickbuild {shlex.quote(status.boot_id)}")
        if done["rc"] != 0:
            told = clean(" ".join(f"{done['stderr']} {done['stdout']}".split()), most=300)
            return result | {"failed": True, "msg": f"the reboot did not begin: {told}"}
        return result | {"changed": True, "msg": "it reboots into its rebuild"}

    def _reboot(self, root: str, boot_id: str) -> str:
        from kickbuild.trigger.remote import REBOOT

        if root:
            raise AnsibleActionFail(f"the system below {root} does not run, so it cannot be rebooted: give command")
        if Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip() == boot_id:
            raise AnsibleActionFail("this is the machine that Ansible runs on; it is not rebooted")
        return REBOOT
