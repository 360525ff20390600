"""A target in words: for plans, manifests and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.units import format_size

if TYPE_CHECKING:
    from kickbuild.profile.model import Target


def target_keys(target: Target) -> dict[str, str]:
    """Return the keys that identify the target, in the profile's words."""
    found: dict[str, str] = {}
    for key, value in target.model_dump(exclude_defaults=True).items():
        found[key] = format_size(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)
    if target.only_other_disk:
        found["only_other_disk"] = "true"
    return found


def target_words(target: Target) -> str:
    """Return the target on one line: ``serial = S1, min_size = 100 GiB``."""
    return ", ".join(f"{key} = {value}" for key, value in target_keys(target).items())
