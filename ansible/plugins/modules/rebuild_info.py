#!/usr/bin/python
# GNU General Public License v2.0 or later (see LICENSE or https://www.gnu.org/licenses/old-licenses/gpl-2.0.txt)
# SPDX-License-Identifier: GPL-2.0-or-later
"""Documentation of an action that runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rebuild_info
short_description: Tell whether a box can reimage itself from its rebuild drive
version_added: 0.1.0
description:
  - Asks kickbuild's agent on a box what is armed, what came of the last rebuild, and everything that a rebuild needs.
  - It changes nothing. The box needs no Python; the agent is put into a temporary directory and run by its sh.
  - A box that is not ready is no failure; C(ready) tells.
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
  profile:
    description: The profile on the drive, where it holds several.
    type: str
    default: ""
  full:
    description: Read the whole ISO on the drive, instead of judging it by its size.
    type: bool
    default: false
  check:
    description: Whether to look at everything that a rebuild needs, beside what is armed.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Look at the box
  kickbuild.rebuild.rebuild_info:
  become: true
  register: box

- name: Say why it cannot be rebuilt
  ansible.builtin.debug:
    msg: "{{ box.check.findings | selectattr('severity', 'eq', 'error') | map(attribute='message') }}"
  when: not box.ready
"""

RETURN = r"""
status:
  description: What the agent answers to C(status), as one object.
  returned: success
  type: dict
check:
  description: What the agent answers to C(check); C(findings) have C(id), C(severity), C(message) and C(hint).
  returned: with I(check)
  type: dict
plan:
  description: What a rebuild would do.
  returned: with I(check)
  type: dict
ready:
  description: Whether no check found an error.
  returned: with I(check)
  type: bool
token:
  description: Stands for the plan; another one as soon as anything in it is different.
  returned: with I(check)
  type: str
"""
