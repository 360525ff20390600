"""KB820 address-invalid."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, ip_address, ip_interface
from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.layout import branching_sources, may_both_be
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    seen: dict[str, Statement] = {}
    branching = branching_sources(kickstart)
    for line in kickstart.all("network"):
        yield from _malformed(line)
        yield from _outside(line)
        address = line.get("--ip") or ""
        if _ipv4(address) is None or id(line.source) in branching:
            continue
        first = seen.setdefault(address, line)
        if first is not line and may_both_be(first, line) and first.get("--device") != line.get("--device"):
            yield line.hit(f"{address} is the address of the device in line {first.line} too", "--ip")


def _malformed(line: Statement) -> Iterator[Hit]:
    for name in ("--ip", "--gateway", "--netmask", "--nameserver", "--ipv6", "--ipv6gateway"):
        option = line.option(name)
        values = option.values if option and name == "--nameserver" else (option.value,) if option else ()
        for value in values:
            if value and not is_variable(value):
                problem = _problem(name, value)
                if problem:
                    yield line.hit(f"{name}: {value} {problem}", option)


def _problem(name: str, value: str) -> str:
    if name == "--netmask":
        return "" if _prefix(value) is not None else "is no netmask: it is written like 255.255.255.0"
    if name in {"--ip", "--gateway"}:
        if _ipv4(value) is not None or (name == "--ip" and value in {"dhcp", "bootp", "ibft"}):
            return ""
        without = value.partition("/")[0]
        with_prefix = without != value and _ipv4(without) is not None
        return "has a prefix, which belongs into --netmask" if with_prefix else "is no IPv4 address"
    if name == "--nameserver":
        return "" if _is_address(value) else "is no address"
    if value in {"auto", "dhcp", "ignore"} and name == "--ipv6":
        return ""
    return "" if _is_ipv6(value) else "is no IPv6 address"


def _outside(line: Statement) -> Iterator[Hit]:
    address, prefix = _ipv4(line.get("--ip") or ""), _prefix(line.get("--netmask") or "")
    if address is None or prefix is None or prefix > 30:
        return  # of a net of one or two addresses everything is a part
    network = IPv4Network((int(address), prefix), strict=False)
    if address in {network.network_address, network.broadcast_address}:
        kind = "itself" if address == network.network_address else "'s broadcast address"
        yield line.hit(f"--ip={address} is the net {network}{' ' * (kind == 'itself')}{kind}", "--ip")
    gateway = _ipv4(line.get("--gateway") or "")
    if gateway == address:
        yield line.hit("--gateway is the machine's own address", "--gateway")
    elif gateway is not None and gateway not in network and int(gateway):
        message = f"--gateway={gateway} is outside of the net {network}"
        yield line.hit(message, "--gateway", severity=Severity.WARNING)


def _ipv4(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except AddressValueError:
        return None


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    try:
        found = ip_interface(text.partition("%")[0])
    except ValueError:
        return False
    return isinstance(found, IPv6Address)


def _prefix(mask: str) -> int | None:
    """Return how many bits of a netmask are set; None where it is none, or has holes."""
    address = _ipv4(mask)
    if address is None:
        return None
    bits = f"{int(address):032b}"
    return bits.count("1") if "01" not in bits else None


RULE = Rule(
    code="KB820",
    name="address-invalid",
    summary="A network address is malformed, or contradicts another one.",
    why="The machine comes up without network, and nobody can reach it to mend that.",
    levels=levels("E"),
    bad=(
        Example(text="»network --bootproto=static --ip=192.0.2.300 --netmask=255.255.255.0 --device=eno1\n"),
        Example(text="»network --bootproto=static --ip=192.0.2.10 --netmask=255.0.255.0 --device=eno1\n"),
        Example(text="»network --bootproto=static --ip=192.0.2.10/24 --netmask=255.255.255.0 --device=eno1\n"),
        Example(text="»network --bootproto=static --ip=192.0.2.10 --netmask=255.255.255.0 --gateway=192.0.3.1\n"),
        Example(text="»network --bootproto=static --ip=192.0.2.0 --netmask=255.255.255.0 --device=eno1\n"),
        Example(text="»network --bootproto=dhcp --nameserver=192.0.2.53,192.0.2.1022\n"),
        Example(text="»network --bootproto=dhcp --ipv6=192.0.2.1\n"),
        Example(
            text="network --bootproto=static --ip=192.0.2.10 --netmask=255.255.255.0 --device=eno1\n"
            "»network --bootproto=static --ip=192.0.2.10 --netmask=255.255.255.0 --device=eno2\n"
        ),
    ),
    good=(
        Example(
            text="network --bootproto=static --ip=192.0.2.10 --netmask=255.255.255.0 --gateway=192.0.2.1 "
            "--nameserver=192.0.2.53,2001:db8::53 --ipv6=2001:db8::10/64 --ipv6gateway=fe80::1 --device=eno1\n"
        ),
        Example(
            text="network --bootproto=static --ip=192.0.2.10 --netmask=255.255.255.255 --gateway=198.51.100.1 "
            "--device=eno1\n"
        ),
        Example(text="network --bootproto=dhcp --ipv6=auto\n"),
        Example(text="network --bootproto=static --ip=$IP --netmask={{ mask }} --gateway=@GATEWAY@ --device=eno1\n"),
        Example(
            text="{% if a %}\nnetwork --bootproto=static --ip=192.0.2.10 --netmask=255.255.255.0 --device=eno1\n"
            "{% else %}\nnetwork --bootproto=static --ip=192.0.2.10 --netmask=255.255.255.0 --device=eno2\n"
            "{% endif %}\n"
        ),
    ),
    check=_check,
)
