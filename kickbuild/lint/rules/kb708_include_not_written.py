"""KB708 include-not-written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.kickstart import Resolution
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.kickstart.document import Word
    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Inclusion, Kickstart
    from kickbuild.lint.section import Section


#: Where the installer mounts its medium: what is there, somebody has put on it.
_MEDIUM = ("/run/install/", "/mnt/install/", "/mnt/source/", "/mnt/cdrom/", "/mnt/isodir/", "/run/initramfs/")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    others = [i for i in kickstart.inclusions if i.is_open and not _is_missing(i)]
    if kickstart.is_fragment or others:
        # What cannot be seen may have the %pre that writes it.
        return
    # A program that a %pre runs may write it.
    severity = Severity.INFO if any(_runs_more(section) for section in kickstart.sections_of("%pre")) else None
    what = "no %pre writes it" if any(kickstart.sections_of("%pre")) else "there is no %pre that could write it"
    for inclusion in kickstart.inclusions:
        if _is_missing(inclusion):
            message = f"{inclusion.path} is not there when it is included: {what}"
            yield inclusion.statement.hit(message, _path(inclusion), severity=severity)


def _runs_more(section: Section) -> bool:
    """Return whether a script runs a program of somebody's own."""
    if not section.is_shell:
        return not section.is_empty
    for command in section.commands:
        words = command.words
        ran = words[0].text if words else ""
        if command.name in {"sh", "bash", "python", "python3", "perl", ".", "source"} and len(words) > 1:
            ran = words[1].text
        if ran.startswith(("/tmp/", "/run/", "/mnt/", "./", "$")):  # noqa: S108 - no file of ours
            return True
    return False


def _is_missing(inclusion: Inclusion) -> bool:
    path = inclusion.path
    is_made = inclusion.is_of_the_run and not path.startswith(_MEDIUM)
    return inclusion.resolution is Resolution.MISSING and is_made and not is_variable(path)


def _path(inclusion: Inclusion) -> Word | None:
    words = inclusion.statement.words
    return words[1] if len(words) > 1 else None


RULE = Rule(
    code="KB708",
    name="include-not-written",
    summary="A file is included that nothing writes.",
    why="The installer stops at the line: a file below /tmp is only there when a %pre of the kickstart has made it.",
    hint="write it in %pre, in every branch; or name it in the configuration's known includes",
    levels=levels("W", "E"),
    bad=(
        Example(text="lang en_US.UTF-8\nrootpw --lock\n»%include /tmp/disks.ks\n"),
        Example(text="lang en_US.UTF-8\nreboot\n»%include /tmp/disks.ks\n%pre\necho zerombr > /tmp/disk.ks\n%end\n"),
    ),
    good=(
        Example(text="lang en_US.UTF-8\nreboot\n%include /tmp/disks.ks\n%pre\necho zerombr > /tmp/disks.ks\n%end\n"),
        Example(text="lang en_US.UTF-8\nreboot\n%include /tmp/a.ks\n%pre\ncurl -o /tmp/a.ks https://x/a\n%end\n"),
        Example(text="lang en_US.UTF-8\nreboot\n%include /run/install/repo/site.ks\n"),
        Example(text="part / --size=1\n%include /tmp/disks.ks\n"),
    ),
    check=_check,
)
