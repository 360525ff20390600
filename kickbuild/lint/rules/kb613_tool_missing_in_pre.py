"""KB613 tool-missing-in-pre."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.installer_tools import missing_tool
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shell import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section


_ASKS: Final = frozenset({"command", "hash", "type", "which"})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.scripts:
        if section.in_chroot or not section.commands:
            continue
        told: set[str] = set()
        for command in section.commands:
            for name in dict.fromkeys((command.name, program(command)[0])):
                instead = missing_tool(name, kickstart.release.level)
                if instead is None or name in told or "$" in command.words[0].text or _is_guarded(section, name):
                    continue
                told.add(name)
                word = next((word for word in command.words if word.text.rpartition("/")[2] == name), command.words[0])
                message = f"the installer of {kickstart.release.title} has no {name}, and {section.name} runs in it"
                yield section.hit(word.line, message, word, hint=instead)


def _is_guarded(section: Section, name: str) -> bool:
    """Return whether a script asks whether the program is there, or has a function of that name."""
    for command in section.commands:
        if command.defines == name or (command.name == "function" and name in command.texts()):
            return True
        if command.name in _ASKS and name in command.texts():
            return True
        if command.name in {"[", "test", "[["} and any(re.search(rf"/{re.escape(name)}$", t) for t in command.texts()):
            return True
    return False


RULE = Rule(
    code="KB613",
    name="tool-missing-in-pre",
    summary="A script that runs in the installer calls a program that this release's installer does not have.",
    why=(
        "The command fails and its answer is empty: a disk that was looked for with it is not found, or is the wrong "
        "one. On an installed system, where such scripts are tried out, the program is there."
    ),
    levels=levels("W", "E"),
    bad=(
        Example(text="%pre\n»d=$(findfs LABEL=data)\necho $d\n%end\n"),
        Example(text="%pre\n»lsblk -n\nlsblk\n%end\n", release="rhel6"),
        Example(text="%pre\n»timeout 5 dd if=/dev/sda of=/dev/null\n»python -c 'print(1)'\n%end\n"),
        Example(text="%post --nochroot\n»findmnt /mnt/sysimage\n%end\n", release="rhel7"),
    ),
    good=(
        Example(text="%pre\nlsblk -n\nfindmnt /x\nblkid -L data\npython3 -c 1\n%end\n"),
        Example(text="%post\nfindfs LABEL=data\n%end\n%post --nochroot\nchroot /mnt/sysimage nproc\n%end\n"),
        Example(text="%pre\nif command -v findfs; then findfs LABEL=a; fi\n[ -x /usr/bin/nproc ] && nproc\n%end\n"),
        Example(text="%pre\nnproc() { echo 1; }\nnproc\necho findfs\n# findfs\n%end\n"),
    ),
    check=_check,
)
