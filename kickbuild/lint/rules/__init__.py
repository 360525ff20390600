"""The rules, one module each. A code is permanent: a rule that goes leaves its code in ``RETIRED``."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from kickbuild.lint.rule import Rule

_MODULES: Final = (
    "kb101_clearpart_all_disks",
    "kb104_unstable_disk_name",
    "kb301_missing_zerombr",
    "kb501_unknown_command",
    "kb502_unknown_option",
    "kb503_command_of_other_releases",
    "kb504_invalid_command",
    "kb505_deprecated_syntax",
    "kb506_removed_section",
    "kb507_section_too_new",
    "kb508_release_mismatch",
    "kb509_not_anaconda",
    "kb601_script_syntax",
    "kb602_section_not_ended",
    "kb603_nested_section_marker",
    "kb604_interpreter_missing",
    "kb605_shebang_ignored",
    "kb606_pre_no_erroronfail",
    "kb607_erroronfail_without_set_e",
    "kb608_needs_running_system",
    "kb609_chroot_path_mixup",
    "kb610_include_overwritten",
    "kb611_script_no_log",
    "kb612_script_reboots",
    "kb613_tool_missing_in_pre",
    "kb614_shellcheck",
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
