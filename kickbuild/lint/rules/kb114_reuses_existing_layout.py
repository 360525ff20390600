"""KB114 reuses-existing-layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.disk_tools import divides_disks
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


_OPTIONS: Final = {
    "btrfs": ("--useexisting", "--noformat"),
    "logvol": ("--useexisting", "--noformat", "--resize"),
    "part": ("--onpart", "--usepart", "--noformat", "--useexisting", "--resize"),
    "raid": ("--useexisting", "--noformat"),
    "volgroup": ("--useexisting", "--noformat"),
}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if any(section.name == "%pre" and divides_disks(section) for section in kickstart.scripts):
        return  # it makes what is used here
    hits = [
        (line, option)
        for line in kickstart.all(*_OPTIONS, "mount")
        if (option := line.option(*_OPTIONS.get(line.name, ()))) or line.name == "mount"
    ]
    if not hits:
        return
    line, option = hits[0]
    others = (
        f", and so do {len(hits) - 1} other lines" if len(hits) > 2 else ", and so does one other" * (len(hits) == 2)
    )
    given = option.name if option else "mount"
    # Once: whoever keeps one partition keeps several.
    yield line.hit(f"{given} works only where the disk is divided so already{others}", option)


RULE = Rule(
    code="KB114",
    name="reuses-existing-layout",
    summary="The layout depends on what is on the disk before.",
    why=(
        "With a new or another disk the partition is not there and the installation stops; where the numbers have "
        "moved, --onpart formats a partition that was to be kept."
    ),
    hint="make the whole layout anew, or name what is kept by LABEL= or UUID=",
    levels=levels("I", "W", vm="-"),
    bad=(
        Example(text="lang en\n»part / --onpart=sda2\npart /home --onpart=sda3 --noformat\n"),
        Example(text="lang en\n»logvol /srv --vgname=data --name=srv --useexisting --noformat\n"),
        Example(text="lang en\n»mount /dev/sda2 /\n", release="rhel8"),
    ),
    good=(
        Example(text="lang en\npart / --size=1 --grow\nlogvol /srv --vgname=data --name=srv --size=1\n"),
        Example(text="lang en\npart / --onpart=sda2\n%pre\nsgdisk -n 1:0:0 /dev/sda\n%end\n"),
    ),
    check=_check,
)
