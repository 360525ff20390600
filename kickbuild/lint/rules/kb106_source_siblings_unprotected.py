"""KB106 source-siblings-unprotected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.disks import is_kernel_name, named_disks, only_used
from kickbuild.lint.local_source import LocalSource, local_sources
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.releases.model import Protection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    can = kickstart.release.can
    if not kickstart.is_complete or can.protects is Protection.DISK or can.protects_other_partitions:
        return
    clearing = kickstart.last("clearpart")
    if clearing is None or not clearing.has("--all", "--linux") or clearing.has("--list", "--none"):
        return
    if any(named_disks(clearing, "--drives")):
        return
    for source in local_sources(kickstart):
        if _is_reached(kickstart, source):
            shown = "" if source.is_unknown else f", {source.device}"
            yield clearing.hit(f"clearpart also erases the other partitions of the disk with the source{shown}")
            return


def _is_reached(kickstart: Kickstart, source: LocalSource) -> bool:
    """Return whether clearpart without disks certainly comes to the disk of the source."""
    only = only_used(kickstart)
    if only is not None:
        return bool(source.disk) and source.disk in only
    ignored = {disk.name for line in kickstart.all("ignoredisk") for disk in named_disks(line, "--drives")}
    if not ignored:
        return True
    if not is_kernel_name(source.disk) or not all(is_kernel_name(name) for name in ignored):
        return False  # who knows which disks those are
    return source.disk not in ignored


RULE = Rule(
    code="KB106",
    name="source-siblings-unprotected",
    summary="The disk with the installation source is not kept from clearpart.",
    why=(
        "The installer protects the partition that harddrive names, and nothing else on that disk: the EFI partition, "
        "the partition with the kickstart and the data beside it are removed. The drive boots once."
    ),
    hint="keep the whole disk out: ignoredisk --only-use=TARGET (before RHEL 8.3: clearpart --all --drives=TARGET)",
    levels=levels("I", "E"),
    bad=(
        Example(text="harddrive --partition=LABEL=DRIVE --dir=/\nlang en\n»clearpart --all --initlabel\n"),
        Example(text="harddrive --partition=sdb1 --dir=/\nlang en\nignoredisk --drives=sdc\n»clearpart --linux\n"),
        Example(text="harddrive --partition=sdb1 --dir=/\nlang en\nignoredisk --only-use=sda,sdb\n»clearpart --all\n"),
        Example(text="url --url=hd:UUID=1:/tree\nlang en\n»clearpart --all\n"),
    ),
    good=(
        Example(text="harddrive --partition=LABEL=DRIVE --dir=/\nlang en\nclearpart --all --drives=sda\n"),
        Example(
            text="harddrive --partition=LABEL=DRIVE --dir=/\nlang en\nignoredisk --only-use=sda\nclearpart --all\n"
        ),
        Example(text="harddrive --partition=sdb1 --dir=/\nlang en\nignoredisk --drives=sdb\nclearpart --all\n"),
        Example(text="harddrive --partition=LABEL=DRIVE --dir=/\nlang en\n%include /tmp/x\nclearpart --all\n"),
        Example(text="url --url=https://example.org/\nlang en\nclearpart --all\n"),
        Example(text="cdrom\nlang en\nclearpart --all\n"),
    ),
    check=_check,
)
