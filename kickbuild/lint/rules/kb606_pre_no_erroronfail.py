"""KB606 pre-no-erroronfail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.script_errors import only_tells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


#: Commands that say which disk is erased or used.
_ABOUT_DISKS: Final = ("autopart", "bootloader", "clearpart", "ignoredisk", "logvol", "part", "raid", "volgroup")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    generated = [line.generated for line in kickstart.all(*_ABOUT_DISKS) if line.generated is not None]
    chooses = {(section.source.name, section.line) for section in generated}
    severity = Severity.ERROR if kickstart.profile is LintProfile.REBUILD else Severity.WARNING
    for section in kickstart.sections_of("%pre"):
        if section.header.has("--erroronfail") or section.is_empty or only_tells(section):
            continue
        if (section.source.name, section.line) in chooses:
            message = "%pre writes commands about disks, and when it fails the installation goes on with what it left"
            yield section.header_hit(message, severity=severity)
        else:
            yield section.header_hit("when %pre fails the installation goes on as if it had not")


RULE = Rule(
    code="KB606",
    name="pre-no-erroronfail",
    summary="A %pre may fail without ending the installation.",
    why=(
        "A %pre that could not find its disk, or died half-way, leaves an include that is empty or cut, and the "
        "installer goes on with that. With --erroronfail it ends before any disk is touched."
    ),
    hint="write %pre --erroronfail, and set -e in the script",
    levels=levels("I", "W", vm="-"),
    bad=(
        Example(text="»%pre\nmodprobe foo\n%end\n"),
        Example(text="%include /tmp/d\n»%pre\nd=$(lsblk -dno NAME | head -1)\necho clearpart > /tmp/d\n%end\n"),
    ),
    good=(
        Example(text="%pre --erroronfail\nmodprobe foo\n%end\n"),
        Example(text="%pre\n# nothing\n\n%end\n"),
        Example(text="%pre\necho hello\nsleep 5\n%end\n"),
    ),
    check=_check,
)
