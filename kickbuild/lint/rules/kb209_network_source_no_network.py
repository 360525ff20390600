"""KB209 network-source-no-network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.payload import addresses, sources
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not kickstart.is_complete or kickstart.has("network"):
        return
    remote = {id(a.statement) for a in addresses(kickstart) if a.scheme in {"http", "https", "ftp"}}
    line = next((line for line in sources(kickstart) if id(line) in remote or _is_remote(line)), None)
    if line is not None:
        # RHEL 6 asks for the network; from 7 on a source on it makes every interface try DHCP.
        old = kickstart.release.level <= 6
        way = "the installer asks for one" if old else "it is reached only where DHCP answers"
        yield line.hit(
            f"the source is on the network and there is no network line: {way}",
            severity=Severity.WARNING if old else None,
        )


def _is_remote(line: Statement) -> bool:
    return line.name == "nfs" or (line.name == "ostreecontainer" and line.get("--transport") in {None, "registry"})


RULE = Rule(
    code="KB209",
    name="network-source-no-network",
    summary="The installation source is on the network, and no command configures the network.",
    why="Where the network has no DHCP, or several interfaces, the source is not found and the installer waits.",
    hint="add a network line, such as `network --bootproto=dhcp --device=link`; or give ip= at boot, and ignore this",
    levels=levels("I", "W", vm="-"),
    bad=(
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\n»url --url=https://repo.lan/el9\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\n»nfs --server=nas --dir=/el6\n", release="rhel6"),
    ),
    good=(
        Example(
            text="lang en_US.UTF-8\nrootpw --lock\nautopart\nnetwork --bootproto=dhcp\nurl --url=https://r.lan/9\n"
        ),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\ncdrom\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\nliveimg --url=file:///run/install/repo/a.img\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\n%include /tmp/net.ks\nurl --url=https://repo.lan/el9\n"),
    ),
    check=_check,
    since=6,
)
