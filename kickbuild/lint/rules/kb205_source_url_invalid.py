"""KB205 source-url-invalid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.payload import addresses
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.payload import Address

_SCHEMES: Final = frozenset({"http", "https", "ftp", "file", "nfs", "hd", "cdrom", "media"})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for address in addresses(kickstart):
        if not address.is_variable:
            message = _fault(address)
            if message:
                yield address.statement.hit(message, address.option)


def _fault(address: Address) -> str:
    """Return what is wrong with an address, or an empty text."""
    what = f"{address.statement.name} {address.option.name}"
    text = address.text.strip()
    if not text:
        return f"{what} is empty"
    if not address.scheme:
        return f"{what} has no scheme (https://, ftp://, file:///): the installer does not know what to do with it"
    if address.scheme not in _SCHEMES:
        return f"{what} begins with {address.scheme}:, which no installer can fetch from"
    if address.scheme in {"http", "https", "ftp"}:
        if not address.host:
            return f"{what} names no host"
        if address.is_placeholder:
            return f"{what} still has {address.host} in place of a host's name"
    return ""


RULE = Rule(
    code="KB205",
    name="source-url-invalid",
    summary="The address of a source or repository is none that an installer can fetch from.",
    why="The installation stops as soon as the source is looked at, on a console that nobody looks at.",
    hint="write the whole address, with https:// and the host's name",
    levels=levels("E"),
    bad=(
        Example(text="»url --url=mirror.centos.org/centos/7/os/x86_64\n"),
        Example(text="»url --url=REPLACE_ME\n"),
        Example(text="»url --url=http://YOUR_SERVER/el9\n"),
        Example(text="»url --url=http:///el9\n"),
        Example(text="»url --url=htps://mirror.lan/el9\n"),
        Example(text="»repo --name=extra --baseurl=\n"),
        Example(text="»liveimg --url=/run/install/repo/disk.img\n"),
    ),
    good=(
        Example(text="url --url=https://mirror.lan/el9\n"),
        Example(text="url --url=https://dl.rockylinux.org/pub/rocky/9/BaseOS/$basearch/os/\n"),
        Example(text="url --mirrorlist=https://mirrors.example.org/list?repo=os&arch=$basearch\n"),
        Example(text="url --url=$tree\n"),
        Example(text="url --url={{ tree }}\n"),
        Example(text="repo --name=a --baseurl=@TREE-URL@/addon\n"),
        Example(text="url --url=@@tree@@\n"),
        Example(text="url --url http://#TABLE:noderes:$NODE:nfsserver#/install\n"),
        Example(text="repo --name=disk --baseurl=hd:LABEL=REBUILD:/extra\n"),
        Example(text="repo --name=nas --baseurl=nfs:nas.lan:/extra\n"),
        Example(text="repo --name=medium --baseurl=file:///run/install/repo/AppStream\n"),
        Example(text="url --url=http://[2001:db8::1]/el9\n"),
        Example(text="ostreecontainer --url=quay.io/org/image:latest\n"),
    ),
    check=_check,
)
