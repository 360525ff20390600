"""How a value is written into each language that kickbuild emits.

Nothing from a profile, an ISO or a host reaches a shell, a ks.cfg, a grub.cfg or a kernel command line except through
these functions.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

_SAFE_KICKSTART: Final = re.compile(r"[A-Za-z0-9_@%+=:,./~^*-]+")
#: What XML 1.0 cannot carry in any form.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SAFE_GRUB2: Final = re.compile(r"[A-Za-z0-9_@+=:,./-]+")


def control_characters(text: str) -> str:
    """Return the control characters in ``text``, newlines among them: most languages here cannot carry them."""
    return "".join(sorted({c for c in text if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c in "\u2028\u2029"}))


def xml_text(text: str) -> str:
    """Return ``text`` as XML can carry it: what it cannot becomes the sign for that. Who writes it escapes markup."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def kickstart_quote(text: str) -> str:
    r"""Return ``text`` as one word of a kickstart command.

    pykickstart splits with ``shlex.split(line, comments=True)``, so within double quotes only ``\`` and ``"`` are
    special. RHEL 6's loader splits with GLib's shell parser, where ``$`` and `` ` `` may be escaped but need not be.
    Raises ValueError for text with control characters, which a kickstart line cannot carry.
    """
    if control_characters(text):
        raise ValueError(f"{text!r} has control characters, which a kickstart line cannot carry")
    if _SAFE_KICKSTART.fullmatch(text) and not text.startswith("%"):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def shell_quote(text: str) -> str:
    """Return ``text`` as one word of a POSIX shell command. Raises ValueError for a NUL byte."""
    if "\0" in text:
        raise ValueError(f"{text!r} has a NUL byte, which no shell can carry")
    return shlex.quote(text)


def grub2_quote(text: str) -> str:
    """Return ``text`` as one word of GRUB 2's script language, in single quotes where it needs any.

    Within single quotes GRUB 2 takes every character as it is and has no escape, so a single quote ends the quotes,
    stands escaped, and begins them again. Raises ValueError for control characters.
    """
    if control_characters(text):
        raise ValueError(f"{text!r} has control characters, which grub.cfg cannot carry")
    if _SAFE_GRUB2.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def kernel_argument(text: str) -> str:
    r"""Return ``text`` as one kernel argument, quoted as the kernel and dracut 055+ read it when it has a space.

    Raises ValueError for control characters and for double quotes, which the kernel cannot escape.
    """
    if control_characters(text) or '"' in text:
        raise ValueError(f"{text!r} has characters that a kernel argument cannot carry")
    return f'"{text}"' if " " in text else text


def udev_escape(text: str) -> str:
    r"""Return ``text`` as udev writes it into ``/dev/disk/by-label``: anything unusual becomes ``\xNN`` of its UTF-8.

    Source: systemd ``encode_devnode_name``: letters, digits and ``#+-.:=@_`` stay, valid non-ASCII UTF-8 stays.
    """
    keep = "#+-.:=@_"
    return "".join(c if not c.isascii() or c.isalnum() or c in keep else f"\\x{ord(c):02x}" for c in text)
