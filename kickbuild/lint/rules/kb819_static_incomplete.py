"""KB819 static-incomplete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement

#: The device may have no address of its own: its VLANs do.
_CARRIERS = ("--bondslaves", "--bridgeslaves", "--teamslaves")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("network"):
        if any(is_variable(word.text) and not word.text.startswith("--") for word in line.words):
            continue  # a template may put options there
        protocol = (line.get("--bootproto") or "").lower()
        if protocol == "static":
            yield from _missing(line)
        elif not line.has("--bootproto") and line.get("--ip") and kickstart.release.level >= 7:
            # dracut's parse-kickstart and nm_client.py look at --ip only where --bootproto says static.
            message = "--ip without --bootproto=static: the address is ignored, and DHCP gives another one"
            yield line.hit(message, "--ip", severity=Severity.WARNING, hint="add --bootproto=static")


def _missing(line: Statement) -> Iterator[Hit]:
    if line.has("--noipv4", *_CARRIERS) or (line.has("--ipv6") and not line.has("--ip", "--netmask")):
        return
    missing = [option for option in ("--ip", "--netmask") if not line.get(option)]
    if missing:
        yield line.hit(f"--bootproto=static without {' and '.join(missing)}", "--bootproto")


RULE = Rule(
    code="KB819",
    name="static-incomplete",
    summary="A fixed address is asked for and not given, or given and not asked for.",
    why="The machine comes up without network, or with an address that nobody expects it at.",
    hint="give --bootproto=static, --ip, --netmask and, where there is one, --gateway",
    levels=levels("E"),
    bad=(
        Example(text="»network --bootproto=static --device=eno1 --ip=192.0.2.10\n"),
        Example(text="»network --bootproto=static --device=eno1 --nodefroute\n"),
        Example(text="»network --device=eno1 --ip=192.0.2.10 --netmask=255.255.255.0\n"),
    ),
    good=(
        Example(text="network --bootproto=static --device=eno1 --ip=192.0.2.10 --netmask=255.255.255.0\n"),
        Example(text="network --bootproto=dhcp --device=eno1\nnetwork --hostname=box\n"),
        Example(text="network --bootproto=static --noipv4 --ipv6=2001:db8::10/64 --device=eno1\n"),
        Example(text="network --bootproto=static --device=bond0 --bondslaves=eno1,eno2\n"),
        Example(text="network --bootproto=static $ADDRESS\nnetwork --bootproto=static {{ address }}\n"),
        Example(text="network --device=eth0 --ip=192.0.2.10 --netmask=255.255.255.0\n", release="rhel6"),
    ),
    check=_check,
)
