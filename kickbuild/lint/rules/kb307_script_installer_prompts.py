"""KB307 script-installer-prompts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.edits import replace_in_line
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shell_input import fed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kickbuild.lint.hit import Edit, Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell import ShellCommand, ShellWord

_INSTALLERS: Final = frozenset({"yum", "dnf", "dnf-3", "dnf5"})
_ASKING: Final = frozenset(
    {"autoremove", "copr", "distro-sync", "downgrade", "erase", "group", "groupinstall", "groupremove", "groupupdate",
     "install", "localinstall", "localupdate", "module", "reinstall", "remove", "swap", "update", "update-minimal",
     "upgrade", "upgrade-minimal"}
)  # fmt: skip
#: With these a first word of `group`, `module` or `copr` asks nothing.
_SHOWING: Final = frozenset({"list", "info", "summary", "provides", "disable", "search", "mark", "repolist"})
_YES: Final = re.compile(r"-[a-zA-Z]*y[a-zA-Z]*|--assumeyes|--assumeno|--assume-yes|--setopt=assumeyes=.*|--help")
_WRAPPERS: Final = frozenset({"sudo", "env", "nice", "ionice", "time", "nohup"})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.scripts:
        if not section.is_shell or "assumeyes" in section.text:
            continue
        given = fed(section.commands)
        for index, command in enumerate(section.commands):
            words = _unwrapped(command)
            if index not in given and words and _asks(words):
                name = words[0].text.rpartition("/")[2]
                hit = section.hit(command.line, f"{name} without -y asks before it does anything", words[0])
                yield hit.with_fix(_added(section, words[0], name))


def _unwrapped(command: ShellCommand) -> Sequence[ShellWord]:
    """Return the words of a command without what runs it: ``chroot /mnt/sysimage``, ``sudo`` and the like."""
    words = command.words
    if words and command.name == "chroot":
        words = words[2:]
    while words and words[0].text.rpartition("/")[2] in _WRAPPERS:
        words = words[1:]
        while words and (words[0].text.startswith("-") or re.match(r"\w+=", words[0].text)):
            words = words[1:]
    return words


def _asks(words: Sequence[ShellWord]) -> bool:
    if words[0].text.rpartition("/")[2] not in _INSTALLERS:
        return False
    texts = [word.text for word in words[1:]]
    if any(_YES.fullmatch(text) or text.startswith("$") for text in texts):
        return False
    rest = [text for text in texts if not text.startswith("-")]
    if not any(text in _ASKING for text in rest[:2]):
        return False
    return not any(text in _SHOWING for text in rest[:3] if rest[0] in {"group", "module", "copr"})


def _added(section: Section, word: ShellWord, name: str) -> tuple[Edit, ...]:
    text = section.source.line_text(word.line)
    if not text[word.start : word.end].endswith(name):
        return ()
    return replace_in_line(section.source, word.line, word.end, word.end, " -y")


RULE = Rule(
    code="KB307",
    name="script-installer-prompts",
    summary="A script installs or updates packages without -y.",
    why="yum and dnf ask whether it is ok. Nobody answers: the script stands still, or nothing is installed.",
    hint="add -y",
    levels=levels("W"),
    bad=(
        Example(text="%post\n»yum install vim\n»/usr/bin/dnf -q update\n%end\n"),
        Example(text="%post --nochroot\n»chroot /mnt/sysimage dnf install vim\n%end\n"),
        Example(text="%post\nif true; then\n»  LANG=C yum --nogpgcheck groupinstall 'Base' && echo done\nfi\n%end\n"),
        Example(text="%post\n»dnf group install 'Development Tools'\n»dnf module enable nodejs:18\n%end\n"),
    ),
    good=(
        Example(text="%post\nyum -y install vim\ndnf install -qy vim\nyum update --assumeyes\n%end\n"),
        Example(text="%post\nyes | yum install vim\n%end\n"),
        Example(text="%post\nyum $OPTIONS install vim\ndnf clean all\nmicrodnf remove vim\ndnf group list\n%end\n"),
        Example(text="%post\necho 'yum install vim' > /root/todo\n# yum install vim\n%end\n"),
        Example(text="%post\necho assumeyes=1 >> /etc/yum.conf\nyum install vim\n%end\n"),
        Example(text="%packages\nyum\n%end\n"),
    ),
    check=_check,
    fixable=True,
)
