"""KB208 payload-not-verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.payload import Address, addresses
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement

#: Option that switches a check off -> what is no longer checked.
_UNCHECKED = {
    "--noverifyssl": "the server's certificate",
    "--nogpg": "the signature of the commit",
    "--no-signature-verification": "the signature of the image",
}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    found = {id(address.statement): address for address in addresses(kickstart)}
    for line in kickstart.all("url", "repo", "liveimg", "ostreesetup", "ostreecontainer"):
        address = found.get(id(line))
        if address is not None and address.scheme == "file":
            continue  # As much to be trusted as the installer beside it.
        yield from _switched_off(line, address)
        if line.name == "liveimg" and not line.has("--checksum") and address is not None:
            severity = Severity.INFO if address.scheme == "https" and not line.has("--noverifyssl") else None
            yield line.hit("liveimg has no --checksum: whatever image comes is installed", "--url", severity=severity)


def _switched_off(line: Statement, address: Address | None) -> Iterator[Hit]:
    for name, what in _UNCHECKED.items():
        # Over http there is no certificate to look at; KB206 has that.
        if line.has(name) and not (name == "--noverifyssl" and address is not None and address.scheme == "http"):
            yield line.hit(f"with {name} the installer does not check {what}", name)


RULE = Rule(
    code="KB208",
    name="payload-not-verified",
    summary="The installer is told not to check what it installs, or is given nothing to check it by.",
    why="A forged or damaged package or image is installed without a word.",
    hint="have the server's CA trusted (--sslcacert=), sign what is installed, or give its --checksum=",
    levels=levels("W", vm="I"),
    bad=(
        Example(text="»url --url=https://repo.example.org/el9 --noverifyssl\n"),
        Example(text="»liveimg --url=http://images.example.org/el9.img\n"),
        Example(text="»liveimg --url=https://images.example.org/el9.img\n"),
        Example(text="»ostreesetup --osname=os --ref=a/b --url=https://images.example.org/repo --nogpg\n"),
        Example(text="»ostreecontainer --url=quay.io/org/image:latest --no-signature-verification\n"),
    ),
    good=(
        Example(text="url --url=https://repo.example.org/el9\n"),
        Example(text=f"liveimg --url=https://images.example.org/el9.img --checksum={'0' * 64}\n"),
        Example(text="liveimg --url=file:///run/install/repo/el9.img\n"),
        Example(text="ostreesetup --osname=os --ref=a/b --url=file:///run/install/repo/ostree --nogpg\n"),
        Example(text="url --url=http://repo.example.org/el9 --noverifyssl\n"),
    ),
    check=_check,
    since=6,
)
