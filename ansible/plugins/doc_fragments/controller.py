# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documentation of every action here says: it is done on the controller, by kickbuild."""

from __future__ import annotations


class ModuleDocFragment:
    """Requirements, and what the attributes mean; how far each goes is the module's to say."""

    DOCUMENTATION = r"""
requirements:
  - kickbuild, in the Python that runs Ansible on the controller
attributes:
  check_mode:
    description: Whether check mode changes nothing and tells what would be.
  diff_mode:
    description: Whether C(--diff) shows what is changed.
"""
