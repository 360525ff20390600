"""The table of releases.

A new release is one literal here. Each family is a column of the answer to "what works where"; the values were read
from the installer's source at the branch named in ``source``, and the boot tests saw many of them work.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kickbuild.releases.model import (
    BootDriveOption,
    Capabilities,
    Distribution,
    IsoDirForm,
    KickstartArgument,
    Loader,
    Release,
)
from kickbuild.units import MIB

_OLD_EXT4: Final = "^metadata_csum,^64bit"

EL5: Final = Capabilities(
    family="RHEL 5",
    handler="RHEL5",
    kickstart_argument=KickstartArgument.KS,
    source_by_identity=False,
    iso_dir=IsoDirForm.DIRECTORY,
    stage2_outside=False,
    stage2_path="images/stage2.img",
    ignoredisk_hides_source=False,
    drive_by_id=False,
    boot_drive_option=BootDriveOption.DRIVEORDER,
    reqpart=False,
    noninteractive_text=False,
    emergency_reboot=False,
    source_mount="",
    source_mount_writable=False,
    rootpw_lock=False,
    sshkey=False,
    bonds_offline=False,
    ipv6_gateway=False,
    hostname_alone=False,
    package_environments=False,
    modern_hashes=False,
    asks_about_hardware=True,
    default_filesystem="ext4",
    loader=Loader.GRUB_LEGACY,
    command_line_limit=1023,
    memory=192 * MIB,
    filesystems=("ext3", "ext2", "vfat"),
    ext_features=_OLD_EXT4,
    prepare=False,
    refusal=(
        "its installer finds neither the kickstart nor the ISO by UUID or LABEL, and names the disk to wipe by kernel "
        "name alone: after a renaming of disks it would wipe the wrong one"
    ),
    architectures=("i386", "x86_64"),
    source="anaconda rhel5-branch",
)

EL6: Final = replace(
    EL5,
    family="RHEL 6",
    handler="RHEL6",
    source_by_identity=True,
    stage2_outside=True,
    stage2_path="images/install.img",
    drive_by_id=True,
    memory=640 * MIB,
    filesystems=("ext4", "ext3", "xfs", "vfat"),
    prepare=True,
    refusal="",
    architectures=("i386", "x86_64", "ppc64"),
    source="anaconda rhel6-branch",
)

EL7_0: Final = replace(
    EL6,
    family="RHEL 7",
    handler="RHEL7",
    kickstart_argument=KickstartArgument.INST_KS,
    iso_dir=IsoDirForm.ISO_FILE,
    stage2_outside=False,
    stage2_path="LiveOS/squashfs.img",
    ignoredisk_hides_source=True,
    boot_drive_option=BootDriveOption.BOOT_DRIVE,
    source_mount="/run/install/isodir",
    source_mount_writable=True,
    rootpw_lock=True,
    bonds_offline=True,
    ipv6_gateway=True,
    hostname_alone=True,
    package_environments=True,
    default_filesystem="xfs",
    loader=Loader.GRUB2,
    command_line_limit=2048,
    memory=1024 * MIB,
    architectures=("x86_64", "aarch64", "ppc64", "ppc64le"),
    source="anaconda rhel7-branch",
)

EL7: Final = replace(EL7_0, reqpart=True)

EL8_0: Final = replace(
    EL7,
    family="RHEL 8",
    handler="RHEL8",
    stage2_path="images/install.img",
    noninteractive_text=True,
    emergency_reboot=True,
    source_mount_writable=False,
    sshkey=True,
    modern_hashes=True,
    asks_about_hardware=False,
    loader=Loader.BLS,
    memory=1536 * MIB,
    ext_features="",
    architectures=("x86_64", "aarch64", "ppc64le"),
    source="anaconda rhel-8.0, rhel-8.2-prerebase",
)

EL8: Final = replace(EL8_0, ignoredisk_hides_source=False, source="anaconda rhel-8")

EL9: Final = replace(EL8, family="RHEL 9", handler="RHEL9", source="anaconda rhel-9")

EL10: Final = replace(EL9, family="RHEL 10", handler="RHEL10", source="anaconda rhel-10")

FEDORA: Final = replace(EL10, family="Fedora", handler="F43", source="anaconda main, fedora-43")


def _releases(distribution: Distribution, *rows: tuple[tuple[int, int], Capabilities]) -> tuple[Release, ...]:
    return tuple(Release(distribution=distribution, since=since, can=can) for since, can in rows)


_EL8: Final = (((8, 0), EL8_0), ((8, 3), EL8))
_EL9_10: Final = (((9, 0), EL9), ((10, 0), EL10))

RELEASES: Final[tuple[Release, ...]] = (
    *_releases(
        Distribution.RHEL,
        ((5, 0), EL5),
        ((6, 0), EL6),
        ((7, 0), EL7_0),
        ((7, 1), EL7),
        *_EL8,
        *_EL9_10,
    ),
    *_releases(Distribution.CENTOS, ((5, 0), EL5), ((6, 0), EL6), ((7, 0), EL7_0), ((7, 1), EL7), *_EL8),
    *_releases(Distribution.CENTOS_STREAM, ((8, 0), EL8), *_EL9_10),
    *_releases(Distribution.ROCKY, *_EL8, *_EL9_10),
    *_releases(Distribution.ALMA, *_EL8, *_EL9_10),
    *_releases(Distribution.ORACLE, *_EL8, *_EL9_10),
    *_releases(
        Distribution.FEDORA,
        *(((number, 0), replace(FEDORA, handler=f"F{number}")) for number in range(38, 44)),
    ),
)
