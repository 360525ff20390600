# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documentation of every action on a box says."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that all of them take."""

    DOCUMENTATION = r"""
options:
  root:
    description: The box is the system that is mounted on this directory, instead of the one that runs.
    type: str
    default: ""
"""
