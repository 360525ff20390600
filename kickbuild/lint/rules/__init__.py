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
    "kb201_no_install_source",
    "kb202_multiple_sources",
    "kb203_harddrive_unstable_name",
    "kb204_harddrive_bad_dir",
    "kb205_source_url_invalid",
    "kb206_source_plain_http",
    "kb207_source_dead_mirror",
    "kb208_payload_not_verified",
    "kb209_network_source_no_network",
    "kb301_missing_zerombr",
    "kb302_missing_reboot",
    "kb303_missing_required_command",
    "kb304_waits_on_error",
    "kb305_interactive_command",
    "kb306_script_prompts",
    "kb307_script_installer_prompts",
    "kb308_firstboot_waits",
    "kb309_luks_without_passphrase",
    "kb310_conflicting_commands",
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
    "kb412_nobody_can_log_in",
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
    "kb801_no_packages",
    "kb802_environment_wrong_release",
    "kb803_ignore_missing_packages",
    "kb804_package_line_malformed",
    "kb805_package_contradiction",
    "kb806_addon_option_unknown",
    "kb807_no_root_filesystem",
    "kb808_no_boot_partition",
    "kb809_undefined_member",
    "kb810_unused_member",
    "kb811_duplicate_name",
    "kb812_raid_layout",
    "kb813_size_invalid",
    "kb814_partition_too_small",
    "kb815_filesystem_unsupported",
    "kb816_mount_point_invalid",
    "kb817_several_grow",
    "kb819_static_incomplete",
    "kb820_address_invalid",
    "kb821_legacy_nic_name",
    "kb822_timezone_invalid",
    "kb823_lang_invalid",
    "kb824_keyboard_invalid",
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
    return next((rule for rule in RULES if key.lower() in {rule.code.lower(), rule.name}), None) or _missing(key)


def _missing(key: str) -> Rule:
    raise KeyError(key)
