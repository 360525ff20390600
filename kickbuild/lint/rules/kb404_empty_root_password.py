"""KB404 empty-root-password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shell_words import behind_wrappers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell_words import ShellWord


@dataclass(frozen=True, slots=True)
class _Event:
    """What a script does to root's password."""

    empties: bool
    section: Section
    word: ShellWord


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    yield from _of_commands(kickstart)
    events = [event for section in kickstart.sections_of("%post") for event in _events(section)]
    for index, event in enumerate(events):
        if event.empties and all(later.empties for later in events[index + 1 :]):
            message = "this leaves root without a password"
            yield event.section.hit(event.word.line, message, event.word)


def _of_commands(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("rootpw"):
        if any(word.text == "" for word in line.arguments) and not line.has("--lock"):
            yield line.hit("rootpw gives root an empty password")
    for line in kickstart.all("user"):
        if line.get("--password") == "" and not line.has("--lock"):
            yield line.hit("user gives the account an empty password", "--password")


def _events(section: Section) -> Iterator[_Event]:
    for command in section.commands:
        words = behind_wrappers(command)
        name = words[0].text.rpartition("/")[2] if words else ""
        texts = [word.text for word in words[1:]]
        if name == "chpasswd":
            yield _Event(False, section, words[0])
        if "root" not in texts or name not in {"passwd", "usermod"}:
            continue
        if name == "passwd":
            empties = any(text == "--delete" or re.fullmatch(r"-[a-z]*d[a-z]*", text) for text in texts)
            yield _Event(empties, section, words[0])
        elif any(text in {"-L", "--lock", "-p", "--password"} for text in texts):
            yield _Event("" in texts, section, words[0])


RULE = Rule(
    code="KB404",
    name="empty-root-password",
    summary="root is left with an empty password.",
    why="Anybody at the console is root without being asked, and over the network where sshd allows empty passwords.",
    hint="lock the account instead: rootpw --lock, or `passwd -l root`",
    levels=levels("W", "E"),
    bad=(
        Example(text="%post\n»passwd -d root\n%end\n"),
        Example(text="%post --nochroot\n»chroot /mnt/sysimage passwd --delete root\n%end\n"),
        Example(text="%post\n»usermod -p '' root\n%end\n"),
        Example(text="»rootpw --plaintext ''\n"),
    ),
    good=(
        Example(text="%post\npasswd -d root\npasswd -l root\n%end\n"),
        Example(text="%post\npasswd -d root\n%end\n%post\necho root:x | chpasswd\n%end\n"),
        Example(text="%post\npasswd -d guest\necho passwd -d root\n%end\n"),
        Example(text="rootpw --lock\n"),
    ),
    check=_check,
)
