"""KB101 clearpart-all-disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if any(line.has("--only-use", "--drives") for line in kickstart.all("ignoredisk")):
        return
    for line in kickstart.all("clearpart"):
        if line.has("--all", "--linux") and not line.has("--drives", "--list"):
            which = "partition" if line.has("--all") else "Linux partition"
            yield line.hit(f"clearpart erases every {which} of every disk that is attached")


RULE = Rule(
    code="KB101",
    name="clearpart-all-disks",
    summary="clearpart erases every disk that the installer sees.",
    why=(
        "A data disk, a USB stick or a SAN volume that happens to be attached is erased with the rest. The disk that "
        "holds the installation source keeps only the source's own partition."
    ),
    hint="name the disk: ignoredisk --only-use=DISK, or clearpart --all --drives=DISK",
    levels=levels("W", "E", vm="-"),
    bad=(
        Example(text="zerombr\n»clearpart --all --initlabel\nautopart\n"),
        Example(text="»clearpart --linux\npart / --size=1\n"),
    ),
    good=(
        Example(text="ignoredisk --only-use=disk/by-id/wwn-1\nclearpart --all --initlabel\n"),
        Example(text="clearpart --all --drives=disk/by-id/wwn-1\n"),
        Example(text="clearpart --none\n"),
    ),
    check=_check,
)
