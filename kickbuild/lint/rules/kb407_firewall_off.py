"""KB407 firewall-off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


_OTHERS = frozenset({"nftables", "iptables", "ip6tables", "ufw", "shorewall", "csf"})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if _has_another(kickstart):
        return
    for line in kickstart.all("firewall"):
        if line.has("--disabled", "--disable"):
            option = "--disabled" if line.has("--disabled") else "--disable"
            yield line.hit("the firewall is switched off", option)


def _has_another(kickstart: Kickstart) -> bool:
    """Return whether another packet filter takes the place of the installer's."""
    for line in kickstart.all("services"):
        enabled = line.option("--enabled")
        if enabled and _OTHERS & {value.removesuffix(".service") for value in enabled.values}:
            return True
    for section in kickstart.sections_of("%post"):
        for command in section.commands:
            words = {word.text.removesuffix(".service") for word in command.arguments}
            if command.name in {"systemctl", "chkconfig"} and words & {"enable", "on"} and words & _OTHERS:
                return True
        if any(file.path in {"/etc/sysconfig/iptables", "/etc/nftables.conf"} for file in section.written):
            return True
    return False


RULE = Rule(
    code="KB407",
    name="firewall-off",
    summary="The firewall is switched off.",
    why="Every service that some package starts can be reached from the whole network, from the first boot on.",
    hint="firewall --enabled --ssh, and the ports that the machine serves",
    levels=levels("W", vm="I"),
    bad=(Example(text="»firewall --disabled\n"), Example(text="»firewall --disable\n", release="rhel6")),
    good=(
        Example(text="firewall --enabled --ssh\n"),
        Example(text="firewall --disabled\nservices --enabled=nftables\n"),
        Example(text="firewall --disabled\n%post\ncat > /etc/sysconfig/iptables <<EOF\n*filter\nEOF\n%end\n"),
    ),
    check=_check,
)
