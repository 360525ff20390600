#!/usr/bin/python
# GNU General Public License v2.0 or later (see LICENSE or https://www.gnu.org/licenses/old-licenses/gpl-2.0.txt)
# SPDX-License-Identifier: GPL-2.0-or-later
"""Documentation of an action that runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_confirm
short_description: Judge a whole fleet, and have its rebuild confirmed once
version_added: 0.1.0
description:
  - Refuses with every reason at once, where a host was not checked or is not ready, where two names are one box, or
    where all hosts of a protected group would be taken.
  - Otherwise shows the plan, and wants its token, which stands for the plans of all hosts.
  - Without I(confirm) a person types it. It runs once, on the controller. In check mode it shows the plan and asks
    nobody.
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
  hosts:
    description: The hosts of the play.
    type: list
    elements: str
    required: true
  info:
    description: The variable of each host with the result of M(kickbuild.rebuild.rebuild_info).
    type: str
    default: kickbuild_info
  confirm:
    description: The token of the plan, which says yes to it.
    type: str
    default: ""
  protected_groups:
    description: Groups of which never all hosts may be taken.
    type: list
    elements: str
    default: []
  whole_groups:
    description: Protected groups that may be taken whole this time.
    type: list
    elements: str
    default: []
  serial:
    description: The sizes of the batches, to show them.
    type: raw
    default: [1, "10%", "50%"]
  resume:
    description: The token of a run that did not end. What it has rebuilt, by report and stamp, is left alone.
    type: str
    default: ""
  report_dir:
    description: Where reports are, on the controller.
    type: path
    default: kickbuild-report
"""

EXAMPLES = r"""
- name: Have the whole list confirmed
  kickbuild.rebuild.fleet_confirm:
    hosts: "{{ ansible_play_hosts_all }}"
    protected_groups: [dns]
    confirm: "{{ kickbuild_confirm | default('') }}"
  register: confirmation
"""

RETURN = r"""
kickbuild_fleet:
  description: C(hosts), C(done), C(batches), C(rows), C(lines), C(refusals), C(token), C(run) and C(confirmed).
  returned: success
  type: dict
"""
