"""KB408 passwordless-sudo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kickbuild.lint.configuration import written_lines
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


_EVERYTHING = re.compile(r"^\S+\s+\S+\s*=.*\bNOPASSWD\s*:\s*(?:SETENV\s*:\s*)?ALL\b")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.sections_of("%post"):
        for change in written_lines(section):
            if _EVERYTHING.match(change.setting):
                who = change.setting.split()[0]
                yield change.hit(f"{who} may do everything as root without a password", "NOPASSWD")


RULE = Rule(
    code="KB408",
    name="passwordless-sudo",
    summary="An account may do everything as root without being asked for a password.",
    why="Whoever gets into that account, by a forgotten session or a stolen key, is root.",
    hint="let sudo ask for the password, or name the commands that may go without",
    levels=levels("I", "W", vm="-"),
    bad=(
        Example(text="%post\n»echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops\n%end\n"),
        Example(text="%post\ncat > /etc/sudoers.d/ops <<EOF\n»%wheel ALL=(ALL:ALL) NOPASSWD:ALL\nEOF\n%end\n"),
        Example(text="%post\n»echo -e 'ops\\tALL=(ALL)\\tNOPASSWD: ALL' >> /etc/sudoers\n%end\n"),
        Example(
            text="%post\n»sed -i 's/^# *\\(%wheel.*NOPASSWD.*\\)/%wheel ALL=(ALL) NOPASSWD: ALL/' /etc/sudoers\n%end\n"
        ),
    ),
    good=(
        Example(text="%post\necho 'ops ALL=(ALL) NOPASSWD: /usr/bin/systemctl' > /etc/sudoers.d/ops\n%end\n"),
        Example(text="%post\necho '# %wheel ALL=(ALL) NOPASSWD: ALL' >> /etc/sudoers\n%end\n"),
        Example(text="%post\ngrep 'NOPASSWD: ALL' /etc/sudoers\n%end\n"),
    ),
    check=_check,
)
