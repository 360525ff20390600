"""KB821 legacy-nic-name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if any("net.ifnames=0" in (line.get("--append") or "") for line in kickstart.all("bootloader")):
        return
    for line in kickstart.all("network"):
        for option in line.all_options("--device", "--bondslaves", "--teamslaves", "--bridgeslaves"):
            legacy = next((name for name in option.values if re.fullmatch(r"eth[0-9]+", name)), "")
            if legacy:
                # Once: whoever writes eth0 writes it everywhere.
                yield line.hit(f"{legacy} is no name that {kickstart.release.title} gives a network card", option)
                return


RULE = Rule(
    code="KB821",
    name="legacy-nic-name",
    summary="A network card is called eth0, as before RHEL 7.",
    why=(
        "Since RHEL 7 cards are called by their place, so that the line is about no card, and the machine comes up "
        "without network. Only some virtual machines have an eth0."
    ),
    hint="give --device=link, the MAC address, or the card's new name; or boot with net.ifnames=0, and --append it",
    levels=levels("I", "W", vm="-", strict="W"),
    bad=(
        Example(text="»network --bootproto=dhcp --device=eth0\nnetwork --bootproto=dhcp --device=eth1\n"),
        Example(text="»network --bootproto=dhcp --device=bond0 --bondslaves=eth0,eth1\n"),
    ),
    good=(
        Example(text="network --bootproto=dhcp --device=link\nnetwork --bootproto=dhcp --device=eno1\n"),
        Example(text="network --bootproto=dhcp --device=eth0\n", release="rhel6"),
        Example(text='bootloader --append="quiet net.ifnames=0"\nnetwork --bootproto=dhcp --device=eth0\n'),
    ),
    check=_check,
    since=7,
)
