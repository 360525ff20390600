"""KB108 disk-glob."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.disks import named_disks
from kickbuild.lint.finding import Severity
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.releases.model import Globs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.statements:
        for disk in named_disks(line):
            if not disk.is_pattern or disk.is_variable:
                continue
            if line.name == "part":
                message = f"{disk.option.name} takes no pattern: no disk is called {disk.name}"
                yield line.hit(message, disk.option, severity=Severity.ERROR)
            elif kickstart.release.can.drive_globs is Globs.LINKS and "/" not in disk.name:
                message = (
                    f"{kickstart.release.title} matches no kernel name with a pattern: no disk is called {disk.name}"
                )
                yield line.hit(message, disk.option, severity=Severity.ERROR)
            else:
                yield line.hit(
                    f"{disk.name} means whichever disks match, and the installer stops where none does", disk.option
                )


RULE = Rule(
    code="KB108",
    name="disk-glob",
    summary="A disk is named by a pattern.",
    why=(
        'A pattern that matches nothing stops the installation ("Disk … given in ignoredisk command does not exist"), '
        'one that matches a second disk erases that too or stops with "More than one match".'
    ),
    hint="let a %pre find the disks and write their names, and fail where they are not the expected ones",
    levels=levels("W", vm="I"),
    bad=(
        Example(text="»ignoredisk --drives=/dev/disk/by-id/usb*\n"),
        Example(text="»clearpart --all --drives=sd?\n»part / --size=1 --ondisk=sd[a-c]\n"),
        Example(text="»clearpart --all --drives=sd*\n", release="rhel6"),
    ),
    good=(
        Example(text="ignoredisk --drives=/dev/disk/by-id/usb-1\nclearpart --all --drives=sda\n"),
        Example(text="clearpart --all --drives=${disks[0]}\n"),
        Example(text="%packages\n*-firmware\n%end\n"),
    ),
    check=_check,
    since=6,
)
