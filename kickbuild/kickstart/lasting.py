"""The kernel arguments of the Rebuild entry that the new system needs as well.

A box that is reached over a serial console alone must have that console when it boots its new system. The installer
passes on only the console that it is shown on, and a few arguments more (anaconda's ``preserved_arguments``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.kickstart.storage import OTHERS, TARGET

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Arguments that an installer of RHEL 6 to 8 reads without a prefix, and dracut's for the network: they are for the
#: installation alone (anaconda docs/boot-options.rst; dracut.cmdline(7)).
_INSTALLERS: Final = frozenset(
    str.split(
        """askmethod asknetwork bond bootdev BOOTIF bridge cmdline dd debug dhcpclass dhcptimeout display dns essid
        ethtool expert gateway graphical headless hostname ifname ip keymap ks ksdevice lang linksleep loglevel lowres
        mediacheck memcheck method multilib nameserver netmask nicdelay noeject noipv4 noipv6 nokill nomount noprobe
        noshell noverifyssl proxy repo rescue resolution serial skipddc sshd stage2 syslog team telnet test text
        updates usefbx virtiolog vlan vnc vncconnect vncpassword vncport wepkey wpakey xdriver"""
    )
)
#: What dracut reads in the new system's own start as well; the rest of its arguments is for the installer's.
_DRACUTS: Final = ("rd.driver.", "rd.znet")


def lasting_arguments(arguments: Iterable[str]) -> list[str]:
    """Return those of the entry's arguments that make sense in the new system, in their order."""
    return [argument for argument in arguments if _lasts(argument)]


def _lasts(argument: str) -> bool:
    name = argument.partition("=")[0]
    if name.startswith("inst.") or name in _INSTALLERS or TARGET in argument or OTHERS in argument:
        return False
    return not name.startswith("rd.") or name.startswith(_DRACUTS)
