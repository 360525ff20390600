"""KB201 no-install-source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.payload import SOURCES
from kickbuild.lint.required import is_whole
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    # From RHEL 8 on a subscribed machine takes its packages from Red Hat's CDN without being told.
    if is_whole(kickstart) and not kickstart.has(*SOURCES, "rhsm"):
        yield kickstart.hit("no command names the installation source")


RULE = Rule(
    code="KB201",
    name="no-install-source",
    summary="No command says where the installation comes from.",
    why=(
        "The installer takes what its boot arguments or the medium it was started from offer; where that is nothing, "
        "it waits for a person to choose."
    ),
    hint="name it: harddrive, cdrom, url or nfs; or give inst.repo= at boot, and ignore this",
    levels=levels("I", "W", vm="-"),
    bad=(Example(text="»\nlang en_US.UTF-8\nrootpw --lock\nautopart\nrepo --name=x --baseurl=https://repo.lan/x\n"),),
    good=(
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\ncdrom\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\n%include /tmp/source.ks\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\n{{ source }}\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nautopart\nostreecontainer --url=quay.io/org/image:1\n"),
    ),
    check=_check,
)
