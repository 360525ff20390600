"""KB207 source-dead-mirror."""

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

#: Hosts of CentOS that answer no more, or only with an error.
_GONE: Final = frozenset({"mirror.centos.org", "mirrorlist.centos.org", "msync.centos.org"})
_FEDORA_HOSTS: Final = frozenset({"dl.fedoraproject.org", "download.fedoraproject.org", "download.fedora.redhat.com"})
#: The last Fedora, and EPEL, that has certainly been moved to the archive.
_LAST_FEDORA: Final = 40
_LAST_EPEL: Final = 7
_FEDORA_TREE: Final = re.compile(r"/(?:releases|updates)/(?:testing/)?(\d{1,2})/")
_EPEL_TREE: Final = re.compile(r"/epel/(?:testing/)?(\d)(?:Server|Client)?/")
_CENTOS_TREE: Final = re.compile(r"/(?:[5678](?:\.[\d.]+)?|8-stream)/")
_VAULT: Final = "https://vault.centos.org keeps the last point releases: 5.11, 6.10, 7.9.2009, 8.5.2111, 8-stream"
_STREAM: Final = (
    "https://mirror.stream.centos.org has the Streams of today, https://vault.centos.org the older releases"
)
_ARCHIVE: Final = "https://archives.fedoraproject.org/pub/archive/ keeps it"


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    by_host: dict[str, tuple[Address, str, str, Severity | None]] = {}
    for address in addresses(kickstart):
        fault = _fault(address, kickstart)
        if fault:
            # Once for each host: what is to be changed is the same in every line.
            by_host.setdefault(address.host, (address, *fault))
    for address, message, hint, severity in by_host.values():
        yield address.statement.hit(message, address.option, hint=hint, severity=severity)


def _fault(address: Address, kickstart: Kickstart) -> tuple[str, str, Severity | None] | None:
    """Return what to say of an address whose server is gone, with the way out; None where it is not."""
    host, path = address.host, address.path
    if host in _GONE:
        return f"{host} has been switched off", _VAULT if kickstart.release.level <= 8 else _STREAM, None
    if not host or address.is_local or address.is_placeholder or "archive" in host + path or "vault" in host + path:
        return None
    epel = _EPEL_TREE.search(path)
    if epel and int(epel[1]) <= _LAST_EPEL and host in _FEDORA_HOSTS:
        return f"EPEL {epel[1]} is no longer on {host}", f"{_ARCHIVE}, in epel/", None
    fedora = _FEDORA_TREE.search(path)
    if fedora and not epel and int(fedora[1]) <= _LAST_FEDORA and "fedora" in host + path:
        # What Fedora's own server has dropped, those that copy it drop too, unless they keep it on purpose.
        severity = None if host in _FEDORA_HOSTS else Severity.INFO
        return f"Fedora {fedora[1]} is no longer on {host}", f"{_ARCHIVE}, in fedora/linux/", severity
    if "centos" in (host + path).lower() and _CENTOS_TREE.search(path) and not host.endswith(".centos.org"):
        return f"{host} probably has this CentOS no more: public mirrors dropped it", _VAULT, Severity.INFO
    return None


RULE = Rule(
    code="KB207",
    name="source-dead-mirror",
    summary="A source or repository is on a server that has been switched off, or that has dropped this release.",
    why="The installation stops as soon as it looks for packages.",
    levels=levels("W"),
    bad=(
        Example(text="»url --url=http://mirror.centos.org/centos/7/os/x86_64/\n", release="centos7"),
        Example(
            text=(
                "»url --url=https://mirror.centos.org/centos/8-stream/BaseOS/x86_64/os/\n"
                "repo --name=a --baseurl=https://mirror.centos.org/centos/8-stream/AppStream/x86_64/os/\n"
                "»repo --name=b --mirrorlist=http://mirrorlist.centos.org/?release=8&arch=$basearch&repo=extras\n"
            ),
            release="rhel8",
        ),
        Example(
            text="»url --url=https://dl.fedoraproject.org/pub/fedora/linux/releases/31/Everything/x86_64/os/\n",
            release="f31",
        ),
        Example(
            text="cdrom\n»repo --name=epel --baseurl=http://dl.fedoraproject.org/pub/epel/6/x86_64/\n", release="rhel6"
        ),
        Example(text="»url --url=http://mirror.example.org/centos/6/os/x86_64/\n", release="rhel6"),
    ),
    good=(
        Example(text="url --url=https://vault.centos.org/7.9.2009/os/x86_64/\n", release="centos7"),
        Example(text="url --url=https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os/\n"),
        Example(text="url --url=http://repo.lan/centos/7/os/x86_64/\n", release="centos7"),
        Example(
            text="url --url=https://archives.fedoraproject.org/pub/archive/fedora/linux/releases/31/Everything/x86_64/os\n",
            release="f31",
        ),
        Example(text="url --mirrorlist=https://mirrors.fedoraproject.org/mirrorlist?repo=fedora-31&arch=$basearch\n"),
        Example(text="repo --name=epel --baseurl=https://dl.fedoraproject.org/pub/epel/9/Everything/x86_64/\n"),
        Example(text="repo --name=puppet --baseurl=https://yum.example.org/el/7/products/x86_64/\n", release="rhel7"),
    ),
    check=_check,
)
