"""KB101 clearpart-all-disks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.disks import is_virtual, named_disks
from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


_OF_LIVE_IMAGES: Final = frozenset({"anaconda-live", "dracut-live", "livesys-scripts"})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if any(line.has("--only-use", "--drives") for line in kickstart.all("ignoredisk")):
        return
    severity = _severity(kickstart)
    for line in kickstart.all("clearpart"):
        if line.has("--all", "--linux") and not line.has("--drives", "--list"):
            which = "partition" if line.has("--all") else "Linux partition"
            yield line.hit(f"clearpart erases every {which} of every disk that is attached", severity=severity)


def _severity(kickstart: Kickstart) -> Severity | None:
    """Return a lower severity where the hit may be none, or do no harm; never where disks are at stake."""
    if kickstart.profile is not LintProfile.GENERIC:
        return None
    # What is included where nobody can look may have the ignoredisk.
    return None if kickstart.is_complete and not _makes_image(kickstart) else Severity.INFO


def _makes_image(kickstart: Kickstart) -> bool:
    """Return whether the result is plainly an image: its machine lives for one installation and has one disk."""
    disks = {disk.name for line in kickstart.statements for disk in named_disks(line)}
    loader = kickstart.last("bootloader")
    is_without_loader = loader is not None and (loader.get("--location") == "none" or loader.has("--disabled"))
    names = {package.name for package in kickstart.packages if not package.is_excluded}
    return is_without_loader or bool(names & _OF_LIVE_IMAGES) or (bool(disks) and all(map(is_virtual, disks)))


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
