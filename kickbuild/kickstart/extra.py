"""What may stand in ``kickstart.extra``: lines as they are, but none that could undo the guard."""

from __future__ import annotations

#: Commands that choose, erase or divide disks. They belong to the guard, which knows the one disk.
_DISK_COMMANDS = frozenset(
    {
        "autopart",
        "bootloader",
        "btrfs",
        "clearpart",
        "fcoe",
        "ignoredisk",
        "iscsi",
        "logvol",
        "mount",
        "nvdimm",
        "part",
        "partition",
        "raid",
        "reqpart",
        "snapshot",
        "volgroup",
        "zerombr",
        "zfcp",
        "zipl",
    }
)
_SOURCES = frozenset({"cdrom", "harddrive", "hmc", "liveimg", "nfs", "ostreecontainer", "ostreesetup", "url"})
_SECTIONS_WITH_KEYS = {
    "%packages": "[packages]",
    "%pre": "[[script]]",
    "%post": "[[script]]",
    "%pre-install": "[[script]]",
}


def extra_problems(lines: tuple[str, ...], has_packages: bool) -> list[str]:
    """Return what is wrong with the lines; ``has_packages`` tells whether the ISO can be the source."""
    words = [line.split()[0] for line in lines if line.split() and not line.lstrip().startswith("#")]
    problems = [
        f"{word} chooses or changes disks, which only the guard may do; see [target] and [storage]"
        for word in words
        if word in _DISK_COMMANDS
    ]
    problems += [f"{word} belongs into {_SECTIONS_WITH_KEYS[word]}" for word in words if word in _SECTIONS_WITH_KEYS]
    problems += [
        f"{word} brings lines that nobody can check; write them here"
        for word in words
        if word in {"%include", "%ksappend"}
    ]
    sources = [word for word in words if word in _SOURCES]
    if has_packages:
        problems += [f"{word} is a second source: the ISO on the drive has the packages" for word in sources]
    elif sources != ["url"]:
        problems.append("the ISO holds no packages, so exactly one `url` line here must say where they come from")
    return problems
