"""KB612 script-reboots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shell import branches, program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.shell import ShellCommand


_ENDS: Final = frozenset({"reboot", "poweroff", "halt", "shutdown"})
_LEVELS: Final = frozenset({"0", "6"})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.scripts:
        if section.name in {"%onerror", "%traceback"}:
            continue
        blocks = branches(section.commands)
        for command, block in zip(section.commands, blocks, strict=True):
            # A %pre that finds something wrong does best to end the installation.
            if section.name.startswith("%pre") and (block or command.after):
                continue
            if _ends(command):
                what = " ".join(word.text for word in command.words)
                message = f"{section.name} runs {what}: the installation is ended before it is whole"
                yield section.hit(command.line, message, command.words[0])


def _ends(command: ShellCommand) -> bool:
    name, arguments = program(command)
    texts = [word.text for word in arguments]
    if name == "systemctl":
        return any(text in _ENDS | {"kexec"} for text in texts) and "enable" not in texts
    if name in {"init", "telinit"}:
        return bool(_LEVELS & set(texts))
    return name in _ENDS and not {"--help", "-w", "--wtmp-only", "-c"} & set(texts)


RULE = Rule(
    code="KB612",
    name="script-reboots",
    summary="A script reboots the machine, or turns it off.",
    why=(
        "The installer's last steps are not done: logs are not copied, file systems are not unmounted, and other "
        "scripts do not run. The commands reboot and poweroff do it at the end."
    ),
    hint="use the kickstart command reboot or poweroff, outside of scripts",
    levels=levels("W"),
    bad=(
        Example(text="%post\necho done\n»reboot\n%end\n"),
        Example(text="%post\n»if true; then systemctl reboot; fi\n%end\n"),
        Example(text="%pre\n»/sbin/shutdown -h now\n%end\n"),
    ),
    good=(
        Example(text="reboot\n%pre\n[ -b /dev/sda ] || reboot -f\nif x; then poweroff; fi\n%end\n"),
        Example(text="%onerror\nreboot\n%end\n%post\ncase $1 in reboot) echo;; esac\necho reboot >> /x\n%end\n"),
    ),
    check=_check,
)
