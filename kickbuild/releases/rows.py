"""The rows of "what works where": every capability as a word that fits a narrow column, with its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.releases import sources as src
from kickbuild.releases.matrix import Fact
from kickbuild.releases.model import (
    BootDriveOption,
    DeviceForm,
    DirForm,
    IsoDirForm,
    KickstartArgument,
    Loader,
    StrayImage,
)
from kickbuild.units import MIB

if TYPE_CHECKING:
    from kickbuild.releases.model import Capabilities


def _flag(group: str, label: str, name: str, cites: dict[str, str], *, in_matrix: bool = True) -> Fact:
    return Fact(group, label, (name,), lambda can: "yes" if getattr(can, name) else "no", cites, in_matrix)


def _member(group: str, label: str, name: str, member: object, cites: dict[str, str]) -> Fact:
    return Fact(group, label, (name,), lambda can: "yes" if member in getattr(can, name) else "no", cites)


def _mount(can: Capabilities) -> str:
    return ("rw" if can.source_mount_writable else "ro") if can.source_mount else "no"


def _stage2(can: Capabilities) -> str:
    return "needed" if can.stage2_outside else "no"


def _dir_word(can: Capabilities) -> str:
    return "ISO" if can.iso_dir is IsoDirForm.ISO_FILE else "dir"


def _asks(can: Capabilities) -> str:
    return "yes, unless unsupported_hardware is given" if can.asks_about_hardware else "no"


def _word(form: DeviceForm) -> str:
    return f"{form}X" if form.endswith("=") else form


_LOADER_WORDS: Final = {Loader.GRUB_LEGACY: "legacy", Loader.GRUB2: "grub2", Loader.BLS: "BLS"}
_STRAY_WORDS: Final = {StrayImage.IGNORED: "idle", StrayImage.REQUIRED: "needed", StrayImage.HIJACKS: "harms"}

_SOURCE: Final = "Naming the source"
_ISO: Final = "The ISO"
_ERASE: Final = "Erasing the target (clearpart, part, ignoredisk)"
_GUARD: Final = "The guard in %pre, and coming home"
_BOOT: Final = "Boot"
_SYSTEM: Final = "The installed system"


FACTS: Final = (
    _flag(_SOURCE, "UUID= and LABEL=, both stages", "source_by_identity", src.HARDDRIVE),
    *(
        _member(_SOURCE, f"kernel argument {name}=", "kickstart_names", name, src.ARGUMENT)
        for name in KickstartArgument
    ),
    *(_member(_SOURCE, f"ks=hd:{_word(form)}:/ks.cfg", "kickstart_devices", form, src.HD) for form in DeviceForm),
    _flag(_SOURCE, "ks=hd:sdb1/ks.cfg (no colon)", "kickstart_slash", src.HD),
    *(_member(_SOURCE, f"--partition={_word(form)}", "source_devices", form, src.HARDDRIVE) for form in DeviceForm),
    Fact(_SOURCE, "harddrive --biospart=", ("biospart",), lambda can: can.biospart, src.HARDDRIVE),
    _flag(_SOURCE, "harddrive from an %include", "source_from_include", src.INCLUDE),
    *(_member(_ISO, f"--dir={form}", "dir_forms", form, src.DIR) for form in DirForm),
    Fact(_ISO, "kickbuild writes --dir=", ("iso_dir",), _dir_word, src.DIR),
    Fact(_ISO, "install.img outside the ISO", ("stage2_outside",), _stage2, src.STAGE2),
    Fact(_ISO, "images/install.img beside it", ("stray_image",), lambda can: _STRAY_WORDS[can.stray_image], src.STAGE2),
    Fact(_ISO, "install image in the ISO", ("stage2_path",), lambda can: can.stage2_path, src.STAGE2, False),
    Fact(_ERASE, "--drives=sda", (), lambda _: "yes", src.CLEARPART),
    _flag(_ERASE, "--drives=disk/by-id/X", "drive_by_id", src.CLEARPART),
    Fact(_ERASE, "--drives= with * globs", ("drive_globs",), lambda can: can.drive_globs, src.CLEARPART),
    _flag(_ERASE, "--drives=A|B", "drive_alternatives", src.CLEARPART),
    _flag(_ERASE, "--drives=UUID= (whole disk)", "drive_by_filesystem", src.CLEARPART),
    _flag(_ERASE, "part --ondisk=disk/by-id/X", "ondisk_by_id", src.ONDISK),
    Fact(
        _ERASE,
        "ignoredisk --only-use=TARGET",
        ("ignoredisk_hides_source",),
        lambda can: "breaks" if can.ignoredisk_hides_source else "yes",
        src.IGNOREDISK,
    ),
    _flag(_ERASE, "autopart keeps to --drives", "autopart_honours_drives", src.AUTOPART),
    _flag(_ERASE, "reqpart", "reqpart", src.GRAMMAR),
    Fact(_ERASE, "spared: of the ISO disk", ("protects",), lambda can: can.protects, src.PROTECTED),
    _flag(_ERASE, "spared: unpartitioned ISO disk", "protects_whole_disk_filesystem", src.PROTECTED),
    _flag(_ERASE, "spared: its other partitions", "protects_other_partitions", src.PROTECTED),
    _flag(_ERASE, "spared: disk with only ks.cfg", "protects_kickstart_disk", src.PROTECTED),
    Fact(_GUARD, "drive mounted while %pre runs", ("source_mount", "source_mount_writable"), _mount, src.MOUNTED),
    Fact(_GUARD, "drive mounted at", ("source_mount",), lambda can: can.source_mount or "nowhere", src.MOUNTED, False),
    *(
        _member(_GUARD, f"{tool} in %pre", "pre_tools", tool, src.TOOLS)
        for tool in ("blkid", "udevadm", "lsblk", "findmnt", "findfs")
    ),
    _flag(_GUARD, "%onerror", "onerror", src.ONERROR),
    _flag(_GUARD, "text --non-interactive", "noninteractive_text", src.GRAMMAR),
    _flag(_GUARD, "rd.emergency=reboot", "emergency_reboot", src.EMERGENCY),
    Fact(_BOOT, "boot loader", ("loader",), lambda can: _LOADER_WORDS[can.loader], src.LOADERS),
    Fact(
        _BOOT,
        "entry searches UUID, LABEL",
        ("loader",),
        lambda can: "no" if can.loader is Loader.GRUB_LEGACY else "yes",
        src.LOADERS,
    ),
    Fact(
        _BOOT,
        "bootloader --boot-drive=",
        ("boot_drive_option",),
        lambda can: "yes" if can.boot_drive_option is BootDriveOption.BOOT_DRIVE else "no",
        src.GRAMMAR,
    ),
    Fact(
        _BOOT,
        "bytes of kernel command line",
        ("command_line_limit",),
        lambda can: str(can.command_line_limit),
        src.LIMIT,
    ),
    Fact(_BOOT, "MiB of memory", ("memory",), lambda can: str(can.memory // MIB), src.MEMORY),
    Fact(
        _BOOT,
        "filesystems of the drive",
        ("filesystems",),
        lambda can: ", ".join(can.filesystems),
        src.FILESYSTEMS,
        False,
    ),
    Fact(
        _BOOT,
        "ext features to leave out",
        ("ext_features",),
        lambda can: can.ext_features or "none",
        src.FILESYSTEMS,
        False,
    ),
    Fact(_BOOT, "architectures", ("architectures",), lambda can: ", ".join(can.architectures), src.LAYOUT, False),
    Fact(_BOOT, "stops at unsupported hardware", ("asks_about_hardware",), _asks, src.HARDWARE, False),
    Fact(_SYSTEM, "grammar of the kickstart", ("handler",), lambda can: can.handler, src.GRAMMAR, False),
    Fact(
        _SYSTEM,
        "argument kickbuild writes",
        ("kickstart_argument",),
        lambda can: f"{can.kickstart_argument}=",
        src.ARGUMENT,
        False,
    ),
    Fact(
        _SYSTEM,
        "filesystem by default",
        ("default_filesystem",),
        lambda can: can.default_filesystem,
        src.DEFAULT_FS,
        False,
    ),
    _flag(_SYSTEM, "rootpw --lock", "rootpw_lock", src.GRAMMAR, in_matrix=False),
    _flag(_SYSTEM, "sshkey", "sshkey", src.GRAMMAR, in_matrix=False),
    _flag(_SYSTEM, "network: bonds and VLANs offline", "bonds_offline", src.GRAMMAR, in_matrix=False),
    _flag(_SYSTEM, "network --ipv6gateway", "ipv6_gateway", src.GRAMMAR, in_matrix=False),
    _flag(_SYSTEM, "network from ifcfg files", "reads_ifcfg", src.NETWORK, in_matrix=False),
    _flag(_SYSTEM, "network from keyfiles", "reads_keyfiles", src.NETWORK, in_matrix=False),
    _flag(_SYSTEM, "network --hostname alone", "hostname_alone", src.GRAMMAR, in_matrix=False),
    _flag(_SYSTEM, "%packages with @^environment", "package_environments", src.GRAMMAR, in_matrix=False),
    _flag(_SYSTEM, "bcrypt and yescrypt hashes", "modern_hashes", src.HASHES, in_matrix=False),
)
