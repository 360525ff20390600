"""KB112 clearpart-keeps-partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.disk_tools import divides_disks
from kickbuild.lint.finding import LintProfile
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


#: What takes partitions that are there already; rule KB114 is about it.
_REUSING: Final = ("--onpart", "--usepart", "--useexisting", "--noformat", "--onprimary", "--resize")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not kickstart.is_complete or kickstart.has("mount"):
        return
    making = kickstart.first("autopart", "part")
    if making is None or any(line.has(*_REUSING) for line in kickstart.statements):
        return
    if any(line.has("--all", "--linux", "--list") for line in kickstart.all("clearpart")):
        return
    if any(section.name == "%pre" and divides_disks(section) for section in kickstart.scripts):
        return
    clearing = kickstart.last("clearpart")
    if clearing is None:
        # Elsewhere it is nearly always one that makes an image, on a disk that is empty.
        if kickstart.profile not in {LintProfile.REBUILD, LintProfile.STRICT}:
            return
        yield making.hit("nothing is erased: without clearpart a disk that was used before has no room")
    elif clearing.has("--none"):
        yield clearing.hit("clearpart --none erases nothing: a disk that was used before has no room", "--none")
    else:
        yield clearing.hit("clearpart without --all or --linux erases nothing: a disk that was used has no room")


RULE = Rule(
    code="KB112",
    name="clearpart-keeps-partitions",
    summary="New partitions are made and no old one is removed.",
    why=(
        "On a new disk it works. The second installation of the same machine finds no free space and stops at "
        "partitioning."
    ),
    hint="erase the target, and no other disk: clearpart --all --initlabel --drives=DISK",
    levels=levels("I", "W", vm="-"),
    bad=(
        Example(text="lang en\n»clearpart --none --initlabel\nautopart\n"),
        Example(text="lang en\n»part / --size=1 --grow\n", profile=LintProfile.REBUILD),
        Example(text="lang en\n»clearpart --initlabel --drives=sda\nautopart\n"),
    ),
    good=(
        Example(text="lang en\npart / --size=1 --grow\n"),
        Example(text="lang en\nclearpart --all --drives=sda\nautopart\n"),
        Example(text="lang en\nclearpart --list=sda2\nautopart\n"),
        Example(text="lang en\nclearpart --none\npart / --onpart=sda2\npart /home --onpart=sda3 --noformat\n"),
        Example(text="lang en\npart / --size=1\n%pre\nparted -s /dev/sda mklabel gpt\n%end\n"),
        Example(text="lang en\nautopart\n%include /tmp/x\n"),
        Example(text="lang en\nclearpart --none\n"),
    ),
    check=_check,
)
