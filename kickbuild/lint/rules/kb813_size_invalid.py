"""KB813 size-invalid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.layout import place_of, reuses
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement

#: What tells the size otherwise.
_OTHERWISE = ("--recommended", "--hibernation", "--percent", "--onpart", "--usepart", "--start", "--end", "--resize")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("part", "logvol"):
        if line.has_variables or place_of(line) is None:
            continue
        yield from _bounds(line)
        # Of a logical volume without a size the grammar tells.
        if line.name == "part" and not line.number("--size") and not reuses(line) and not line.has(*_OTHERWISE):
            yield from _no_size(line, kickstart.release.level)


def _bounds(line: Statement) -> Iterator[Hit]:
    for option in line.all_options("--size", "--maxsize"):
        if (option.value or "").startswith("-"):
            yield line.hit(f"{option.name}={option.value} is no size", option)
            return
    size, most = line.number("--size"), line.number("--maxsize")
    if most is None:
        return
    if size is not None and most < size:
        yield line.hit(f"--maxsize={most} is less than --size={size}", "--maxsize")
    elif size != most and not line.has("--grow"):
        message = "--maxsize says nothing without --grow: the size stays as it is"
        yield line.hit(message, "--maxsize", severity=Severity.WARNING, hint="add --grow, or remove --maxsize")


def _no_size(line: Statement, level: int) -> Iterator[Hit]:
    place = place_of(line)
    shown = place.text if place else "it"
    given = line.option("--size")
    if given is not None and (given.value or "").strip("0"):
        return  # no number: the grammar tells
    if level < 7 and (given is None or level == 6):
        yield line.hit(f"{shown} has no size, and the installer wants one", given)
    elif not line.has("--grow"):
        # blivet's PartitionDevice.default_size.
        message = f"{shown} has neither --size nor --grow: the installer makes it 500 MiB"
        yield line.hit(message, given, severity=Severity.WARNING)


RULE = Rule(
    code="KB813",
    name="size-invalid",
    summary="A size is missing, or contradicts another one.",
    why="The installer stops at the line, or makes a filesystem of a size that nobody asked for.",
    hint="give --size in MiB, and --grow where it may be more",
    levels=levels("E"),
    bad=(
        Example(text="»part / --size=4096 --grow --maxsize=1024\n"),
        Example(text="»part / --size=4096 --maxsize=8192\n"),
        Example(text="part / --size=4096\n»part swap --size=-512\n"),
        Example(text="»part /boot\npart / --size=4096\n"),
        Example(text="»part /boot --size=0\npart / --grow\n"),
        Example(text="»part / --grow\n", release="rhel6"),
        Example(text="»logvol / --vgname=vg --name=root --size=9000 --grow --maxsize=8000\n"),
    ),
    good=(
        Example(text="part / --size=1 --grow --maxsize=8192\npart swap --recommended\npart /srv --grow\n"),
        Example(text="part swap --size=1024 --maxsize=1024\n"),
        Example(text="part pv.6 --size=0 --grow\n", release="rhel5"),
        Example(text="part / --onpart=sda2\npart /home --onpart=sda3 --noformat\n"),
        Example(text="part / --size=$SIZE\npart swap --size={{ swap }} --grow --maxsize=1\n"),
        Example(
            text="logvol / --vgname=vg --name=root --percent=50\nlogvol /srv --vgname=vg --name=srv --useexisting\n"
        ),
    ),
    check=_check,
)
