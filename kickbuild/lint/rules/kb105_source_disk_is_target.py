"""KB105 source-disk-is-target."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from kickbuild.lint.disks import disk_of, named_disks, named_partitions, plain
from kickbuild.lint.local_source import LocalSource, local_sources, same_filesystem
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.kickstart.document import Word
    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Option, Statement


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    seen: set[tuple[int, int]] = set()
    for source in local_sources(kickstart):
        if source.is_unknown or source.statement.generated is not None:
            continue
        for line in kickstart.statements:
            if line is source.statement:
                continue
            for message, option in _targets(line, source):
                if (id(line), option.start) not in seen:
                    seen.add((id(line), option.start))
                    yield line.hit(message, option)


def _targets(line: Statement, source: LocalSource) -> Iterator[tuple[str, Option | Word]]:
    if source.disk:
        for disk in named_disks(line):
            if not disk.is_variable and _is_on(source.disk, disk.name) and _is_a_target(line, disk.option):
                yield (
                    f"{disk.name} is the disk that is installed from: {source.statement.name} reads {source.device}",
                    disk.option,
                )
    for partition in named_partitions(line):
        if same_filesystem(partition.name, source.device):
            yield f"{partition.name} is the partition that is installed from", partition.option
    if line.name == "mount" and line.arguments and same_filesystem(plain(line.arguments[0].text), source.device):
        yield f"{line.arguments[0].text} is the partition that is installed from", line.arguments[0]


def _is_on(disk: str, name: str) -> bool:
    return any(fnmatchcase(disk, disk_of(piece)) for piece in name.split("|"))


def _is_a_target(line: Statement, option: Option) -> bool:
    if line.name == "ignoredisk":
        # With other disks beside it, it is there to be read from.
        return option.name == "--only-use" and len(option.values) == 1
    if line.name == "clearpart":
        return line.has("--all", "--linux")
    return option.name != "--driveorder"


RULE = Rule(
    code="KB105",
    name="source-disk-is-target",
    summary="A disk that is written to is the one that the installation reads from.",
    why=(
        "The installer spares the one partition that it reads. Everything else on that disk is erased: the kickstart's "
        "own partition, the boot entry, the next release. With the names swapped the installation has eaten its own "
        "rebuild drive, and it works once."
    ),
    hint="install to another disk, or name the source by what it is: harddrive --partition=LABEL=…",
    levels=levels("E"),
    bad=(
        Example(
            text="harddrive --partition=sdb1 --dir=/\n»clearpart --all --drives=sdb\n»part / --size=1 --ondisk=sdb\n"
        ),
        Example(text="harddrive --partition=/dev/nvme0n1p3 --dir=/\n»bootloader --boot-drive=nvme0n1\n"),
        Example(text="harddrive --partition=sda5 --dir=/\n»ignoredisk --only-use=/dev/sda\n"),
        Example(
            text="harddrive --partition=LABEL=DRIVE --dir=/\n»part /srv --onpart=/dev/disk/by-label/DRIVE --noformat\n"
        ),
        Example(
            text="harddrive --partition=disk/by-id/usb-1-part1 --dir=/\n»clearpart --all --drives=disk/by-id/usb-1\n"
        ),
        Example(text="repo --name=x --baseurl=hd:sdb1:/x\n»clearpart --all --drives=sda,sdb\n"),
        Example(text="harddrive --partition=UUID=1 --dir=/\n»mount UUID=1 /srv\n", release="rhel8"),
    ),
    good=(
        Example(
            text="harddrive --partition=sdb1 --dir=/\nclearpart --all --drives=sda\npart / --size=1 --ondisk=sda\n"
        ),
        Example(text="harddrive --partition=sdb1 --dir=/\nignoredisk --drives=sdb\n"),
        Example(
            text="harddrive --partition=sdb1 --dir=/\nignoredisk --only-use=sda,sdb\nclearpart --all --drives=sda\n"
        ),
        Example(text="harddrive --partition=LABEL=DRIVE --dir=/\nclearpart --all --drives=sdb\n"),
        Example(text="harddrive --partition=sdb1 --dir=/\nclearpart --none --drives=sdb\n"),
        Example(text="repo --name=x --baseurl=https://example.org/sdb1\nclearpart --all --drives=sdb\n"),
    ),
    check=_check,
)
