"""The table of releases.

A new release is one literal here. Each family is a column of the answer to "what works where"; the values were read
from the installer's source at the branch named in ``source``, and the boot tests saw many of them work.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kickbuild.releases.model import (
    BiosPart,
    BootDriveOption,
    Capabilities,
    DeviceForm,
    DirForm,
    Distribution,
    Globs,
    IsoDirForm,
    KickstartArgument,
    Loader,
    Protection,
    Release,
    StrayImage,
)
from kickbuild.units import MIB

_OLD_EXT4: Final = "^metadata_csum,^64bit"

_ALL_DEVICES: Final = frozenset(DeviceForm) - {DeviceForm.PARTUUID}

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
    reads_ifcfg=True,
    reads_keyfiles=False,
    hostname_alone=False,
    package_environments=False,
    modern_hashes=False,
    asks_about_hardware=True,
    default_filesystem="ext3",
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
    kickstart_names=(KickstartArgument.KS,),
    kickstart_devices=frozenset({DeviceForm.KERNEL_NAME}),
    kickstart_slash=True,
    source_devices=frozenset({DeviceForm.KERNEL_NAME, DeviceForm.DEVICE_PATH}),
    biospart=BiosPart.USED,
    dir_forms=frozenset({DirForm.DIRECTORY}),
    stray_image=StrayImage.IGNORED,
    source_from_include=False,
    protects=Protection.PARTITION,
    protects_whole_disk_filesystem=False,
    protects_other_partitions=False,
    protects_kickstart_disk=False,
    drive_globs=Globs.NONE,
    drive_alternatives=False,
    drive_by_filesystem=False,
    ondisk_by_id=False,
    autopart_honours_drives=True,
    onerror=False,
    pre_tools=frozenset(),
)

EL6: Final = replace(
    EL5,
    family="RHEL 6",
    handler="RHEL6",
    source_by_identity=True,
    stage2_outside=True,
    stage2_path="images/install.img",
    drive_by_id=True,
    default_filesystem="ext4",
    memory=640 * MIB,
    filesystems=("ext4", "ext3", "xfs", "vfat"),
    prepare=True,
    refusal="",
    architectures=("i386", "x86_64", "ppc64"),
    source="anaconda rhel6-branch",
    kickstart_devices=_ALL_DEVICES,
    source_devices=_ALL_DEVICES,
    dir_forms=frozenset({DirForm.DIRECTORY, DirForm.TREE}),
    stray_image=StrayImage.REQUIRED,
    protects_whole_disk_filesystem=True,
    drive_globs=Globs.LINKS,
    ondisk_by_id=True,
    pre_tools=frozenset({"blkid", "udevadm"}),
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
    reads_keyfiles=True,
    hostname_alone=True,
    package_environments=True,
    default_filesystem="xfs",
    loader=Loader.GRUB2,
    command_line_limit=2048,
    memory=1024 * MIB,
    architectures=("x86_64", "aarch64", "ppc64", "ppc64le"),
    source="anaconda rhel7-branch",
    kickstart_names=(KickstartArgument.KS, KickstartArgument.INST_KS),
    kickstart_slash=False,
    biospart=BiosPart.IGNORED,
    dir_forms=frozenset({DirForm.DIRECTORY, DirForm.ISO_FILE}),
    stray_image=StrayImage.HIJACKS,
    drive_globs=Globs.ALL,
    drive_by_filesystem=True,
    pre_tools=frozenset({"blkid", "lsblk", "udevadm"}),
)

EL7: Final = replace(EL7_0, reqpart=True)

# anaconda 21.48.22.80 (commit c486262508) and 21.48.22.102 (90d2a7269d) brought these.
EL7_3: Final = replace(EL7, drive_alternatives=True)

EL7_4: Final = replace(EL7_3, onerror=True)

EL8_0: Final = replace(
    EL7_4,
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
    dir_forms=frozenset(DirForm),
    pre_tools=frozenset({"blkid", "findmnt", "lsblk", "udevadm"}),
)

EL8: Final = replace(
    EL8_0,
    ignoredisk_hides_source=False,
    autopart_honours_drives=False,
    biospart=BiosPart.ERROR,
    source="anaconda rhel-8",
)

EL9: Final = replace(
    EL8,
    family="RHEL 9",
    handler="RHEL9",
    source="anaconda rhel-9",
    kickstart_names=(KickstartArgument.INST_KS,),
    biospart=BiosPart.GONE,
)

EL10: Final = replace(EL9, family="RHEL 10", handler="RHEL10", reads_ifcfg=False, source="anaconda rhel-10")

FEDORA: Final = replace(EL10, family="Fedora", handler="F43", source="anaconda main, fedora-43")


# anaconda 71dda920a7 protected the ancestors too, and dee8779c2b took that back.
_FEDORA_39: Final = replace(FEDORA, protects=Protection.DISK, source="anaconda fedora-40")


def _releases(distribution: Distribution, *rows: tuple[tuple[int, int], Capabilities]) -> tuple[Release, ...]:
    return tuple(Release(distribution=distribution, since=since, can=can) for since, can in rows)


_EL7: Final = (((7, 0), EL7_0), ((7, 1), EL7), ((7, 3), EL7_3), ((7, 4), EL7_4))
_EL8: Final = (((8, 0), EL8_0), ((8, 3), EL8))
_EL9_10: Final = (((9, 0), EL9), ((10, 0), EL10))

RELEASES: Final[tuple[Release, ...]] = (
    *_releases(
        Distribution.RHEL,
        ((5, 0), EL5),
        ((6, 0), EL6),
        *_EL7,
        *_EL8,
        *_EL9_10,
    ),
    *_releases(Distribution.CENTOS, ((5, 0), EL5), ((6, 0), EL6), *_EL7, *_EL8),
    *_releases(Distribution.CENTOS_STREAM, ((8, 0), EL8), *_EL9_10),
    *_releases(Distribution.ROCKY, *_EL8, *_EL9_10),
    *_releases(Distribution.ALMA, *_EL8, *_EL9_10),
    *_releases(Distribution.ORACLE, *_EL8, *_EL9_10),
    *_releases(
        Distribution.FEDORA,
        *(
            ((number, 0), replace(_FEDORA_39 if number in {39, 40} else FEDORA, handler=f"F{number}"))
            for number in range(38, 44)
        ),
    ),
)
