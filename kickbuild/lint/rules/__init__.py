"""The rules, one module each. A code is permanent: a rule that goes leaves its code in ``RETIRED``."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from kickbuild.lint.rule import Rule

_MODULES: Final = (
    "kb101_clearpart_all_disks",
    "kb102_empty_disk_argument",
    "kb103_unguarded_disk_variable",
    "kb104_unstable_disk_name",
    "kb105_source_disk_is_target",
    "kb106_source_siblings_unprotected",
    "kb107_only_use_hides_source",
    "kb108_disk_glob",
    "kb109_script_wipes_disk",
    "kb110_target_outside_only_use",
    "kb111_nvme_namespace_name",
    "kb112_clearpart_keeps_partitions",
    "kb113_clearpart_conflict",
    "kb114_reuses_existing_layout",
    "kb301_missing_zerombr",
    "kb501_unknown_command",
    "kb502_unknown_option",
    "kb503_command_of_other_releases",
    "kb504_invalid_command",
    "kb505_deprecated_syntax",
    "kb602_section_not_ended",
    "kb901_ignore_without_reason",
    "kb902_unused_ignore",
    "kb903_unknown_ignore",
)
#: Codes that were given once and are never given again.
RETIRED: Final[frozenset[str]] = frozenset()


def _rule(module: str) -> Rule:
    rule = import_module(f"kickbuild.lint.rules.{module}").RULE
    assert isinstance(rule, Rule)
    return rule


RULES: Final[tuple[Rule, ...]] = tuple(_rule(module) for module in _MODULES)


def find_rule(key: str) -> Rule:
    """Return a rule by its code or name. Raises KeyError."""
    return next((rule for rule in RULES if key in {rule.code, rule.name}), None) or _missing(key)


def _missing(key: str) -> Rule:
    raise KeyError(key)
