"""KB107 only-use-hides-source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.disks import is_virtual, only_used
from kickbuild.lint.finding import LintProfile
from kickbuild.lint.local_source import SOURCE_COMMANDS, local_sources
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
    if kickstart.release.can.ignoredisk_hides_source:
        for source in local_sources(kickstart):
            # A label does not tell the disk; with one disk alone it can be on no other.
            is_seen = source.disk in only if source.disk else len(only) > 1
            if source.statement.name == "harddrive" and not source.is_unknown and not is_seen and not _is_open(only):
                release = kickstart.release.title
                yield line.hit(
                    f"{release} cannot install from {source.device} when --only-use hides its disk", "--only-use"
                )
                return
    if all(is_virtual(name) for name in only):
        return  # a virtual machine's medium is a real optical drive to it
    if kickstart.has("cdrom"):
        yield line.hit("--only-use hides the medium of `cdrom` when that is a USB drive or a disk", "--only-use")
    elif kickstart.profile is LintProfile.REBUILD and kickstart.is_complete and not kickstart.has(*SOURCE_COMMANDS):
        yield line.hit("--only-use hides the medium, and no command says where the source is", "--only-use")


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
