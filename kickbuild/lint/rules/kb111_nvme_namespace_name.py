"""KB111 nvme-namespace-name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.disks import disk_of, named_disks, named_partitions, plain
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.kickstart.document import Word
    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Option, Statement


_LATER_NAMESPACE: Final = re.compile(r"nvme(\d+)n(?:[2-9]|[1-9]\d+)")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.statements:
        for name, option in _named(line):
            match = _LATER_NAMESPACE.fullmatch(disk_of(name))
            if match:
                other = int(match[1]) + 1
                yield line.hit(
                    f"{match[0]} is a second namespace of the drive nvme{match[1]}, which few drives have; "
                    f"a second drive is nvme{other}n1",
                    option,
                )
                break


def _named(line: Statement) -> Iterator[tuple[str, Option | Word]]:
    for disk in (*named_disks(line), *named_partitions(line)):
        yield disk.name, disk.option
    partition = line.option("--partition") if line.name == "harddrive" else None
    if partition is not None:
        yield plain(partition.value or ""), partition
    if line.name == "mount" and line.arguments:
        yield plain(line.arguments[0].text), line.arguments[0]


RULE = Rule(
    code="KB111",
    name="nvme-namespace-name",
    summary="The name of an NVMe namespace stands where a second drive is meant.",
    why=(
        "In nvme0n1 the first number is the drive. nvme0n2 is no second drive but a second part of the first one, and "
        "where there is none the installer stops."
    ),
    hint="count the first number up: nvme1n1; better, name the drive by /dev/disk/by-id/…",
    levels=levels("W", "E"),
    bad=(
        Example(text="clearpart --all --drives=nvme0n1\n»part /srv --size=1 --ondisk=nvme0n2\n"),
        Example(text="»ignoredisk --only-use=/dev/nvme0n1,/dev/nvme0n2\n»harddrive --partition=nvme0n2p1 --dir=/\n"),
    ),
    good=(
        Example(text="clearpart --all --drives=nvme0n1,nvme1n1\npart / --size=1 --onpart=nvme0n1p2\n"),
        Example(text="clearpart --all --drives=disk/by-id/nvme-X_n2\n"),
    ),
    check=_check,
    since=7,
)
