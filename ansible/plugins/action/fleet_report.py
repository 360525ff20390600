# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of a box, as a file on the controller."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.kickbuild.rebuild.plugins.plugin_utils.box import KickbuildError, require_kickbuild, said

ARGUMENTS: dict[str, Any] = {
    "report_dir": {"type": "path", "default": "kickbuild-report"},
    "run": {"type": "str", "required": True},
    "report": {"type": "dict"},
    "hosts": {"type": "list", "elements": "str"},
}


class ActionModule(ActionBase):
    """Write the report of one host, or the summary of a run."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the file; reports are no change of a box, and check mode writes none."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        require_kickbuild()
        arguments = self.validate_argument_spec(
            argument_spec=ARGUMENTS, required_one_of=[["report", "hosts"]], mutually_exclusive=[["report", "hosts"]]
        )[1]
        result["changed"] = False
        if self._task.check_mode:
            return result
        try:
            result["path"] = str(self._write(arguments, task_vars or {}))
        except KickbuildError as error:
            result.update(failed=True, msg=said(error))
        return result

    def _write(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> Path:
        from kickbuild.fleet.inventory import plain_value
        from kickbuild.fleet.reports import read_reports, write_report, write_summary

        folder, run = Path(arguments["report_dir"]), arguments["run"]
        if arguments["hosts"] is not None:
            return write_summary(folder, run, read_reports(folder, run, arguments["hosts"]).values())
        report = plain_value(arguments["report"])
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return write_report(folder, {"host": task_vars["inventory_hostname"], "run": run, "written": now, **report})
