"""KB107 only-use-hides-source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.disks import is_kernel_name, is_virtual, only_used
from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.local_source import local_sources
from kickbuild.lint.payload import SOURCES
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    line = next((line for line in reversed(tuple(kickstart.all("ignoredisk"))) if line.has("--only-use")), None)
    only = only_used(kickstart)
    if line is None or not only:
        return
    hidden = _hidden(kickstart, only)
    if hidden:
        message = f"{kickstart.release.title} cannot install from {hidden} when --only-use hides its disk"
        yield line.hit(message, "--only-use")
        return
    if all(is_virtual(name) for name in only):
        return  # a virtual machine's medium is a real optical drive to it
    if kickstart.has("cdrom"):
        # The installer itself writes the two into anaconda-ks.cfg, and with an optical drive they are right.
        severity = Severity.INFO if kickstart.profile is LintProfile.GENERIC else None
        message = "--only-use hides the medium of `cdrom` when that is a USB drive or a disk"
        yield line.hit(message, "--only-use", severity=severity)
    elif kickstart.profile is LintProfile.REBUILD and kickstart.is_complete and not kickstart.has(*SOURCES):
        yield line.hit("--only-use hides the medium, and no command says where the source is", "--only-use")


def _hidden(kickstart: Kickstart, only: frozenset[str]) -> str:
    """Return the partition of harddrive that the release then loses; empty where it loses none."""
    if not kickstart.release.can.ignoredisk_hides_source or _is_open(only):
        return ""
    for source in local_sources(kickstart):
        if source.statement.name != "harddrive" or source.is_unknown:
            continue
        # A label tells nothing of the disk, nor does a name of a link: then it is one of several, perhaps.
        by_name = is_kernel_name(source.disk) and all(map(is_kernel_name, only))
        if source.disk not in only and (by_name or len(only) == 1):
            return source.device
    return ""


def _is_open(only: frozenset[str]) -> bool:
    return any(is_variable(name) or any(char in name for char in "*?[") for name in only)


RULE = Rule(
    code="KB107",
    name="only-use-hides-source",
    summary="ignoredisk --only-use hides the disk that the installation reads from.",
    why=(
        'An ignored disk is not there for the installer. `cdrom` on a USB drive then stops at "Installation source", '
        "and RHEL 7 to 8.2 lose the partition of harddrive too."
    ),
    hint="name the source: harddrive --partition=LABEL=…; before RHEL 8.3, clearpart --drives instead",
    levels=levels("W", "E", vm="-"),
    bad=(
        Example(text="cdrom\n»ignoredisk --only-use=sda\nclearpart --all\n"),
        Example(text="cdrom\n»ignoredisk --only-use=disk/by-id/wwn-1\n", release="rhel10"),
        Example(text="harddrive --partition=LABEL=DRIVE --dir=/\n»ignoredisk --only-use=sda\n", release="rhel7"),
        Example(text="harddrive --partition=sdb1 --dir=/\n»ignoredisk --only-use=sda,sdc\n", release="rhel8.1"),
        Example(
            text="lang en\ntimezone UTC\n»ignoredisk --only-use=sda\n",
            profile=LintProfile.REBUILD,
        ),
    ),
    good=(
        Example(text="cdrom\nclearpart --all --drives=sda\n"),
        Example(text="cdrom\nignoredisk --only-use=vda\n"),
        Example(text="cdrom\nignoredisk --drives=sdb\n"),
        Example(text="harddrive --partition=LABEL=DRIVE --dir=/\nignoredisk --only-use=sda\n"),
        Example(text="harddrive --partition=sdb1 --dir=/\nignoredisk --only-use=sda,sdb\n", release="rhel7"),
        Example(text="lang en\ntimezone UTC\nurl --url=https://example.org/\nignoredisk --only-use=sda\n"),
    ),
    check=_check,
    since=6,
)
