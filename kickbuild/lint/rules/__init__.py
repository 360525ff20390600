"""The rules, one module each. A code is permanent: a rule that goes leaves its code in ``RETIRED``."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from kickbuild.lint.rule import Rule

_MODULES: Final = (
    "kb101_clearpart_all_disks",
    "kb104_unstable_disk_name",
    "kb301_missing_zerombr",
    "kb401_plaintext_password",
    "kb402_invalid_password_hash",
    "kb403_weak_password_hash",
    "kb404_empty_root_password",
    "kb405_root_ssh_password_login",
    "kb406_selinux_off",
    "kb407_firewall_off",
    "kb408_passwordless_sudo",
    "kb409_well_known_key",
    "kb410_secret_in_file",
    "kb411_remote_code_unverified",
    "kb501_unknown_command",
    "kb502_unknown_option",
    "kb503_command_of_other_releases",
    "kb504_invalid_command",
    "kb505_deprecated_syntax",
    "kb602_section_not_ended",
    "kb701_hash_truncates_value",
    "kb702_unbalanced_quote",
    "kb703_line_continuation",
    "kb704_text_encoding",
    "kb705_merge_conflict_marker",
    "kb706_unrendered_template",
    "kb707_placeholder_value",
    "kb708_include_not_written",
    "kb709_include_unresolved",
    "kb710_include_over_http",
    "kb711_duplicate_command",
    "kb712_too_large",
    "kb713_crlf_line_endings",
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
