"""KB306 script-prompts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shell_input import asks_terminal, fed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell import ShellCommand

_PYTHON: Final = re.compile(r"(?<![\w.])(?:raw_input|input)\s*\(|sys\.stdin\.read")


def _asks_no_more(command: ShellCommand) -> bool:
    texts = command.texts()
    return any(re.fullmatch(r"-[a-zA-Z]*[tu].*", text) for text in texts)


def _is_read(command: ShellCommand) -> bool:
    return not _asks_no_more(command)


def _is_box(command: ShellCommand) -> bool:
    quiet = {"--infobox", "--gauge", "--tailboxbg", "--version", "--help", "--timeout", "--clear"}
    return bool(command.arguments) and not quiet & {text.partition("=")[0] for text in command.texts()}


def _is_passwd(command: ShellCommand) -> bool:
    return not any(
        text.startswith(("--", "-l", "-u", "-d", "-S", "-n", "-x", "-w", "-i", "-e", "-f")) for text in command.texts()
    )


def _is_bare_shell(command: ShellCommand) -> bool:
    return all(text in {"-i", "-l", "--login"} for text in command.texts())


def _is_bare_chroot(command: ShellCommand) -> bool:
    words = [text for text in command.texts() if not text.startswith("--")]
    return len(words) == 1 and not command.redirections


def _is_keygen(command: ShellCommand) -> bool:
    texts = command.texts()
    return not any(re.match(r"-[a-z]*[NAlRFHyeipsBDrLQkMGTY]", text) for text in texts)


#: Command -> whether this use of it waits for somebody to type, and what to say.
_ASKING: Final[dict[str, tuple[Callable[[ShellCommand], bool], str]]] = {
    "read": (_is_read, "read waits for somebody to type"),
    "select": (lambda command: "in" in command.texts(), "select waits for somebody to choose"),
    "dialog": (_is_box, "dialog waits for somebody to choose"),
    "whiptail": (_is_box, "whiptail waits for somebody to choose"),
    "passwd": (_is_passwd, "passwd asks for a password"),
    "bash": (_is_bare_shell, "bash without a command waits for somebody to type"),
    "sh": (_is_bare_shell, "sh without a command waits for somebody to type"),
    "chroot": (_is_bare_chroot, "chroot without a command starts a shell, which waits for somebody to type"),
    "ssh-keygen": (_is_keygen, "ssh-keygen without -N asks for a passphrase"),
}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.scripts:
        if section.is_shell:
            yield from _in_shell(section)
        elif section.language == "python":
            for line in section.lines:
                found = _PYTHON.search(line.text.partition("#")[0])
                if found:
                    yield section.hit(line.number, "the script waits for somebody to type", found[0])


def _in_shell(section: Section) -> Iterator[Hit]:
    given = fed(section.commands)
    for index, command in enumerate(section.commands):
        asking = _ASKING.get(command.name)
        if asking and asking[0](command) and (index not in given or asks_terminal(command)):
            yield section.hit(command.line, asking[1], command.words[0])


RULE = Rule(
    code="KB306",
    name="script-prompts",
    summary="A script waits for somebody to type something.",
    why="The installation stands still, often on a console that shows nothing of the question.",
    hint="take the answer from /proc/cmdline or a file; with `read -t 30` the script goes on after 30 seconds",
    levels=levels("W", "E"),
    bad=(
        Example(text='%pre\nexec < /dev/tty6 > /dev/tty6 2>&1\nchvt 6\n»read -p "Name of the host? " name\n%end\n'),
        Example(text="%pre\nfor disk in sda sdb; do\n»  read answer\ndone\n%end\n"),
        Example(text="%pre --interpreter=/bin/bash\n»select disk in sda sdb; do break; done\n%end\n"),
        Example(text="%pre\n»dialog --yesno 'Erase it?' 10 40\n%end\n"),
        Example(text="%pre\ncat /etc/hosts | while read line; do\n»  read answer < /dev/tty\ndone\n%end\n"),
        Example(text="%post\n»passwd root\n%end\n"),
        Example(text="%post --nochroot\n»chroot /mnt/sysimage\n%end\n"),
        Example(text="%pre --interpreter=/usr/bin/python3\n»name = input('Name? ')\n%end\n"),
        Example(text="%post\n»ssh-keygen -t ed25519 -f /etc/ssh/key\n%end\n"),
        Example(text="%pre\ncase $1 in\n  a) echo a;;\nesac\n»read answer\n%end\n"),
    ),
    good=(
        Example(text="%pre\nread cmdline < /proc/cmdline\n%end\n"),
        Example(text="%pre\nlsblk -dno NAME | while read -r disk; do\n  echo $disk\ndone\n%end\n"),
        Example(
            text="%pre\nwhile read -r disk; do\n  case $disk in\n    sd*) read x;;\n  esac\ndone < /tmp/disks\n%end\n"
        ),
        Example(text="%pre\nuptime | { read a b; echo $b; }\n%end\n"),
        Example(text="%pre\nread -t 30 answer\n%end\n"),
        Example(text='%pre\nread -r name <<< "$line"\nread a b <<EOF\n1 2\nEOF\n%end\n'),
        Example(text="%post\necho secret | passwd --stdin root\npasswd -l root\n%end\n"),
        Example(text="%post\necho 'read answer' > /root/ask\ncat > /root/more <<'EOF'\nread answer\nEOF\n%end\n"),
        Example(text="%post --nochroot\nchroot /mnt/sysimage <<EOF\nls\nEOF\nchroot /mnt/sysimage ls\n%end\n"),
        Example(text="%post\nssh-keygen -t ed25519 -N '' -f /etc/ssh/key\nssh-keygen -A\n%end\n"),
        Example(text="%post\nsh /root/install.sh\ncurl https://x.lan/y | bash\n%end\n"),
        Example(text="%pre\nexec < /dev/tty6 > /dev/tty6\nchvt 6\necho hello\n%end\n"),
    ),
    check=_check,
)
