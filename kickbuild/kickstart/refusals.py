"""What in a kickstart cannot be adopted: disks chosen where kickbuild cannot see it, and what waits for a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.kickstart.document import Kind
from kickbuild.kickstart.guard import INCLUDE
from kickbuild.releases.model import BootDriveOption

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kickbuild.kickstart.document import Command, Document, Include, Line
    from kickbuild.releases.model import Capabilities


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to tell of a kickstart; ``line`` is 0 where it is the whole file."""

    line: int
    message: str
    hint: str = ""


SOURCES: Final = frozenset({"cdrom", "harddrive", "nfs", "url"})
#: Commands that choose or divide disks.
STORAGE: Final = frozenset(
    {
        "autopart",
        "bootloader",
        "btrfs",
        "clearpart",
        "ignoredisk",
        "logvol",
        "mount",
        "part",
        "partition",
        "raid",
        "reqpart",
        "volgroup",
        "zerombr",
    }
)
_NOT_FROM_ISO: Final = "installs no packages from the ISO, so kickbuild's drive cannot be its source"
_ASKS: Final = "asks a person, and nobody is there"
_ATTACHES: Final = "attaches disks after the guard has looked"
_COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "autostep": (_ASKS, "remove the line"),
    "bootc": (_NOT_FROM_ISO, ""),
    "fcoe": (_ATTACHES, "attach them in a %post script"),
    "hmc": (_NOT_FROM_ISO, ""),
    "interactive": (_ASKS, "remove the line"),
    "iscsi": (_ATTACHES, "attach them in a %post script"),
    "liveimg": (_NOT_FROM_ISO, ""),
    "method": ("names the source in a way that kickbuild does not know", "write url, nfs, cdrom or harddrive"),
    "mount": ("keeps what is on the disk; kickbuild rebuilds a disk from nothing", "write part lines"),
    "nvdimm": ("reconfigures devices before any guard can look at them", "remove the line"),
    "ostreecontainer": (_NOT_FROM_ISO, ""),
    "ostreesetup": (_NOT_FROM_ISO, ""),
    "rescue": ("starts a rescue system instead of installing", "remove the line"),
    "zfcp": (_ATTACHES, "attach them in a %post script"),
    "upgrade": ("upgrades what is on the disk; kickbuild rebuilds a disk from nothing", "remove the line"),
    "%ksappend": ("brings lines that kickbuild cannot see", "put the file's lines here"),
}
_TEMPLATE: Final = re.compile(r"\{\{|\{%|<%|^\s*[${<]")
_KICKSTART_COPY: Final = re.compile(r"(?:/run/install|/tmp)/ks\.cfg")
_WRITES_FILE: Final = re.compile(r">|\b(?:sed\s+-\w*i|tee|cp|mv|ed|patch|perl|python3?)\b")
# What brings text from where kickbuild cannot see it into a file that a %pre writes.
_FETCHERS: Final = re.compile(r"\b(?:curl|wget|tftp|ftp|scp|rsync|nc|base64|cp|mv|dd|tar|cpio|unzip|git|source)\b")
_STORAGE_WORD: Final = re.compile(rf"(?<![\w./-])(?:{'|'.join(sorted({*STORAGE, *SOURCES}))})(?![\w./=-])")

_DISK_PATH: Final = r"[\"']?/dev/(?!null\b|zero\b|std|tty|console|shm/|fd/|u?random\b|kmsg\b)"
#: Programs that write to disks, and what of their arguments makes them write; None: whatever the arguments.
_WRITERS: Final[dict[str, re.Pattern[str] | None]] = {
    "badblocks": re.compile(r"\s-\w*[wn]"),
    "blkdiscard": None,
    "btrfs": re.compile(r"\s(device|replace|balance)\s"),
    "cfdisk": None,
    "cryptsetup": re.compile(r"\s(luksFormat|luksErase|erase|luksKillSlot|reencrypt|resize)\b"),
    "dd": re.compile(rf"\bof=(?:{_DISK_PATH}|[\"']?\$)"),
    "fdisk": re.compile(r"^(?!.*\s(?:-\w*[lsV]\w*|--list|--getsz|--version)\b)"),
    "gdisk": re.compile(r"^(?!.*\s-\w*l)"),
    "growpart": None,
    "hdparm": re.compile(r"\s--(security-(erase|set|disable)|trim|make-bad|write)"),
    "lvcreate": None,
    "lvremove": None,
    "mdadm": re.compile(r"\s(--zero-superblock|--create|-C|--grow|-G|--build|-B)\b"),
    "mke2fs": None,
    "mkswap": None,
    "nvme": re.compile(r"\s(format|sanitize|delete-ns|create-ns|write)\b"),
    "parted": re.compile(
        r"^(?!.*(\s(-l|--list|--version)\b|\bprint\b))|\b(mk\w+|rm|resize\w*|set|disk_set|rescue|name)\b"
    ),
    "pvcreate": None,
    "pvremove": None,
    "sfdisk": re.compile(r"^(?!.*\s(?:-[lsdVFJ]|--(?:list|getsz|dump|show|verify|version|json)\S*)(?:\s|$))"),
    "sg_format": None,
    "sgdisk": re.compile(r"^(?!.*\s(?:-[piEFfDvVO]|--(?:print|info|verify|version)\S*)(?:\s|$))"),
    "shred": None,
    "tee": re.compile(rf"\s{_DISK_PATH}"),
    "vgcreate": None,
    "vgreduce": None,
    "vgremove": None,
    "wipefs": re.compile(r"\s-\w*[aof]|--(all|offset|force)\b"),
}
_WRITER: Final = re.compile(rf"(?<![\w.-])({'|'.join(_WRITERS)}|mkfs(?:\.\w+)?|mkdosfs)(?![\w.=-])([^|;&\n]*)")
_REDIRECTION: Final = re.compile(rf">\|?\s*{_DISK_PATH}")


def line_refusals(document: Document) -> Iterator[Remark]:
    """Yield what each line alone is refused for."""
    for fault in document.faults:
        yield Remark(fault.line, fault.message, fault.hint)
    for section in document.sections:
        if not section.closed:
            yield Remark(section.line, f"section {section.name} is not closed", "end it with a line %end")
    for command in document.commands:
        if command.name in _COMMANDS:
            reason, hint = _COMMANDS[command.name]
            yield Remark(command.line, f"{command.name} {reason}", hint)
        # RHEL 6's loader passes over a line that ends so, even in a comment.
        if document.line(command.line).text.rstrip().endswith("\\"):
            yield Remark(
                command.line, "ends with a backslash, but kickstart has no continuation lines", "join the lines"
            )
    packages = {number for section in document.sections if section.name == "%packages" for number in section.body}
    for line in document.lines:
        ours = line.kind in {Kind.COMMAND, Kind.HEADER, Kind.INCLUDE} or line.number in packages
        if ours and not line.text.lstrip().startswith("#") and _TEMPLATE.search(line.text):
            yield Remark(line.number, "is an unrendered template", "render the template first")
        if line.kind is Kind.BODY and line.text.lstrip().startswith("%ksappend"):
            yield Remark(line.number, "%ksappend brings lines that kickbuild cannot see", "put the file's lines here")


def include_refusals(document: Document) -> Iterator[Remark]:
    """Yield the includes that kickbuild cannot see through."""
    scripts = _scripts(document)
    for include in document.includes:
        if include.path:
            yield from _include_refusal(include, scripts)


def _include_refusal(include: Include, scripts: list[Line]) -> Iterator[Remark]:
    line, path = include.line, include.path
    if path == INCLUDE:
        yield Remark(
            line, "is kickbuild's own include, without its marks", "give the kickstart as it was before kickbuild"
        )
    elif not any(path in script.text for script in scripts):
        what = "a file that is not on the drive" if "://" not in path else "lines that kickbuild cannot see"
        yield Remark(line, f"%include {path} brings {what}", "put the file's lines in the place of the %include")
    elif not include.section:
        for script in scripts:
            if found := _STORAGE_WORD.search(script.text) or _FETCHERS.search(script.text):
                message = (
                    f"%include {path} is written at install time by a script with {found[0]!r} in line {script.number}"
                )
                hint = "kickbuild cannot see what it brings: write the commands into the kickstart itself"
                yield Remark(line, message, hint)
                return


def script_refusals(document: Document) -> Iterator[Remark]:
    """Yield the lines of %pre scripts that write to disks, or change the kickstart, before the installer looks."""
    for line in _scripts(document):
        tool = _writing_tool(line.text)
        if tool:
            hint = "leave the disk to the storage commands; the installer erases it by itself"
            yield Remark(line.number, f"the script writes to disks by itself ({tool})", hint)
        if INCLUDE in line.text:
            yield Remark(line.number, f"the script touches {INCLUDE}, which is the guard's")
        if _KICKSTART_COPY.search(line.text) and _WRITES_FILE.search(line.text):
            yield Remark(
                line.number, "the script changes the kickstart while it is being used", "write what it should be"
            )


def _scripts(document: Document) -> list[Line]:
    """Return the lines of scripts that run before the disks are divided, comments left out."""
    return [
        line
        for section in document.sections
        if section.name in {"%pre", "%pre-install"}
        for line in document.body(section)
        if not line.text.lstrip().startswith("#")
    ]


def _writing_tool(text: str) -> str:
    for match in _WRITER.finditer(text):
        pattern = _WRITERS.get(match[1])
        if pattern is None or pattern.search(match[2]):
            return match[1]
    return "a redirection" if _REDIRECTION.search(text) else ""


def waiting_refusals(document: Document, commands: Sequence[Command], can: Capabilities) -> Iterator[Remark]:
    """Yield what would make the installer stop and ask; ``commands`` are all that there will be."""
    if not any(include_refusals(document)) and not any(command.name == "%ksappend" for command in commands):
        yield from _missing(document, commands, can)
    yield from _encryption(commands)
    ends = [command for command in commands if command.name in {"halt", "poweroff", "reboot", "shutdown"}]
    if ends and ends[-1].name == "halt" and not _is_old(can):
        yield Remark(ends[-1].line, "halt waits for a key when the installation is done", "write poweroff or reboot")


def _missing(document: Document, commands: Sequence[Command], can: Capabilities) -> Iterator[Remark]:
    present = {command.name for command in commands}
    for name, reason in _required(document, commands, can):
        if name not in present:
            yield Remark(0, f"has no {name} command: {reason}", f"add one; kickbuild cannot guess your {name}")
    if not any(section.name == "%packages" for section in document.sections):
        yield Remark(
            0, "has no %packages section: the installer would ask what to install", "add one, even an empty one"
        )
    if not present & {"autopart", "part", "partition"}:
        yield Remark(0, "has no part or autopart command: the installer would ask how to divide the disk", "add one")
    if "clearpart" not in present:
        hint = "add `clearpart --all --initlabel`; kickbuild restricts it to the target disk"
        yield Remark(0, "has no clearpart command: on a disk in use the installer finds no room", hint)


def _required(document: Document, commands: Sequence[Command], can: Capabilities) -> list[tuple[str, str]]:
    if any(not include.section for include in document.includes):
        return []  # an include that brings no storage may well bring these
    asks = "the installer would ask for it"
    required = [("timezone", asks)]
    # The text hub does not ask for these two: anaconda ui/tui/spokes; RHEL 6's loader and the graphical hub do.
    if _is_old(can) or not any(command.name in {"cmdline", "text"} for command in commands):
        required += [("lang", asks), ("keyboard", asks)]
    admins = [c for c in commands if c.name == "user" and any("wheel" in word.text for word in c.words)]
    if _is_old(can) or not admins:
        required.append(("rootpw", "nobody could log in, so the installer would ask for it"))
    return required


def _encryption(commands: Sequence[Command]) -> Iterator[Remark]:
    words = [(command, word.text) for command in commands for word in command.words if command.name in STORAGE]
    encrypted = [command.line for command, text in words if text == "--encrypted"]
    if encrypted and not any(text.startswith("--passphrase") for _, text in words):
        yield Remark(
            encrypted[0], "--encrypted without --passphrase: the installer would ask for one", "add --passphrase="
        )


def notices(document: Document, commands: Sequence[Command], can: Capabilities) -> Iterator[Remark]:
    """Yield what is adopted as it is, but should be known."""
    unasking = any(
        command.name == "cmdline"
        or (command.name == "text" and any(w.text == "--non-interactive" for w in command.words))
        for command in commands
    )
    if not unasking:
        best = "cmdline, or text --non-interactive" if can.noninteractive_text else "cmdline"
        yield Remark(0, "does not run unasked: when something is wrong the installer waits for a person", f"add {best}")
    if can.asks_about_hardware and not any(command.name == "unsupported_hardware" for command in commands):
        yield Remark(0, "has no unsupported_hardware: on hardware it does not know the installer waits", "add the line")
    for command in document.commands:
        if command.name in {"vnc", "rdp"}:
            yield Remark(command.line, f"{command.name} lets a person watch, and take part in, the installation")
        elif command.name == "mediacheck":
            yield Remark(command.line, "mediacheck does not look at an ISO that is a file", "use `kickbuild verify`")
        elif command.name == "repo":
            yield Remark(command.line, "the repo stays, so the installation needs its network")
        elif command.name == "clearpart" and any(word.text == "--none" for word in command.words):
            yield Remark(command.line, "clearpart --none keeps every partition: on a disk in use there is no room")
    for include in document.includes:
        yield Remark(
            include.line, f"%include {include.path} is written at install time: kickbuild did not see its lines"
        )


def console_notices(document: Document, arguments: Sequence[str]) -> Iterator[Remark]:
    """Yield a remark where the new system does not get the consoles that the Rebuild entry has."""
    for command in document.commands:
        given = " ".join(word.text for word in command.words).replace("=", " ").split()
        consoles = [argument for argument in arguments if argument.startswith("console=")]
        lacking = [console for console in consoles if console.partition("=")[2] not in given]
        if command.name == "bootloader" and lacking:
            yield Remark(
                command.line,
                f"the new system boots without {' '.join(lacking)}, which boot.kernel_args gives the Rebuild entry",
                "add it to --append= if that is how people reach the box",
            )


def _is_old(can: Capabilities) -> bool:
    """Tell whether a release has the installer of RHEL 5 and 6: it alone chooses the boot drive by ``--driveorder``."""
    return can.boot_drive_option is BootDriveOption.DRIVEORDER
