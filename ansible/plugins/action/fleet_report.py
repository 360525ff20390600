# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of a box, as a file on the controller."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.kickbuild.rebuild.plugins.plugin_utils.box import ControllerAction


class ActionModule(ControllerAction):
    """Write the report of one host, or the summary of a run."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "report_dir": {"type": "path", "default": "kickbuild-report"},
        "run": {"type": "str", "required": True},
        "report": {"type": "dict"},
        "hosts": {"type": "list", "elements": "str"},
    }
    ONE_OF: ClassVar[list[str]] = ["report", "hosts"]

    def act(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the file; reports are no change of a box, and check mode writes none."""
        path = {} if self._task.check_mode else {"path": str(self._write(arguments, task_vars))}
        return {"changed": False} | path

    def _write(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> Path:
        from kickbuild.fleet.inventory import plain_value
        from kickbuild.fleet.reports import read_reports, write_report, write_summary

        folder, run = Path(arguments["report_dir"]), arguments["run"]
        if arguments["hosts"] is not None:
            return write_summary(folder, run, read_reports(folder, run, arguments["hosts"]).values())
        report = plain_value(arguments["report"])
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return write_report(folder, {"host": task_vars["inventory_hostname"], "run": run, "written": now, **report})
