"""What a box's grub.conf tells about the box: where its /boot is, and which entry is the default.

GRUB legacy has neither search nor quotes, so its entry names the boot partition; the box's other entries know it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_DEVICE: Final = rb"\(hd[0-9]+,[0-9]+\)"
_LINE: Final = re.compile(rb"^[ \t]*([a-z]+)[ \t=]*([^\r\n]*)", re.MULTILINE)
BOOT_PARTITION: Final = re.compile(_DEVICE.decode("ascii"))


@dataclass(slots=True)
class Stanza:
    """One entry that boots Linux: the partition of its kernel, and the kernel's directory (``/boot``, or empty)."""

    title: str
    partition: str = ""
    directory: str | None = None


def parse_stanzas(text: bytes) -> tuple[Stanza, ...]:
    """Return the stanzas, in the order in which GRUB legacy numbers them; those of other systems have no directory."""
    stanzas: list[Stanza] = []
    for line in _LINE.finditer(text):
        command, rest = line[1], line[2].strip()
        if command == b"title":
            stanzas.append(Stanza(rest.decode("utf-8", "backslashreplace")))
        elif stanzas and command == b"root":
            device = re.match(_DEVICE, rest)
            stanzas[-1].partition = device[0].decode("ascii") if device else ""
        elif stanzas and command == b"kernel":
            _read_kernel(stanzas[-1], rest)
    return tuple(stanzas)


def boot_partitions(stanzas: tuple[Stanza, ...]) -> tuple[str, ...]:
    """Return the partitions from which Linux is booted, each once; an empty string where a stanza does not say."""
    return tuple(dict.fromkeys(stanza.partition for stanza in stanzas if stanza.directory is not None))


def boot_prefixes(stanzas: tuple[Stanza, ...], partition: str) -> tuple[str, ...]:
    """Return the directories of the kernels on a partition, each once; of all kernels where none lies on it."""
    kernels = [stanza for stanza in stanzas if stanza.directory is not None]
    here = [stanza for stanza in kernels if stanza.partition == partition] or kernels
    return tuple(dict.fromkeys(stanza.directory or "" for stanza in here))


def default_number(text: bytes) -> int | None:
    """Return the number of the default entry, 0 where none is given, None where the saved one is it."""
    given = _values(text, b"default")
    if not given:
        return 0
    number = re.match(rb"[0-9]{1,9}", given[-1])
    return int(number[0]) if number else None


def fallback_numbers(text: bytes) -> tuple[int, ...]:
    """Return the numbers of the entries that are tried when the default fails."""
    given = _values(text, b"fallback")
    return tuple(int(word) for word in re.findall(rb"[0-9]{1,9}", given[-1])) if given else ()


def _values(text: bytes, command: bytes) -> list[bytes]:
    title = re.search(rb"(?m)^[ \t]*title[ \t=]", text)
    head = text[: title.start()] if title else text
    return [line[2] for line in _LINE.finditer(head) if line[1] == command]


def fill_in(stanza: bytes, partition: str, prefix: str) -> bytes:
    """Return a stanza with the box's own boot partition and directory in the places of ``@BOOT@`` and ``@PREFIX@``."""
    filled = re.sub(rb"(?m)^([ \t]*root[ \t]+)@BOOT@", lambda m: m[1] + partition.encode("ascii"), stanza)
    return re.sub(rb"(?m)^([ \t]*(?:kernel|initrd)[ \t]+)@PREFIX@/", lambda m: m[1] + prefix.encode() + b"/", filled)


def _read_kernel(stanza: Stanza, rest: bytes) -> None:
    words = [word for word in rest.split() if not word.startswith(b"--")]
    match = re.match(rb"(" + _DEVICE + rb")?(/[^ \t]*)", words[0]) if words else None
    if match is None:
        return
    stanza.partition = match[1].decode("ascii") if match[1] else stanza.partition
    stanza.directory = match[2].rpartition(b"/")[0].decode("utf-8", "backslashreplace")
