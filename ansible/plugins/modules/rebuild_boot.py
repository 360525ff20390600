#!/usr/bin/python
# GNU General Public License v2.0 or later (see LICENSE or https://www.gnu.org/licenses/old-licenses/gpl-2.0.txt)
# SPDX-License-Identifier: GPL-2.0-or-later
"""Documentation of an action that runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rebuild_boot
short_description: Reboot a box into the rebuild that it is armed for
version_added: 0.1.0
description:
  - Reboots a box that is armed with exactly this id, and waits for nothing.
  - The machine that Ansible runs on is refused.
author:
  - The kickbuild authors (@kickbuild)
extends_documentation_fragment:
  - kickbuild.rebuild.controller
  - kickbuild.rebuild.box
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  id:
    description: The id of the arming, as M(kickbuild.rebuild.rebuild_arm) returns it.
    type: str
    required: true
  command:
    description: What reboots the box, as a line of shell; its own systemctl, shutdown or reboot by default.
    type: str
    default: ""
  delay:
    description: Seconds after which it reboots, so that this task still ends well.
    type: int
    default: 2
"""

EXAMPLES = r"""
- name: Reboot into the rebuild
  kickbuild.rebuild.rebuild_boot:
    id: "{{ armed.id }}"
  become: true
"""

RETURN = r"""
boot_id:
  description: The boot that ends.
  returned: success
  type: str
status:
  description: What the agent answers to C(status) before.
  returned: success
  type: dict
"""
