#!/usr/bin/python
# GNU General Public License v2.0 or later (see LICENSE or https://www.gnu.org/licenses/old-licenses/gpl-2.0.txt)
# SPDX-License-Identifier: GPL-2.0-or-later
"""Documentation of an action that runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_report
short_description: Write down on the controller what became of a box
version_added: 0.1.0
description:
  - Writes one file for each host, or the summary of a run. Reports resume a run that did not end.
  - Files are readable for the user alone, because the id in them proves the new system.
author:
  - The kickbuild authors (@kickbuild)
extends_documentation_fragment:
  - kickbuild.rebuild.controller
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  run:
    description: The token of the run.
    type: str
    required: true
  report:
    description: What became of this host. Exactly one of I(report) and I(hosts).
    type: dict
  hosts:
    description: The hosts of the run, to write its summary.
    type: list
    elements: str
  report_dir:
    description: Where reports are, on the controller.
    type: path
    default: kickbuild-report
"""

EXAMPLES = r"""
- name: Write the report
  kickbuild.rebuild.fleet_report:
    run: "{{ confirmation.kickbuild_fleet.run }}"
    report: {outcome: rebuilt, id: "{{ armed.id }}"}
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
"""
