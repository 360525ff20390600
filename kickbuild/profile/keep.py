"""The table of what survives a rebuild: the old system's identity, which the new system gets back."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from kickbuild.profile.fields import Flag
from kickbuild.profile.table import Table


class Keep(Table):
    """What of the old system the new one gets back; it passes through the drive, root-only, and is removed from it."""

    ssh_host_keys: Flag = Field(False, description="The host keys of the ssh server, so that clients still know it.")
    machine_id: Flag = Field(False, description="/etc/machine-id, by which journals, DHCP and inventories know a box.")
    hostname: Flag = Field(False, description="The host name, instead of network.hostname.")
    network: Flag = Field(
        False, description="The network's connection files, instead of network.interface; both releases must read them."
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The keys that are true, in the order of the table."""
        return tuple(name for name in KEPT if getattr(self, name))


#: Everything that can be kept.
KEPT: Final = tuple(Keep.model_fields)
