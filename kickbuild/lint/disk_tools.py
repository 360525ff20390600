"""Commands of scripts that erase, divide or format disks, and the disks that they do it to."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from kickbuild.lint.disks import disk_of, is_kernel_name
from kickbuild.lint.shell import expanded, program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kickbuild.lint.section import Section
    from kickbuild.lint.shell import ShellCommand, ShellWord

#: Program -> what must be among its words for it to write; empty where it always does.
_WRITING: Final = {
    "badblocks": r"-\w*[wn]\w*",
    "blkdiscard": "",
    "cryptsetup": r"luksFormat|erase|luksErase",
    "hdparm": r"--security-erase(?:-enhanced)?|--trim-sector-ranges.*",
    "lvremove": "",
    "mdadm": r"--zero-superblock|--create|-C",
    "mkdosfs": "",
    "mke2fs": "",
    "mkfs": "",
    "mkswap": "",
    "nvme": r"format|sanitize|delete-ns",
    "parted": r"(?:.*\s)?(?:mklabel|mktable|mkpart|mkpartfs|rm|resizepart)(?:\s.*)?",
    "pvcreate": "",
    "pvremove": "",
    "sfdisk": "",
    "fdisk": "",
    "sgdisk": r"-\w*[ZzondNglRGmt].*|--(?:zap|clear|new|delete|largest-new|load-backup|mbrtogpt|typecode).*",
    "shred": "",
    "vgremove": "",
    "wipefs": r"-\w*[aot].*|--all|--offset.*|--types.*",
}
#: Program -> what makes it only look.
_LOOKING: Final = {
    "fdisk": r"-\w*[lsvV].*|--(?:list|getsz|version|help).*",
    "sfdisk": r"-\w*[ldsgTVJvh]|--(?:list|dump|json|show|verify|version|help).*",
    "mke2fs": r"-n",
    "wipefs": r"-\w*n\w*|--no-act",
}
_NAMES_OF_VOLUMES: Final = frozenset({"lvremove", "vgremove"})
#: Programs that print names of disks or volumes, and those that choose among lines.
_LISTS: Final = re.compile(
    r"\b(?:lsblk|list-harddrives|ls|find|blkid|(?:pv|vg|lv)(?:s|scan)|/proc/partitions|fdisk|sfdisk)\b"
)
_CHOOSES: Final = re.compile(r"\b(?:head|tail|jq|sort|select|serial|if|-m ?1)\b|==|!=|!~|grep -\w*v|by-id|by-path|wwn")
#: Loops around a command, and words of one, that are looked at.
_MOST: Final = 32
_MOST_WRITES: Final = 1000
#: A script that has none of these destroys nothing that is known here.
_ANY: Final = re.compile(r"/dev/|" + "|".join(_WRITING))


@dataclass(frozen=True, slots=True)
class DiskWrite:
    """One command that destroys what is on a disk.

    ``device`` is what it names, without ``/dev/``: variables of one value are filled in, and the variable of a loop is
    what the loop goes over. ``sweeps`` where that is every disk, or whichever match.
    """

    section: Section
    program: str
    word: ShellWord
    device: str
    sweeps: bool

    @property
    def disk(self) -> str:
        """The disk that the device is or is on."""
        return disk_of(self.device)

    @property
    def is_by_order(self) -> bool:
        """Whether the order in which the kernel finds disks decides which one it is."""
        return not self.sweeps and is_kernel_name(self.disk)


def disk_writes(section: Section) -> Iterator[DiskWrite]:
    """Yield the commands of a shell script that destroy what is on a disk, where that disk can be told."""
    if section.is_script and _ANY.search(section.text):
        yield from islice(_Writes(section).found(), _MOST_WRITES)


def divides_disks(section: Section) -> bool:
    """Return whether a script has a command that writes to a disk, of whatever name."""
    return any(
        _writes(name, words) and name not in _NAMES_OF_VOLUMES for name, words in map(program, section.commands)
    ) or (not section.is_shell and bool(re.search(r"\b(?:parted|sgdisk|sfdisk|wipefs|mkfs)\b", section.text)))


class _Writes:
    def __init__(self, section: Section) -> None:
        self._section = section
        self._lists: dict[str, str] = {}
        for command in section.commands:
            for word in command.assignments:
                name, _, value = word.text.partition("=")
                # Assigned twice: nobody knows which it is.
                self._lists[name] = value if name not in self._lists else ""

    def found(self) -> Iterator[DiskWrite]:
        loops: list[tuple[str, ShellCommand]] = []
        for command in self._section.commands:
            if command.name == "for" and len(command.words) > 2:
                loops.append((command.words[1].text, command))
            elif {"while", "until"} & set(command.opens):
                loops.append(("", command))
            elif command.closes == "done" and loops:
                loops.pop()
            name, words = program(command)
            for word in _targets(name, words):
                for text, sweeps in self._resolved(word.text, loops):
                    if text.startswith("/dev/") and not _NO_DISK.match(text):
                        yield DiskWrite(self._section, name, word, text.removeprefix("/dev/"), sweeps)
                    elif sweeps and name in _NAMES_OF_VOLUMES:
                        yield DiskWrite(self._section, name, word, text, sweeps)
            for redirection in command.redirections:
                text = redirection.target.text
                if redirection.writes and text.startswith("/dev/") and is_kernel_name(disk_of(text)):
                    yield DiskWrite(self._section, ">", redirection.target, text.removeprefix("/dev/"), sweeps=False)

    def _resolved(self, word: str, loops: list[tuple[str, ShellCommand]]) -> Iterator[tuple[str, bool]]:
        """Yield what a word stands for, with whether that is every disk, or whichever match."""
        text = expanded(word, self._section.variables)
        if not _has_expansion(text):
            yield text, _is_pattern(text)
            return
        if text.startswith(("$(", "`")):
            yield from self._listed(text)
            return
        match = re.match(r"(?P<lead>/dev/)?\$\{?(?P<name>[A-Za-z_]\w*)", text)
        for name, loop in reversed(loops[-_MOST:]) if match else ():
            if match and match["name"] == name:
                tail = re.sub(r"^[^}]*\}", "", text[match.end() :]) if "${" in text else text[match.end() :]
                for item in loop.words[3 : 3 + _MOST]:
                    yield from self._item(item.text, match["lead"] or "", tail)
                return

    def _item(self, item: str, lead: str, tail: str) -> Iterator[tuple[str, bool]]:
        over = expanded(item, self._section.variables)
        match = re.fullmatch(r"\$\{?([A-Za-z_]\w*)(?:\[@\])?\}?", over)
        if match:
            over = self._lists.get(match[1], over)
        if _has_expansion(over):
            yield from self._listed(over)
            return
        for one in over.split():
            text = lead + one.rpartition("/")[2] + tail if lead else one + tail
            if not _has_expansion(text):
                yield text, _is_pattern(text)

    def _listed(self, text: str) -> Iterator[tuple[str, bool]]:
        if _LISTS.search(text) and not _CHOOSES.search(text):
            yield "/dev/" + " ".join(text.strip("`").removeprefix("$(").removesuffix(")").split()), True


_NO_DISK: Final = re.compile(
    r"/dev/(?:null|zero|full|u?random|std\w+|fd/|tty|console|kmsg|pts/|shm/|loop|ram|zram|sr\d|cd|log|mapper/|md)"
)


def _targets(name: str, words: Sequence[ShellWord]) -> Iterator[ShellWord]:
    """Yield the words that name what a command would write to."""
    if name == "dd":
        yield from (replace(word, text=word.text[3:]) for word in words if word.text.startswith("of="))
    elif _writes(name, words):
        yield from (word for word in words if not word.text.startswith("-"))


def _writes(name: str, words: Sequence[ShellWord]) -> bool:
    name = "mkfs" if name.startswith("mkfs.") else name
    texts = [word.text for word in words]
    if name in _LOOKING and any(re.fullmatch(_LOOKING[name], text, re.DOTALL) for text in texts):
        return False
    needed = _WRITING.get(name)
    return needed is not None and (not needed or any(re.fullmatch(needed, text, re.DOTALL) for text in texts))


def _has_expansion(text: str) -> bool:
    return "$" in text or "`" in text or "{{" in text


def _is_pattern(text: str) -> bool:
    return any(char in text for char in "*?[")
