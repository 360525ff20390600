"""KB302 missing-reboot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.edits import append, insert_before
from kickbuild.lint.required import is_whole
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Edit, Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not is_whole(kickstart) or kickstart.has("reboot", "poweroff", "shutdown"):
        return
    halt = kickstart.last("halt")
    if halt is None:
        hit = kickstart.hit("nothing says what is to happen at the end: the installer waits for a key")
        yield hit.with_fix(_added(kickstart))
    elif kickstart.release.level >= 7:
        # pyanaconda's ui/tui/spokes/progress.py:133 (RHEL 7), installation_progress.py:144 (9).
        yield halt.hit(
            f"on {kickstart.release.title} the installer waits for a key before it halts",
            hint="write poweroff or reboot",
        )


def _added(kickstart: Kickstart) -> tuple[Edit, ...]:
    """Return the edit that puts ``reboot`` behind the last command before the first section."""
    source = kickstart.source
    first = min((section.line for section in kickstart.sections if section.source is source), default=0)
    lines = [
        line.line
        for line in kickstart.statements
        if line.source is source and line.generated is None and (not first or line.line < first)
    ]
    following = max(lines) + 1 if lines else first
    if not following or following > len(source.document.lines):
        return append(source, "reboot")
    return insert_before(source, following, "reboot")


RULE = Rule(
    code="KB302",
    name="missing-reboot",
    summary="No command says what the machine does when the installation is done.",
    why="The installer shows that it is done and waits for somebody to press a key; the new system never starts.",
    hint="add the line `reboot` (or `poweroff`)",
    levels=levels("I", "W"),
    bad=(
        Example(text="»\nlang en_US.UTF-8\nrootpw --lock\nautopart\n"),
        Example(text="»\nlang en_US.UTF-8\nrootpw --lock\nautopart\n\n# what is installed\n%packages\n@core\n%end\n"),
        Example(text="»\nlang en_US.UTF-8\r\nrootpw --lock\r\nautopart", release="rhel6"),
        Example(text="»\n%packages\n@core\n%end\nlang en_US.UTF-8\nrootpw --lock\nautopart"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\n»halt\n"),
    ),
    good=(
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\nreboot --eject\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\npoweroff\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\nhalt\n", release="rhel6"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\n%include site.ks\n", files={"site.ks": "reboot\n"}),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\n%include http://ks.lan/site.ks\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\n{% include 'end.ks' %}\n"),
        Example(text="part / --size=4096\npart swap --size=512\n"),
        Example(text="part / --size=4096\nnetwork --bootproto=dhcp\n%packages\n@core\n%end\n"),
    ),
    check=_check,
    fixable=True,
)
