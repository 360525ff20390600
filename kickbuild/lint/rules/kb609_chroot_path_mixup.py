"""KB609 chroot-path-mixup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shell import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell import ShellCommand, ShellWord


#: Where the new system, or the source, is seen from outside of the chroot only.
_OUTSIDE: Final = re.compile(r"/mnt/(?:sysimage|sysroot)\b|/run/install/(?:repo|isodir|source)")
#: Commands whose words are text, or that look whether a path is there.
_TEXT: Final = frozenset({"", "[", "[[", "echo", "for", "grep", "logger", "printf", "sed", "test"})
#: Programs that are meant for the new system.
_OF_THE_NEW_SYSTEM_WORDS: Final = """
    alternatives authconfig authselect chage chkconfig chpasswd dnf dracut groupadd grub2-mkconfig
    grub2-set-default grubby passwd restorecon rpm semanage setsebool update-crypto-policies useradd usermod yum
"""
_OF_THE_NEW_SYSTEM: Final = frozenset(_OF_THE_NEW_SYSTEM_WORDS.split())
_ELSEWHERE: Final = re.compile(r"/mnt/|\$|^--?(?:root|installroot|prefix|sysroot|R|r)\b")
_SCRATCH: Final = "/tmp/"  # noqa: S108 - a path in somebody's script
_COPIED: Final = re.compile(rf"{_SCRATCH}?[*\s]")
_QUESTIONS: Final = frozenset({"-V", "--version", "-q", "-qa", "--query"})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    handed_over = _handed_over(kickstart)
    for section in kickstart.scripts:
        if section.in_chroot:
            yield from _outside(section)
            yield from _of_the_installer(section, handed_over)
        elif section.name == "%post":
            yield from _inside(section)


def _outside(section: Section) -> Iterator[Hit]:
    for command in section.commands:
        targets = [redirection.target for redirection in command.redirections]
        for word in [*targets, *(command.words if command.name not in _TEXT else ())]:
            found = _OUTSIDE.search(word.text)
            if found:
                message = f"{found[0]} is not there: this script runs in the new system, whose root is /"
                yield section.hit(word.line, message, word, hint="leave it out, or write %post --nochroot")
                break


def _inside(section: Section) -> Iterator[Hit]:
    # A script that changes its own root, or binds it, knows what it does.
    for command in section.commands:
        name, arguments = program(command)
        texts = [word.text for word in arguments]
        if name not in _OF_THE_NEW_SYSTEM or not texts or _QUESTIONS & set(texts):
            continue
        if not any(_ELSEWHERE.search(text) for text in texts) and command.words[0].text == name:
            message = f"{name} works on the installer's own system here, not on the new one"
            yield section.hit(command.line, message, command.words[0], hint="write chroot /mnt/sysimage before it")


def _handed_over(kickstart: Kickstart) -> frozenset[str]:
    """Return the files below /tmp that a %pre writes and that no other script brings into the new system."""
    written = {file.path for section in kickstart.sections_of("%pre") for file in section.written}
    others = list(kickstart.sections_of("%post", "%pre-install"))
    brought = {path for path in written for section in others if not section.in_chroot and path in section.text}
    copied = any(_COPIED.search(section.text) for section in others if not section.in_chroot)
    made = {file.path for section in others if section.in_chroot for file in section.written}
    return frozenset() if copied else frozenset(path for path in written - brought - made if path.startswith(_SCRATCH))


def _of_the_installer(section: Section, paths: frozenset[str]) -> Iterator[Hit]:
    for command in section.commands:
        if command.name in _TEXT | {"rm"}:
            continue
        word = next((word for word in _read(command) if word.text in paths), None)
        if word is not None:
            message = (
                f"{word.text} is not there: %pre wrote it in the installer, and this script runs in the new system"
            )
            yield section.hit(word.line, message, word, hint="copy it to /mnt/sysimage in a %post --nochroot before")


def _read(command: ShellCommand) -> Iterator[ShellWord]:
    yield from command.words
    yield from (r.target for r in command.redirections if r.operator == "<")


RULE = Rule(
    code="KB609",
    name="chroot-path-mixup",
    summary="A script looks for something on the other side of the chroot.",
    why="The command fails, or does its work on the installer's own system, which is gone afterwards.",
    levels=levels("W"),
    bad=(
        Example(text="%post\n»cp /etc/motd /mnt/sysimage/etc/motd\n»echo x > /mnt/sysroot/etc/issue\n%end\n"),
        Example(text="%post\n»cp /run/install/repo/x /root\n%end\n"),
        Example(text="%post --nochroot\n»dnf -y install vim\n»useradd ann\n%end\n"),
        Example(text="%pre\necho net > /tmp/net.txt\n%end\n%post\n»cp /tmp/net.txt /root\n%end\n"),
    ),
    good=(
        Example(text="%post --nochroot\ncp /etc/x /mnt/sysimage/etc/x\nchroot /mnt/sysimage useradd ann\n%end\n"),
        Example(
            text="%post --nochroot\ndnf --installroot=/mnt/sysimage install x\nrpm --root /mnt/sysimage -e x\n%end\n"
        ),
        Example(text="%post\n%include /run/install/repo/more.sh\n%end\n"),
        Example(text="%post\necho 'see /mnt/sysimage'\n[ -d /mnt/sysimage ] && true\n%end\n"),
        Example(
            text="%pre\necho net > /tmp/n\n%end\n%post --nochroot\ncp /tmp/n /mnt/sysimage/tmp/n\n%end\n"
            "%post\ncp /tmp/n /root\n%end\n"
        ),
        Example(text="%pre\necho net > /tmp/n\n%end\n%post\necho a > /tmp/n\ncat /tmp/n\n%end\n"),
    ),
    check=_check,
)
