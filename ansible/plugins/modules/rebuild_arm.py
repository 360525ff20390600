#!/usr/bin/python
# GNU General Public License v2.0 or later (see LICENSE or https://www.gnu.org/licenses/old-licenses/gpl-2.0.txt)
# SPDX-License-Identifier: GPL-2.0-or-later
"""Documentation of an action that runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rebuild_arm
short_description: Arm a box for one boot into its rebuild, or take that back
version_added: 0.1.0
description:
  - Checks everything, and chooses the Rebuild entry of the box's own boot loader for exactly one boot.
  - It never reboots. Arming what is armed already changes nothing.
  - In check mode it makes every check, and tells the steps of arming; with C(--diff) as a difference.
  - Where a check finds an error, nothing is written. A box that cannot be reached fails the task, so that a rescue
    runs.
author:
  - The kickbuild authors (@kickbuild)
extends_documentation_fragment:
  - kickbuild.rebuild.controller
  - kickbuild.rebuild.box
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  state:
    description: Whether the box is to be armed.
    type: str
    choices: [armed, disarmed]
    default: armed
  token:
    description:
      - The token of the plan that was confirmed, as M(kickbuild.rebuild.rebuild_info) returns it.
      - Needed to arm, but in check mode. Where the plan is another one now, nothing is armed.
    type: str
    default: ""
  profile:
    description: The profile on the drive, where it holds several.
    type: str
    default: ""
  ticket:
    description:
      - Letters and digits of chance that an arming and the disarming that takes it back have in common.
      - Once the one has come to the box, the other's arming does nothing there any more. So an arming that a network
        delivers late, after the box was disarmed, arms nothing.
    type: str
    default: ""
  full:
    description: Read the whole ISO on the drive, instead of judging it by its size.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Arm the box, if nothing has changed since somebody has looked
  kickbuild.rebuild.rebuild_arm:
    state: armed
    token: "{{ box.token }}"
  become: true

- name: Take it back
  kickbuild.rebuild.rebuild_arm:
    state: disarmed
  become: true
"""

RETURN = r"""
answer:
  description: What the agent answers; C(steps) are what it did, or would do.
  returned: success
  type: dict
id:
  description: The id of the arming. The new system proves itself by it.
  returned: when armed
  type: str
boot_id:
  description: The boot that was running then.
  returned: when armed
  type: str
digest:
  description: The digest of the profile on the drive.
  returned: when armed
  type: str
plan:
  description: What a rebuild would do.
  returned: with I(state=armed)
  type: dict
token:
  description: The token of that plan.
  returned: with I(state=armed)
  type: str
"""
