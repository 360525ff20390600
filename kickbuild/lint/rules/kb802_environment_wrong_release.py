"""KB802 environment-wrong-release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import Severity
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart, PackageLine

#: Environments of RHEL 7 alone, from its comps, and what newer releases have in their place.
_OF_7: Final = {
    "minimal": "minimal-environment",
    "infrastructure-server-environment": "server-product-environment",
    "file-print-server-environment": "server-product-environment",
    "web-server-environment": "server-product-environment",
    "basic-web-server-environment": "server-product-environment",
    "compute-node-environment": "minimal-environment",
    "developer-workstation-environment": "workstation-product-environment",
    "gnome-desktop-environment": "workstation-product-environment",
}
#: Environments of RHEL 8 and later alone, and what RHEL 7 has in their place.
_SINCE_8: Final = {
    "minimal-environment": "minimal",
    "server-product-environment": "infrastructure-server-environment",
    "workstation-product-environment": "gnome-desktop-environment",
    "custom-environment": "minimal",
}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    release = kickstart.release
    if release.is_fedora:
        return  # the environments of its editions come and go
    for line in kickstart.packages:
        if line.is_excluded or is_variable(line.text):
            continue
        instead = _instead(line, release.level)
        if instead is not None:
            what = f"@^{line.name}" if line.kind == "environment" else f"@{line.name}"
            hint = f"{release.title} has {instead}" if instead else f"{release.title} has no environments: name groups"
            # It is a release's own name, so that a guessed release may well be the wrong one.
            severity = Severity.INFO if release.is_guessed else None
            yield line.hit(f"{release.title} has no {what}", hint=hint, severity=severity)


def _instead(line: PackageLine, level: int) -> str | None:
    """Return what the release has in place of it, empty for nothing; None where it is not known to lack it."""
    if line.kind == "environment":
        if level < 7:
            return ""
        found = (_SINCE_8 if level == 7 else _OF_7).get(line.name)
        return f"@^{found}" if found else None
    if line.kind == "group" and level >= 8 and line.name.lower() == "base":
        return "@standard"
    return None


RULE = Rule(
    code="KB802",
    name="environment-wrong-release",
    summary="An environment or group is asked for that this release does not have.",
    why="The installer stops and asks whether to go on without it, or installs less than what was asked for.",
    levels=levels("W", "E"),
    bad=(
        Example(text="%packages\n»@^minimal\n%end\n"),
        Example(text="%packages\n»@^minimal-environment\n%end\n", release="centos7"),
        Example(text="%packages\n»@^minimal\n%end\n", release="rhel6"),
        Example(text="%packages\n»@base\n%end\n"),
        Example(text="%packages\n»@ Base\n%end\n", release="rocky8"),
    ),
    good=(
        Example(text="%packages\n@^minimal-environment\n@core\n%end\n"),
        Example(text="%packages\n@^minimal\n@base\n%end\n", release="centos7"),
        Example(text="%packages\n@^Server with GUI\n@^graphical-server-environment\n-@base\n%end\n"),
        Example(text="%packages\n@base\n%end\n", release="rhel6"),
        Example(text="%packages\n@^minimal\n@^cloud-server-environment\n%end\n", release="fedora43"),
        Example(text="%packages\n@^{{ environment }}\n%end\n"),
    ),
    check=_check,
)
