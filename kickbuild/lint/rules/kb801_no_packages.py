"""KB801 no-packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.layout import is_whole
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart

#: Sources that bring a whole system, and modes that install none.
_WITHOUT = ("liveimg", "ostreesetup", "ostreecontainer", "bootc", "rescue", "upgrade")
_SOURCES = ("url", "cdrom", "harddrive", "nfs", "hmc")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not is_whole(kickstart) or any(kickstart.sections_of("%packages")) or kickstart.has(*_WITHOUT):
        return
    source = kickstart.first(*_SOURCES)
    if source is not None:
        yield source.hit("packages come from here, and no %packages section says which")


RULE = Rule(
    code="KB801",
    name="no-packages",
    summary="There is a source of packages and no %packages section.",
    why="The installer stops and asks what to install. An empty section says: the smallest system.",
    hint="add `%packages` with @core or an environment, and `%end`",
    levels=levels("I", "W"),
    bad=(
        Example(text="lang en_US.UTF-8\nrootpw --lock\n»cdrom\nautopart\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\n»harddrive --partition=LABEL=R --dir=/\nautopart\n"),
    ),
    good=(
        Example(text="lang en_US.UTF-8\nrootpw --lock\ncdrom\nautopart\n%packages\n%end\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\nliveimg --url=https://example.org/x.img\nautopart\n"),
        Example(text="lang en_US.UTF-8\nrootpw --lock\ncdrom\n%include /tmp/packages.ks\n"),
        Example(text="cdrom\nreboot\n"),
        Example(
            text="lang en_US.UTF-8\nrootpw --lock\ncdrom\n%include software.ks\n",
            files={"software.ks": "%packages\n@core\n%end\n"},
        ),
    ),
    check=_check,
)
