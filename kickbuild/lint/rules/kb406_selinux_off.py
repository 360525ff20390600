"""KB406 selinux-off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kickbuild.lint.configuration import written_lines
from kickbuild.lint.finding import Severity
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell import ShellCommand


_WRITTEN = re.compile(r"SELINUX\s*=\s*(disabled|permissive)\b")
_ARGUMENT = re.compile(r"(?<![\w.])(selinux|enforcing)=0\b")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("selinux"):
        if line.has("--disabled"):
            yield line.hit("SELinux is switched off", "--disabled")
        elif line.has("--permissive"):
            yield line.hit("SELinux only writes down what it would refuse", "--permissive", severity=Severity.INFO)
    for line in kickstart.all("bootloader"):
        match = _ARGUMENT.search(line.get("--append") or "")
        if match:
            yield line.hit(f"the kernel argument {match[0]} {_does(match[1])}", "--append", severity=_level(match[1]))
    for section in kickstart.sections_of("%post"):
        for change in written_lines(section):
            match = _WRITTEN.match(change.setting)
            if match:
                severity = Severity.INFO if match[1] == "permissive" else None
                yield change.hit(f"this makes SELinux {match[1]}", match[1], severity=severity)
        for command in section.commands:
            yield from _of_command(section, command)


def _of_command(section: Section, command: ShellCommand) -> Iterator[Hit]:
    if command.name != "grubby" or any(word.text.startswith("--remove-args") for word in command.arguments):
        return
    for word in command.arguments:
        match = _ARGUMENT.search(word.text)
        if match:
            message = f"the kernel argument {match[0]} {_does(match[1])}"
            yield section.hit(word.line, message, word, severity=_level(match[1]))


def _does(name: str) -> str:
    return "switches SELinux off" if name == "selinux" else "makes SELinux refuse nothing"


def _level(name: str) -> Severity | None:
    return None if name == "selinux" else Severity.INFO


RULE = Rule(
    code="KB406",
    name="selinux-off",
    summary="SELinux is switched off or made permissive.",
    why=(
        "One fault in one service gives the whole machine away. Files that are made without SELinux have no labels, so "
        "that switching it on later means relabelling everything."
    ),
    hint="selinux --enforcing; where something is refused, write a policy for that one thing",
    levels=levels("W"),
    bad=(
        Example(text="»selinux --disabled\n"),
        Example(text="»selinux --permissive\n"),
        Example(text='»bootloader --location=mbr --append="quiet selinux=0"\n'),
        Example(text="%post\n»sed -i 's/SELINUX=enforcing/SELINUX=disabled/' /etc/selinux/config\n%end\n"),
        Example(text="%post\n»grubby --update-kernel=ALL --args=selinux=0\n%end\n"),
    ),
    good=(
        Example(text="selinux --enforcing\n"),
        Example(text="%post\nsed -i 's/SELINUX=permissive/SELINUX=enforcing/' /etc/selinux/config\n%end\n"),
        Example(text="%post\ngrep SELINUX=disabled /etc/selinux/config\necho '# SELINUX=disabled' >> /x\n%end\n"),
        Example(text='bootloader --append="my.selinux=0 quiet"\n'),
    ),
    check=_check,
)
