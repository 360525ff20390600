"""The profile: what the user wants, as frozen values.

Field descriptions are the documentation: the JSON Schema, and through it editors, show them.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from kickbuild.drive.ref import SAFE_LABEL, RefKind
from kickbuild.profile.fields import FORMS, Cidrs, Ips, Line, Mac, Size, Text, Word, crypt_problem

# Never a label for a rebuild drive: a disk labelled OEMDRV has its ks.cfg run by every later Anaconda boot without
# inst.ks (anaconda dracut/kickstart-genrules.sh); ANACONDA and LIVE make the boot loader code skip the device.
RESERVED_LABELS = ("OEMDRV", "ANACONDA", "LIVE")


class Table(BaseModel):
    """A table of the profile: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, str_strip_whitespace=False)


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise ValueError("is not a sha256 (64 hexadecimal digits)")
    return text.lower()


def _label(text: str) -> str:
    if not SAFE_LABEL.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot be a drive's label: both installer stages read only letters, digits, '_', '-' and '.'"
        )
    if text.upper() in RESERVED_LABELS:
        raise ValueError(f"{text!r} cannot be a drive's label: the installer gives it a meaning of its own")
    return text


class Source(Table):
    """The installation ISO."""

    iso: Text = Field(description="The ISO, relative to this profile.")
    sha256: Annotated[str, AfterValidator(_digest)] | None = Field(
        None, description="The ISO's sha256; checked while it is copied."
    )
    release: Text = Field("auto", description='"auto" reads the ISO; otherwise a name such as "rocky9.4".')


class Drive(Table):
    """How the installer finds the rebuild drive."""

    find_by: RefKind = Field(RefKind.UUID, description="Name the drive's filesystem by uuid or by label.")
    label: Annotated[str, AfterValidator(_label)] | None = Field(
        None, description="The label that the drive's filesystem has, or gets when an image is made."
    )

    @model_validator(mode="after")
    def _label_is_given(self) -> Self:
        if self.find_by is RefKind.LABEL and self.label is None:
            raise ValueError('find_by = "label" needs drive.label')
        return self


class Target(Table):
    """The disk that is wiped. Every key given must hold, for exactly one disk."""

    serial: Text | None = Field(None, description="The disk's serial number, as `kickbuild drives` or lsblk shows it.")
    wwn: Word | None = Field(None, description="The disk's World Wide Name, such as 0x5000c500a1b2c3d4.")
    by_id: Word | None = Field(None, description="A name below /dev/disk/by-id.")
    by_path: Word | None = Field(None, description="A name below /dev/disk/by-path.")
    model: Text | None = Field(None, description="The disk's model.")
    min_size: Size | None = Field(None, description="The disk has at least this size.")
    max_size: Size | None = Field(None, description="The disk has at most this size.")
    only_other_disk: bool = Field(False, description="The only disk of the box besides the rebuild drive.")

    @model_validator(mode="after")
    def _names_a_disk(self) -> Self:
        if not (self.serial or self.wwn or self.by_id or self.by_path or self.model or self.only_other_disk):
            raise ValueError(
                "names no disk: give serial, wwn, by_id, by_path or model, or only_other_disk = true; "
                "a size alone is no identity"
            )
        if self.min_size and self.max_size and self.min_size > self.max_size:
            raise ValueError("min_size is above max_size")
        for key, folder in (("by_id", "/dev/disk/by-id/"), ("by_path", "/dev/disk/by-path/")):
            value = getattr(self, key)
            if value is not None and "/" in value.removeprefix(folder):
                raise ValueError(f"{key} is a name below {folder}, not the path {value!r}")
        return self


class Selinux(StrEnum):
    """The mode of SELinux."""

    ENFORCING = "enforcing"
    PERMISSIVE = "permissive"
    DISABLED = "disabled"


class Mode(StrEnum):
    """How the installer shows itself."""

    CMDLINE = "cmdline"
    TEXT = "text"
    GRAPHICAL = "graphical"


class After(StrEnum):
    """What the box does when the installation is done."""

    REBOOT = "reboot"
    POWEROFF = "poweroff"


class Firewall(Table):
    """The firewall of the new system."""

    enabled: bool = True
    services: tuple[Word, ...] = Field((), description='Services to let in, such as "ssh".')
    ports: tuple[Annotated[str, Field(pattern=FORMS.port)], ...] = Field(
        (), description='Ports to let in, such as "8080:tcp".'
    )


class Services(Table):
    """Services that are switched on or off in the new system."""

    enabled: tuple[Word, ...] = ()
    disabled: tuple[Word, ...] = ()


class Looked(Table):
    """A secret that is looked up: in the environment or in a file."""

    env: Text | None = Field(None, description="The environment variable that holds the hash.")
    file: Text | None = Field(None, description="The file that holds the hash, relative to this profile.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("takes exactly one of env and file")
        return self


def _check_hash(value: object) -> object:
    problem = crypt_problem(value) if isinstance(value, str) else ""
    if problem:
        raise ValueError(problem)
    return value


PasswordHash = Annotated[SecretStr | Looked, BeforeValidator(_check_hash)]


def _shorthand(value: object) -> object:
    return {"enabled": value} if isinstance(value, bool) else value


class System(Table):
    """The new system."""

    language: Word = "en_US.UTF-8"
    keyboard: Word = "us"
    timezone: Word = "UTC"
    root_password_hash: PasswordHash | None = Field(None, description="A crypt(3) hash; never a password in clear.")
    lock_root: bool = Field(False, description="Root has no password; a user in the group wheel is needed.")
    selinux: Selinux = Selinux.ENFORCING
    firewall: Annotated[Firewall, BeforeValidator(_shorthand)] = Firewall(services=("ssh",))
    services: Services = Services()
    mode: Mode = Mode.CMDLINE
    after: After = After.REBOOT

    @model_validator(mode="after")
    def _root(self) -> Self:
        if self.lock_root and self.root_password_hash is not None:
            raise ValueError("lock_root and root_password_hash contradict each other")
        return self


def _ssh_key(text: str) -> str:
    if not re.fullmatch(r"(ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+=*( .*)?", text):
        raise ValueError("is not a public key line of OpenSSH (type, base64, comment)")
    return text


class User(Table):
    """A user of the new system."""

    name: Annotated[str, Field(pattern=FORMS.user)]
    groups: tuple[Annotated[str, Field(pattern=FORMS.user)], ...] = ()
    password_hash: PasswordHash | None = None
    ssh_keys: tuple[Annotated[Text, AfterValidator(_ssh_key)], ...] = ()
    gecos: Annotated[str, Field(pattern=FORMS.gecos)] | None = None
    uid: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    shell: Word | None = None


class Bond(Table):
    """A bonded interface."""

    devices: tuple[Word, ...] = Field(min_length=1)
    options: Word = "mode=active-backup,miimon=100"


class Interface(Table):
    """One network interface, by name or by MAC address."""

    device: Annotated[str, Field(pattern=FORMS.device)] | None = None
    mac: Mac | None = None
    dhcp: bool | None = Field(None, description="True by default where no address is given.")
    address: Cidrs = Field((), description="An address with its prefix length, or one IPv4 and one IPv6.")
    gateway: Ips = ()
    dns: Ips = ()
    vlan: Annotated[int, Field(ge=1, le=4094)] | None = None
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


class Layout(StrEnum):
    """How the target disk is divided."""

    PLAIN = "plain"
    LVM = "lvm"
    CUSTOM = "custom"


class Filesystem(StrEnum):
    """A filesystem of the new system."""

    XFS = "xfs"
    EXT4 = "ext4"
    EXT3 = "ext3"
    VFAT = "vfat"
    SWAP = "swap"


class Firmware(StrEnum):
    """The firmware of the boxes."""

    BIOS = "bios"
    UEFI = "uefi"
    BOTH = "both"


def _mount_point(text: str) -> str:
    if text == "swap":
        return text
    path = PurePosixPath(text)
    if not re.fullmatch(r"/[A-Za-z0-9_./-]*", text) or ".." in path.parts or str(path) != text:
        raise ValueError(f"{text!r} is neither \"swap\" nor an absolute path of letters, digits, '.', '_' and '-'")
    if text in {"/dev", "/proc", "/sys", "/run", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/boot/efi"}:
        reason = (
            "kickbuild makes it itself, by firmware" if text == "/boot/efi" else "it must be on the root filesystem"
        )
        raise ValueError(f"{text!r} cannot be a mount point of its own: {reason}")
    return text


class Part(Table):
    """One partition, or one logical volume where the layout is lvm."""

    mount: Annotated[str, AfterValidator(_mount_point)]
    size: Size
    grow: bool = False
    filesystem: Filesystem | None = None


_STORAGE_COMMANDS = ("part", "partition", "raid", "volgroup", "logvol", "btrfs", "reqpart", "autopart")
_DISK_OPTIONS = ("--ondisk", "--ondrive", "--onpart", "--usepart", "--onbiosdisk", "--useexisting")


def _storage_line(text: str) -> str:
    words = text.split()
    if not words or words[0] not in _STORAGE_COMMANDS:
        raise ValueError(f"{text!r} is not a storage command; known here: {', '.join(_STORAGE_COMMANDS)}")
    named = [word for word in words if word.partition("=")[0] in _DISK_OPTIONS]
    if named:
        raise ValueError(f"{named[0]} names a disk: leave it out, the guard puts every line on the target")
    return text


class Storage(Table):
    """How the target disk is divided."""

    layout: Layout = Field(
        Layout.PLAIN,
        description="plain and lvm make /boot, swap and / where [[storage.part]] does not say otherwise; "
        "custom makes what is given, and nothing else but what the firmware needs.",
    )
    filesystem: Filesystem | None = Field(None, description="The release's own default where it is not given.")
    firmware: Firmware = Firmware.BOTH
    part: tuple[Part, ...] = Field((), description="Replaces the default of the same mount point, or adds to it.")
    lines: tuple[Annotated[Line, AfterValidator(_storage_line)], ...] = Field(
        (), description="With custom: storage commands as kickstart writes them, without the name of a disk."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        problems: list[str] = []
        mounts = [part.mount for part in self.part]
        if self.layout is Layout.CUSTOM:
            if not self.lines and "/" not in mounts:
                problems.append('layout = "custom" needs a [[storage.part]] with mount = "/", or lines')
        elif self.lines:
            problems.append('lines need layout = "custom"')
        doubles = sorted({m for m in mounts if mounts.count(m) > 1})
        problems += [f"[[storage.part]] has {m} twice" for m in doubles]
        if sum(part.grow for part in self.part) > 1:
            problems.append("[[storage.part]] has more than one grow = true")
        if self.filesystem in {Filesystem.SWAP, Filesystem.VFAT}:
            problems.append(f'filesystem = "{self.filesystem}" cannot hold a system')
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Packages(Table):
    """What is installed."""

    environment: Text | None = Field(None, description='An environment, such as "minimal-environment".')
    groups: tuple[Text, ...] = ()
    install: tuple[Text, ...] = ()
    exclude: tuple[Text, ...] = ()


class When(StrEnum):
    """When a script runs."""

    PRE = "pre"
    POST = "post"
    POST_NOCHROOT = "post-nochroot"


class Script(Table):
    """A script of the user's own."""

    when: When = When.POST
    file: Text | None = Field(None, description="The script, relative to this profile.")
    inline: str | None = None
    interpreter: Annotated[str, Field(pattern=FORMS.interpreter)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.file is None) == (self.inline is None):
            raise ValueError("takes exactly one of file and inline")
        return self


class Kickstart(Table):
    """The user's own kickstart, or lines that are added to kickbuild's."""

    base: Text | None = Field(None, description="A ks.cfg of your own, adopted; relative to this profile.")
    extra: tuple[Line, ...] = Field((), description="Lines appended to the commands as they are.")


class Boot(Table):
    """The Rebuild entry."""

    kernel_args: tuple[Word, ...] = Field((), description='Added to the kernel line, such as "console=ttyS0,115200".')


class Profile(Table):
    """A whole profile."""

    schema_: Literal[1] = Field(alias="schema", description="The version of this format: 1.")
    name: Annotated[str, Field(pattern=FORMS.name)] = Field(
        description="The profile's directory on the drive, and the id of its boot entry."
    )
    title: Text = Field("Rebuild", description="The text of the boot menu.")
    source: Source
    drive: Drive = Drive()
    target: Target
    system: System = System()
    user: tuple[User, ...] = ()
    network: Network = Network()
    storage: Storage = Storage()
    packages: Packages = Packages()
    script: tuple[Script, ...] = ()
    kickstart: Kickstart = Kickstart()
    boot: Boot = Boot()
