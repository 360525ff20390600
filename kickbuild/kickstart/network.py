"""The network commands of a kickstart."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from kickbuild.quoting import kickstart_quote

if TYPE_CHECKING:
    from kickbuild.profile.network import Interface, Network
    from kickbuild.releases.model import Capabilities


def network_lines(network: Network, can: Capabilities) -> list[str]:
    """Return one ``network`` command for each interface; the host name rides on the first."""
    hostname = f" --hostname={kickstart_quote(network.hostname)}" if network.hostname else ""
    lines = [_interface(interface) for interface in network.interface]
    if lines:
        lines[0] += hostname
    elif hostname:
        # RHEL 6 takes a bare --hostname for the first device and needs to be told how that one gets its address.
        lines = [f"network{hostname}" if can.hostname_alone else f"network --bootproto=dhcp --onboot=yes{hostname}"]
    return lines


def network_problems(network: Network, can: Capabilities) -> list[tuple[int, str]]:
    """Return what the release cannot do, with the number of the interface."""
    problems: list[tuple[int, str]] = []
    for index, interface in enumerate(network.interface):
        if (interface.bond or interface.vlan) and not can.bonds_offline:
            problems.append(
                (index, f"{can.family} sets up bonds and VLANs only where it can reach the network, and waits if not")
            )
        if any(":" in gateway for gateway in interface.gateway) and not can.ipv6_gateway:
            problems.append((index, f"{can.family} has no option for an IPv6 gateway"))
    return problems


def _interface(interface: Interface) -> str:
    words = ["network", f"--device={kickstart_quote(interface.device or interface.mac or '')}"]
    if interface.bond:
        words.append(f"--bondslaves={kickstart_quote(','.join(interface.bond.devices))}")
        words.append(f"--bondopts={kickstart_quote(interface.bond.options)}")
    if interface.vlan:
        words.append(f"--vlanid={interface.vlan}")
    words += _addresses(interface)
    if interface.dns:
        words.append(f"--nameserver={','.join(interface.dns)}")
    words.append("--onboot=yes")
    return " ".join(words)


def _addresses(interface: Interface) -> list[str]:
    if not interface.address:
        return ["--bootproto=dhcp"]
    words: list[str] = []
    v4 = next((ipaddress.IPv4Interface(a) for a in interface.address if ":" not in a), None)
    v6 = next((a for a in interface.address if ":" in a), None)
    if v4:
        words += ["--bootproto=static", f"--ip={v4.ip}", f"--netmask={v4.netmask}"]
        words += [f"--gateway={gateway}" for gateway in interface.gateway if ":" not in gateway]
    else:
        words.append("--noipv4")
    if v6:
        words.append(f"--ipv6={v6}")
        words += [f"--ipv6gateway={gateway}" for gateway in interface.gateway if ":" in gateway]
    return words
