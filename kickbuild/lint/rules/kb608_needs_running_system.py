"""KB608 needs-running-system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shell import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.shell import ShellCommand, ShellWord


_STARTS: Final = frozenset(
    {"condrestart", "force-reload", "isolate", "reload", "reload-or-restart", "restart", "start", "try-restart"}
)
#: Programs that talk to a service of the running system -> what to use instead.
_CLIENTS: Final = {
    "firewall-cmd": "use firewall-offline-cmd, or the firewall command",
    "hostnamectl": "write /etc/hostname, or use network --hostname=",
    "localectl": "use lang and keyboard",
    "loginctl": "",
    "nmcli": "write a file below /etc/NetworkManager/system-connections, or use network",
    "timedatectl": "use timezone",
}
#: What these programs do without that service.
_OFFLINE: Final = {"nmcli": {"--offline", "--version"}, "firewall-cmd": {"--version"}}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.scripts:
        if not section.in_chroot:
            continue
        for command in section.commands:
            found = _needs(command)
            if found:
                what, word, hint = found
                yield section.hit(
                    word.line, f"{what} has no effect here: nothing of the new system is running", word, hint=hint
                )


def _needs(command: ShellCommand) -> tuple[str, ShellWord, str] | None:
    name, arguments = program(command)
    texts = [word.text for word in arguments]
    if not texts:
        return None
    if name == "systemctl" and not any(text.startswith("--root") for text in texts):
        verb = next((word for word in arguments if not word.text.startswith("-")), None)
        if verb is not None and verb.text in _STARTS:
            return f"systemctl {verb.text}", verb, "use systemctl enable: the service starts with the new system"
        now = next((word for word in arguments if word.text == "--now"), None)
        if now is not None and verb is not None and verb.text == "enable":
            return "systemctl enable --now", now, "leave --now out: the service starts with the new system"
    if name == "service" and len(texts) > 1 and texts[1] in _STARTS:
        return f"service {texts[0]} {texts[1]}", arguments[1], "use chkconfig or systemctl enable"
    if name in _CLIENTS and not _OFFLINE.get(name, set()) & set(texts):
        return name, arguments[0], _CLIENTS[name]
    return None


RULE = Rule(
    code="KB608",
    name="needs-running-system",
    summary="A %post asks a service of the new system, which is not running yet.",
    why=(
        "The script runs in a chroot: systemctl says that it ignores the request, and what talks over D-Bus fails or "
        "reaches the installer's own services."
    ),
    levels=levels("W"),
    bad=(
        Example(text="%post\n»systemctl restart sshd\n»systemctl enable --now chronyd\n%end\n"),
        Example(text="%post\n»sudo firewall-cmd --permanent --add-service=http\n»hostnamectl set-hostname x\n%end\n"),
        Example(text="%post\n»service network restart\n%end\n", release="rhel6"),
    ),
    good=(
        Example(text="%post\nsystemctl enable sshd\nsystemctl disable --now x\nservice iptables save\n%end\n"),
        Example(text="%post --nochroot\nsystemctl start sshd\n%end\n"),
        Example(text="%post\necho systemctl start x >> /etc/rc.local\ncat > /x <<E\nnmcli con up a\nE\n%end\n"),
        Example(text="%post\nfirewall-offline-cmd --add-service=http\nsystemctl daemon-reload\n%end\n"),
    ),
    check=_check,
)
