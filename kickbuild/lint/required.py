"""What installers ask a person for where no command says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.payload import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement

_PARTITIONING: Final = ("part", "autopart", "logvol", "raid", "volgroup", "btrfs", "reqpart", "mount")


def missing_everywhere(kickstart: Kickstart) -> Iterator[tuple[str, str]]:
    """Yield what is missing that every release asks for, each with what to write."""
    if not kickstart.has("timezone"):
        yield "there is no timezone", "add a line such as `timezone Etc/UTC --utc`"
    if not kickstart.has(*_PARTITIONING):
        yield "no command makes partitions (part, autopart, …)", "add autopart, or part lines"
    admins = kickstart.release.level >= 7 and any(_is_admin(line) for line in kickstart.all("user"))
    if not kickstart.has("rootpw") and not admins:
        also = ", or a user in the group wheel" if kickstart.release.level >= 7 else ""
        yield f"there is no rootpw{also}", "add `rootpw --lock` with an administrator's account, or rootpw --iscrypted"


def missing_by_release(kickstart: Kickstart) -> Iterator[tuple[str, str]]:
    """Yield what is missing that only some releases ask for.

    RHEL 5 and 6 show each question that no command answers (loader.c STEP_LANG, STEP_KBD; rhel6-branch
    kickstart.py:1765-1785). From RHEL 7 on text mode has defaults for language and keyboard, graphical mode has not
    (rhel-9 ui/gui/spokes/keyboard.py:340-351).
    """
    old = kickstart.release.level <= 6
    if old or not kickstart.has("text", "cmdline"):
        where = "" if old else " in graphical mode"
        if not kickstart.has("lang"):
            yield f"there is no lang{where}", "add a line such as `lang en_US.UTF-8`"
        if not kickstart.has("keyboard"):
            yield f"there is no keyboard{where}", "add a line such as `keyboard us`"
    if old and not kickstart.has("bootloader"):
        yield "there is no bootloader", "add a line such as `bootloader --location=mbr`"


def is_whole(kickstart: Kickstart) -> bool:
    """Return whether a kickstart is complete and meant to install by itself.

    A piece that a tool adds the rest to, such as an image builder's, names no source and no display mode and lacks most
    of what every release asks for.
    """
    if not kickstart.is_complete:
        return False
    if kickstart.has(*SOURCES, "text", "cmdline", "graphical"):
        return True
    return sum(1 for _ in missing_everywhere(kickstart)) < 2


def _is_admin(line: Statement) -> bool:
    option = line.option("--groups")
    groups = [group.partition("(")[0].strip() for group in option.values] if option else []
    return line.has_variables or ("wheel" in groups and not line.has("--lock"))
