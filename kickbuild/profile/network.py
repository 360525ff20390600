"""The tables of the network."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from kickbuild.profile.fields import FORMS, Cidrs, Flag, Ips, Mac, Number, Word
from kickbuild.profile.table import Table


class Bond(Table):
    """A bonded interface."""

    devices: tuple[Word, ...] = Field(min_length=1)
    options: Word = "mode=active-backup,miimon=100"


class Interface(Table):
    """One network interface, by name or by MAC address."""

    device: Annotated[str, Field(pattern=FORMS.device)] | None = None
    mac: Mac | None = None
    dhcp: Flag | None = Field(None, description="True by default where no address is given.")
    address: Cidrs = Field((), description="An address with its prefix length, or one IPv4 and one IPv6.")
    gateway: Ips = ()
    dns: Ips = ()
    vlan: Annotated[Number, Field(ge=1, le=4094)] | None = None
    bond: Bond | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        problems: list[str] = []
        if (self.device is None) == (self.mac is None):
            problems.append("takes exactly one of device and mac")
        if self.dhcp and self.address:
            problems.append("has both dhcp = true and an address")
        if self.dhcp is False and not self.address:
            problems.append("has dhcp = false and no address")
        if self.gateway and not self.address:
            problems.append("has a gateway and no address")
        if self.bond and self.mac:
            problems.append("a bond is named by device, not by mac")
        for family, name in ((4, "IPv4"), (6, "IPv6")):
            if sum((":" in a) == (family == 6) for a in self.address) > 1:
                problems.append(f"has more than one {name} address, which kickstart cannot carry")
            if sum((":" in g) == (family == 6) for g in self.gateway) > 1:
                problems.append(f"has more than one {name} gateway")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Network(Table):
    """The network of the new system."""

    hostname: Annotated[str, Field(pattern=FORMS.hostname)] | None = None
    interface: tuple[Interface, ...] = ()
