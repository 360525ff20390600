"""What a kickstart lays out on disks: what is mounted where, what a piece of it is called, and what is made of what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.kickstart.document import Word
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement

#: The commands that make a place for files.
VOLUMES: Final = ("part", "raid", "logvol", "btrfs")
#: What stands where a mount point would, and is none.
NOT_MOUNTED: Final = frozenset({"swap", "none", "None", "biosboot", "prepboot", "appleboot"})
#: Options by which a command takes what is on the disk already.
REUSING: Final = ("--onpart", "--usepart", "--useexisting", "--noformat")
_MEMBER: Final = re.compile(r"(?:pv|raid|btrfs)\.")
_BRANCH: Final = re.compile(r"\{%|<%|%\{[ \t]*(?:if|for)|^[ \t]*#(?:if|else|elif|end if|for|set)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it stands in a command: a member (``pv.01``), a volume group, a mount point."""

    text: str
    statement: Statement
    word: Word


def place_of(statement: Statement) -> Word | None:
    """Return the word where a command of ``VOLUMES`` or ``mount`` says what it makes; None where it is missing."""
    arguments = statement.arguments[1:] if statement.name == "mount" else statement.arguments
    return arguments[0] if arguments else None


def mount_point(statement: Statement) -> str:
    """Return where it is mounted; empty where it is not, or where only a shell knows."""
    place = place_of(statement)
    return place.text if place and place.text.startswith("/") and not is_variable(place.text) else ""


def mount_points(kickstart: Kickstart) -> dict[str, Statement]:
    """Return the first command that mounts something there, by mount point."""
    found: dict[str, Statement] = {}
    for statement in kickstart.all(*VOLUMES, "mount"):
        point = mount_point(statement)
        if point:
            found.setdefault(point, statement)
    return found


def is_member(name: str) -> bool:
    """Return whether a name is one of a partition or array that others are made of."""
    return bool(_MEMBER.match(name))


def defined_members(kickstart: Kickstart) -> Iterator[Name]:
    """Yield the members that ``part``, and ``raid`` below another layer, make."""
    for statement in kickstart.all("part", "raid"):
        place = place_of(statement)
        if place and is_member(place.text):
            yield Name(place.text, statement, place)


def used_members(kickstart: Kickstart) -> Iterator[Name]:
    """Yield the members that ``volgroup``, ``raid`` and ``btrfs`` are made of, and the cache's of ``logvol``."""
    for statement in kickstart.all("volgroup", "raid", "btrfs"):
        for word in statement.arguments[1:]:
            if is_member(word.text):
                yield Name(word.text, statement, word)
    for statement in kickstart.all("logvol"):
        option = statement.option("--cachepvs")
        for value in option.values if option else ():
            if is_member(value):
                yield Name(value, statement, statement.words[0])


def volume_groups(kickstart: Kickstart) -> Iterator[Name]:
    """Yield the volume groups that ``volgroup`` makes or takes."""
    for statement in kickstart.all("volgroup"):
        if statement.arguments:
            yield Name(statement.arguments[0].text, statement, statement.arguments[0])


def reuses(statement: Statement) -> bool:
    """Return whether it takes what is on the disk already."""
    return statement.has(*REUSING)


def is_made_by_hand(kickstart: Kickstart) -> bool:
    """Return whether the kickstart says what is where, instead of leaving it to ``autopart``."""
    return kickstart.has(*VOLUMES, "mount") and not kickstart.has("autopart")


def has_unknown_names(kickstart: Kickstart) -> bool:
    """Return whether a name or member is filled in by a shell or a template engine."""
    return any(statement.has_variables for statement in kickstart.all(*VOLUMES, "volgroup", "mount"))


def branching_sources(kickstart: Kickstart) -> frozenset[int]:
    """Return the ids of the files in which a template engine chooses lines: not all are in one kickstart."""
    return frozenset(id(source) for source in kickstart.sources if _BRANCH.search(source.text))


def may_both_be(one: Statement, other: Statement) -> bool:
    """Return whether two commands surely stand in one kickstart together.

    Two that a script writes may be branches of an ``if``, and of two files one may be meant to overrule the other.
    """
    return one.generated is None and other.generated is None and one.source is other.source


def is_whole(kickstart: Kickstart) -> bool:
    """Return whether a filesystem can be missing: everything is here, and it is more than a piece about disks."""
    return (
        kickstart.is_complete
        and all(section.closed for section in kickstart.sections)
        and (kickstart.has("lang", "rootpw", "timezone", "keyboard") or any(kickstart.sections_of("%packages")))
        and not has_unknown_names(kickstart)
    )


def disk_given(statement: Statement) -> str:
    """Return the disk that a ``part`` line names, without ``/dev/``; empty where it names none."""
    return (statement.get("--ondisk", "--ondrive") or "").removeprefix("/dev/")
