"""KB405 root-ssh-password-login."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kickbuild.lint.configuration import written_lines
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


_YES = re.compile(r"PermitRootLogin[\s=]+yes\b", re.IGNORECASE)
_KEYS_ONLY = re.compile(r"PasswordAuthentication[\s=]+no\b", re.IGNORECASE)


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    written = [line for section in kickstart.sections_of("%post") for line in written_lines(section)]
    if any(_KEYS_ONLY.match(line.setting) for line in written):
        return
    for line in kickstart.all("rootpw"):
        if line.has("--allow-ssh") and not line.has("--lock"):
            yield line.hit("rootpw lets root log in over ssh with a password", "--allow-ssh")
    for change in written:
        match = _YES.match(change.setting)
        if match:
            yield change.hit("this lets root log in over ssh with a password", match[0])


RULE = Rule(
    code="KB405",
    name="root-ssh-password-login",
    summary="root may log in over ssh with a password.",
    why="Every machine on the network can try passwords against the one account whose name it knows.",
    hint="use an sshkey for root (PermitRootLogin prohibit-password), or a user with sudo",
    levels=levels("W", vm="I"),
    bad=(
        Example(text="»rootpw --allow-ssh --iscrypted $6$salt$" + "a" * 86 + "\n"),
        Example(text="%post\n»echo 'PermitRootLogin yes' >> /etc/ssh/sshd_config\n%end\n"),
        Example(text="%post\n»sed -i 's/^#\\?PermitRootLogin.*/PermitRootLogin yes/' /etc/ssh/sshd_config\n%end\n"),
        Example(text="%post\n»sed -ri 's/^#?(PermitRootLogin).*$/\\1 yes/' /etc/ssh/sshd_config\n%end\n"),
        Example(text="%post\ncat > /etc/ssh/sshd_config.d/01.conf <<EOF\n»PermitRootLogin yes\nEOF\n%end\n"),
    ),
    good=(
        Example(text="%post\nsed -i 's/PermitRootLogin yes/PermitRootLogin no/' /etc/ssh/sshd_config\n%end\n"),
        Example(text="%post\necho 'PermitRootLogin prohibit-password' >> /etc/ssh/sshd_config\n%end\n"),
        Example(text="%post\necho '#PermitRootLogin yes' >> /etc/ssh/sshd_config\n%end\n"),
        Example(
            text="%post\nprintf 'PermitRootLogin yes\\nPasswordAuthentication no\\n' >> /etc/ssh/sshd_config\n%end\n"
        ),
        Example(text="%post\ngrep 'PermitRootLogin yes' /etc/ssh/sshd_config\n%end\n"),
    ),
    check=_check,
)
