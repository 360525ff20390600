#!/usr/bin/python
# GNU General Public License v2.0 or later (see LICENSE or https://www.gnu.org/licenses/old-licenses/gpl-2.0.txt)
# SPDX-License-Identifier: GPL-2.0-or-later
"""Documentation of an action that runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reimage_wait
short_description: Wait for a box that rebuilds itself, and have it prove the new system
version_added: 0.1.0
description:
  - Waits until the box has left and is back. Another boot id tells that it has booted, the id in its stamp that it
    is new.
  - A box that comes back with its old system fails the task at once, with the reason that its drive tells.
  - Another host key is believed only where whoever answers bears the stamp of this very arming. No password is sent
    there.
author:
  - The kickbuild authors (@kickbuild)
extends_documentation_fragment:
  - kickbuild.rebuild.controller
  - kickbuild.rebuild.box
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
options:
  id:
    description: The id of the arming.
    type: str
    required: true
  boot_id:
    description: The boot that was running when the box was told to reboot.
    type: str
    required: true
  profile:
    description: The profile that was armed, for messages.
    type: str
    default: ""
  digest:
    description: The digest that the new system's stamp must have; any where it is empty.
    type: str
    default: ""
  keeps_host_keys:
    description: Whether the profile keeps the host keys. Another key is then an error.
    type: bool
    default: false
  leave:
    description: Seconds until the box must have left. One that has not is disarmed.
    type: int
    default: 600
  deadline:
    description: Seconds until the box must be back.
    type: int
    default: 7200
  pause:
    description: Seconds between two looks; they grow to four times that.
    type: float
    default: 5.0
  accept_proven_key:
    description: Whether a host key that proved to be the new system's replaces the old one in I(known_hosts).
    type: bool
    default: true
  known_hosts:
    description: The file of the user's known hosts.
    type: path
    default: ~/.ssh/known_hosts
"""

EXAMPLES = r"""
- name: Wait for the new system
  kickbuild.rebuild.reimage_wait:
    id: "{{ armed.id }}"
    boot_id: "{{ armed.boot_id }}"
    digest: "{{ armed.digest }}"
  become: true
"""

RETURN = r"""
outcome:
  description: C(rebuilt), C(old-system), C(other-host-key), C(other-profile), C(never-left) or C(never-returned).
  returned: always
  type: str
seconds:
  description: How long it took.
  returned: always
  type: int
status:
  description: What the agent of the new system answers to C(status).
  returned: when the box is back
  type: dict
accepted_key:
  description: The fingerprint of a host key that was accepted.
  returned: when one was
  type: str
"""
