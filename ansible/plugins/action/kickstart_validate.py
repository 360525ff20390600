# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with kickstarts, found on the controller."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.kickbuild.rebuild.plugins.plugin_utils.box import ControllerAction


class ActionModule(ControllerAction):
    """Run kickbuild's rules; change nothing."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "paths": {"type": "list", "elements": "path"},
        "content": {"type": "str", "no_log": True},
        "release": {"type": "str", "default": "auto"},
        "profile": {"type": "str", "choices": ["generic", "rebuild", "vm-image", "strict"], "default": "rebuild"},
        "firmware": {"type": "str", "choices": ["", "bios", "uefi"], "default": ""},
        "ignore": {"type": "list", "elements": "str", "default": []},
        "fail_on": {"type": "str", "choices": ["error", "warning", "info", "never"], "default": "warning"},
    }
    ONE_OF: ClassVar[list[str]] = ["paths", "content"]

    def act(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - no host
        """Return the findings; failed where one is as bad as ``fail_on`` says."""
        from kickbuild.errors import UsageError
        from kickbuild.lint.discover import find_files
        from kickbuild.lint.finding import LintProfile, Severity
        from kickbuild.lint.formats import Style, render
        from kickbuild.lint.release import choose_release
        from kickbuild.lint.rules import find_rule
        from kickbuild.lint.run import Wish, check_files, check_text, make_report

        try:
            ignored = tuple(find_rule(name).code for name in arguments["ignore"])
        except KeyError as error:
            raise UsageError(f"there is no rule {error}") from error
        release = None if arguments["release"] == "auto" else arguments["release"]
        if release is not None:
            choose_release(release)
        profile = LintProfile(arguments["profile"])
        # One process: this is a worker of Ansible's already.
        wish = Wish(release=release, profile=profile, firmware=arguments["firmware"] or None, ignore=ignored, jobs=1)
        if arguments["content"] is not None:
            checked = [check_text(arguments["content"].encode("utf-8", "surrogateescape"), "content", wish)]
        else:
            files = find_files([self._loader.path_dwim(path) for path in arguments["paths"]])
            checked = list(check_files([Path(file) for file in files], wish))
        report = make_report([one.report for one in checked], profile)
        value = json.loads(render("json", report, Style()))
        fails = arguments["fail_on"] != "never" and report.fails(Severity(arguments["fail_on"]))
        told = [f"{f.file}:{f.line}: {f.message} [{f.code}]" for f in report.findings]
        return {"changed": False, "failed": fails, "msg": "\n".join(told) or "nothing was found", "report": value}
