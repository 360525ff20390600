#!/usr/bin/python
# GNU General Public License v2.0 or later (see LICENSE or https://www.gnu.org/licenses/old-licenses/gpl-2.0.txt)
# SPDX-License-Identifier: GPL-2.0-or-later
"""Documentation of an action that runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kickstart_validate
short_description: Find what is wrong with kickstarts
version_added: 0.1.0
description:
  - Runs the rules of C(kickbuild validate) on the controller; no host is reached.
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
  paths:
    description: Files, directories or patterns on the controller. Exactly one of I(paths) and I(content).
    type: list
    elements: path
  content:
    description: The text of a kickstart, as a lookup of C(template) makes it.
    type: str
  release:
    description: The release to judge for, such as C(rhel9); C(auto) finds it out.
    type: str
    default: auto
  profile:
    description: What the kickstart is for.
    type: str
    choices: [generic, rebuild, vm-image, strict]
    default: rebuild
  firmware:
    description: How the machines boot, where that is known.
    type: str
    choices: ["", bios, uefi]
    default: ""
  ignore:
    description: Rules not to run, by code or name.
    type: list
    elements: str
    default: []
  fail_on:
    description: The task fails from this severity on.
    type: str
    choices: [error, warning, info, never]
    default: warning
"""

EXAMPLES = r"""
- name: Judge the kickstarts of the fleet
  kickbuild.rebuild.kickstart_validate:
    paths: [kickstarts]
    release: rhel9
  run_once: true

- name: Judge what a template makes for this host
  kickbuild.rebuild.kickstart_validate:
    content: "{{ lookup('ansible.builtin.template', 'ks.cfg.j2') }}"
"""

RETURN = r"""
report:
  description: What C(kickbuild validate --json) prints, with C(findings) and C(files).
  returned: success
  type: dict
"""
