"""KB206 source-plain-http."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import Severity
from kickbuild.lint.payload import addresses
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.payload import Address

_HOST: Final = re.compile(r"[a-z0-9._:-]+")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    by_host: dict[str, list[Address]] = {}
    for address in addresses(kickstart):
        if address.scheme not in {"http", "ftp"} or address.is_placeholder or _is_verified(address):
            continue
        if _HOST.fullmatch(address.host):
            by_host.setdefault(address.host, []).append(address)
    for host, found in by_host.items():
        first = found[0]
        more = f" (here and in {len(found) - 1} more)" if len(found) > 1 else ""
        # The installers up to RHEL 6 cannot talk to today's https servers; a private network is somebody's choice.
        severity = Severity.INFO if kickstart.release.level <= 6 or first.is_local else None
        yield first.statement.hit(
            f"what comes from {host} over {first.scheme} can be changed on its way{more}",
            first.option,
            severity=severity,
        )


def _is_verified(address: Address) -> bool:
    line = address.statement
    return (line.name == "liveimg" and line.has("--checksum")) or (
        line.name == "ostreesetup" and not line.has("--nogpg")
    )


RULE = Rule(
    code="KB206",
    name="source-plain-http",
    summary="Packages or images are fetched without encryption.",
    why=(
        "Whoever sits between the machine and the server decides what is installed, as root: the installer does not "
        "insist on signatures of packages."
    ),
    hint="use https://",
    levels=levels("W"),
    bad=(
        Example(text="»url --url=http://mirror.example.org/el9\n"),
        Example(
            text=(
                "»url --url=http://mirror.example.org/el9\nrepo --name=a --baseurl=http://mirror.example.org/a\n"
                "»repo --name=b --baseurl=ftp://ftp.example.org/b\n"
            )
        ),
        Example(text="»liveimg --url=http://images.lan/el9.img\n"),
        Example(text="»ostreesetup --osname=os --ref=a/b --url=http://images.example.org/repo --nogpg\n"),
    ),
    good=(
        Example(text="url --url=https://mirror.example.org/el9\n"),
        Example(text="url --url=http://{{ server }}/el9\n"),
        Example(text="url --url=http://YOUR_SERVER/el9\n"),
        Example(text=f"liveimg --url=http://images.lan/el9.img --checksum={'0' * 64}\n"),
        Example(text="ostreesetup --osname=os --ref=a/b --url=http://images.example.org/repo\n"),
        Example(text="url --url=https://mirror.example.org/el9 --proxy=http://proxy.example.org:3128\n"),
    ),
    check=_check,
)
