"""The facts kickbuild knows of one distribution release, as a typed value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Distribution(StrEnum):
    """A distribution, by the name that users write in ``source.release``."""

    RHEL = "rhel"
    CENTOS = "centos"
    CENTOS_STREAM = "centos-stream"
    ROCKY = "rocky"
    ALMA = "alma"
    ORACLE = "oracle"
    FEDORA = "fedora"

    @property
    def long_name(self) -> str:
        """The name as its owners write it."""
        return _LONG_NAMES[self]


_LONG_NAMES = {
    Distribution.RHEL: "Red Hat Enterprise Linux",
    Distribution.CENTOS: "CentOS",
    Distribution.CENTOS_STREAM: "CentOS Stream",
    Distribution.ROCKY: "Rocky Linux",
    Distribution.ALMA: "AlmaLinux",
    Distribution.ORACLE: "Oracle Linux",
    Distribution.FEDORA: "Fedora",
}


class KickstartArgument(StrEnum):
    """The kernel argument that names the kickstart."""

    KS = "ks"
    INST_KS = "inst.ks"


class IsoDirForm(StrEnum):
    """What ``harddrive --dir=`` must name so that both installer stages find the ISO."""

    DIRECTORY = "directory"
    ISO_FILE = "iso-file"


class Loader(StrEnum):
    """The boot loader that the installed system of a release has."""

    GRUB_LEGACY = "grub-legacy"
    GRUB2 = "grub2"
    BLS = "bls"


class BootDriveOption(StrEnum):
    """The option of ``bootloader`` that keeps the loader on the target disk."""

    DRIVEORDER = "driveorder"
    BOOT_DRIVE = "boot-drive"


class DeviceForm(StrEnum):
    """A way to name a block device in ``ks=hd:`` or ``harddrive --partition=``."""

    KERNEL_NAME = "sdb1"
    DEVICE_PATH = "/dev/sdb1"
    UUID = "UUID="
    LABEL = "LABEL="
    LINK = "/dev/disk/by-…"
    PARTUUID = "PARTUUID="


class DirForm(StrEnum):
    """What ``harddrive --dir=`` may name."""

    DIRECTORY = "directory of ISOs"
    ISO_FILE = "path of one ISO"
    TREE = "extracted tree"


class BiosPart(StrEnum):
    """What becomes of ``harddrive --biospart=``."""

    USED = "used"
    IGNORED = "ignored"
    ERROR = "error"
    GONE = "gone"


class StrayImage(StrEnum):
    """What an ``images/install.img`` beside the ISO does."""

    IGNORED = "ignored"
    REQUIRED = "needed"
    HIJACKS = "hijack"


class Protection(StrEnum):
    """What ``clearpart`` spares of the disk with the ISO."""

    PARTITION = "part."
    DISK = "disk"


class Globs(StrEnum):
    """Which names ``clearpart --drives=`` matches with ``*``."""

    NONE = "no"
    LINKS = "links"
    ALL = "yes"


Version = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the installer of a release can do. Source of each value: the table of the installer's source, per branch."""

    family: str
    """The column of the release matrix: ``RHEL 9``, ``Fedora``."""
    handler: str
    """pykickstart's name of the grammar: ``RHEL9``, ``F43``."""
    kickstart_argument: KickstartArgument
    source_by_identity: bool
    """``UUID=`` and ``LABEL=`` work in ``ks=hd:`` and ``harddrive --partition=``, in both stages."""
    iso_dir: IsoDirForm
    stage2_outside: bool
    """Stage 2 must lie outside the ISO, at ``<dir>/images/install.img``; elsewhere a stray one hijacks stage 2."""
    stage2_path: str
    """Where the install image lies inside the ISO."""
    ignoredisk_hides_source: bool
    """``ignoredisk --only-use=TARGET`` makes the installer lose its own source disk."""
    drive_by_id: bool
    """``clearpart --drives=disk/by-id/…`` is understood."""
    boot_drive_option: BootDriveOption
    reqpart: bool
    """``reqpart`` exists and respects ``clearpart --drives`` or can be fenced by ``ignoredisk``."""
    noninteractive_text: bool
    """``text --non-interactive`` exists."""
    emergency_reboot: bool
    """``rd.shell=0 rd.emergency=reboot`` turn a failed stage 1 into a reboot (dracut 046 and newer)."""
    source_mount: str
    """Where the drive is mounted while ``%pre`` runs; empty where it is not."""
    source_mount_writable: bool
    rootpw_lock: bool
    sshkey: bool
    """The ``sshkey`` command exists in every minor release."""
    bonds_offline: bool
    """Bonds and VLANs are set up although the installer does not reach the network."""
    ipv6_gateway: bool
    """``network --ipv6gateway`` exists."""
    reads_ifcfg: bool
    """The system takes its network from ``/etc/sysconfig/network-scripts/ifcfg-*``, without a further package."""
    reads_keyfiles: bool
    """The system takes its network from ``/etc/NetworkManager/system-connections/``."""
    hostname_alone: bool
    """``network --hostname`` alone touches no device."""
    package_environments: bool
    """``%packages`` knows ``@^environment``."""
    modern_hashes: bool
    """Log-in knows bcrypt and yescrypt hashes."""
    asks_about_hardware: bool
    """The installer stops at unsupported hardware unless ``unsupported_hardware`` is given."""
    default_filesystem: str
    """The filesystem that a system gets where nothing else is asked for."""
    loader: Loader
    command_line_limit: int
    """Bytes of kernel command line that the installer reads."""
    memory: int
    """Bytes of memory the installer needs."""
    filesystems: tuple[str, ...]
    """Filesystems on which the drive may be, best first."""
    ext_features: str = ""
    """``mke2fs -O`` features to switch off so that this release's kernel and boot loader read the drive."""
    prepare: bool = True
    refusal: str = ""
    """Why ``prepare`` refuses this release."""
    architectures: tuple[str, ...] = ("x86_64",)
    source: str = ""
    """The installer branch these facts were read from."""

    kickstart_names: tuple[KickstartArgument, ...]
    """Every kernel argument that is understood, the newest last."""
    kickstart_devices: frozenset[DeviceForm]
    """How ``ks=hd:`` may name the device."""
    kickstart_slash: bool
    """``ks=hd:sdb1/ks.cfg``: a slash instead of the second colon."""
    source_devices: frozenset[DeviceForm]
    """How ``harddrive --partition=`` may name the device, in both stages."""
    biospart: BiosPart
    dir_forms: frozenset[DirForm]
    stray_image: StrayImage
    source_from_include: bool
    """``harddrive`` may come from a file that ``%pre`` makes."""
    protects: Protection
    protects_whole_disk_filesystem: bool
    """``--initlabel`` spares an image disk that has a filesystem and no partition table."""
    protects_other_partitions: bool
    """``clearpart`` spares the other partitions of the image disk."""
    protects_kickstart_disk: bool
    """``clearpart`` spares a disk that holds the kickstart, but not the ISO."""
    drive_globs: Globs
    drive_alternatives: bool
    """``clearpart --drives=A|B`` is understood."""
    drive_by_filesystem: bool
    """``clearpart --drives=UUID=…`` is understood, for a filesystem on a whole disk alone."""
    ondisk_by_id: bool
    """``part --ondisk=disk/by-id/…`` is understood."""
    autopart_honours_drives: bool
    """``autopart`` takes only the disks of ``clearpart --drives``."""
    onerror: bool
    """``%onerror`` scripts run."""
    pre_tools: frozenset[str]
    """Of lsblk, blkid, udevadm, findmnt and findfs, those that ``%pre`` can call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release of one distribution: ``since`` is the first minor version for which ``can`` is true."""

    distribution: Distribution
    since: Version
    can: Capabilities

    @property
    def major(self) -> int:
        """The major version."""
        return self.since[0]

    @property
    def id(self) -> str:
        """The name that users write: ``rocky9``, ``rhel8.3``, ``fedora43``."""
        minor = f".{self.since[1]}" if self.since[1] else ""
        return f"{self.distribution}{self.major}{minor}"

    @property
    def title(self) -> str:
        """The name for people: ``Rocky Linux 9``."""
        minor = f".{self.since[1]}" if self.since[1] else ""
        return f"{self.distribution.long_name} {self.major}{minor}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a look-up found: the release whose facts apply to the version asked for."""

    release: Release
    distribution: Distribution
    version: Version
    has_minor: bool
    notice: str = ""
    """Set where an older relative stands in for an unknown release."""

    @property
    def can(self) -> Capabilities:
        """The capabilities that apply."""
        return self.release.can

    @property
    def id(self) -> str:
        """The release as asked for, ``rocky9.4``: the name of its directory on the drive."""
        return f"{self.distribution}{self.version[0]}" + (f".{self.version[1]}" if self.has_minor else "")

    @property
    def title(self) -> str:
        """The release as asked for, for people."""
        return f"{self.distribution.long_name} {self.version[0]}" + (f".{self.version[1]}" if self.has_minor else "")
