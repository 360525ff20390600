"""KB808 no-boot-partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.layout import VOLUMES, is_made_by_hand, is_whole, mount_points, place_of
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not is_whole(kickstart) or not is_made_by_hand(kickstart) or _boots_otherwise(kickstart):
        return
    yield from _root_in_a_volume_group(kickstart)
    if not kickstart.has("reqpart"):
        yield from _for_the_firmware(kickstart)


def _boots_otherwise(kickstart: Kickstart) -> bool:
    boot = kickstart.last("bootloader")
    return boot is not None and (boot.get("--location") == "none" or boot.has("--disabled", "--extlinux"))


def _root_in_a_volume_group(kickstart: Kickstart) -> Iterator[Hit]:
    # Of GRUB, zipl and extlinux none takes a logical volume (anaconda, bootloader: stage2_device_types).
    points = mount_points(kickstart)
    root = points.get("/")
    if root is not None and root.name == "logvol" and "/boot" not in points and not _reqpart_makes_boot(kickstart):
        message = "/ is a logical volume and there is no /boot beside it: the boot loader cannot be put there"
        yield root.hit(message, hint="add `part /boot --size=1024`", severity=Severity.ERROR)


def _reqpart_makes_boot(kickstart: Kickstart) -> bool:
    return any(line.has("--add-boot") for line in kickstart.all("reqpart"))


def _for_the_firmware(kickstart: Kickstart) -> Iterator[Hit]:
    kinds = {kind for line in kickstart.all(*VOLUMES) for kind in _kinds(line.get("--fstype"), place_of(line))}
    kinds |= {"efi"} if "/boot/efi" in mount_points(kickstart) else set()
    line = kickstart.first(*VOLUMES, "mount")
    if line is None:
        return
    known = Severity.ERROR if kickstart.firmware else None
    if "efi" not in kinds and (kickstart.firmware == "uefi" or not (kickstart.firmware or kinds or _is_old(kickstart))):
        where = "the" if kickstart.firmware else "a"
        yield line.hit(f"there is no /boot/efi: {where} machine with UEFI does not start from this", severity=known)
    if "biosboot" not in kinds and kickstart.firmware == "bios" and _is_gpt(kickstart):
        message = "there is no biosboot partition: a machine with BIOS does not start from a GPT disk without one"
        yield line.hit(message, severity=known)


def _kinds(fstype: str | None, place: object) -> Iterator[str]:
    name = getattr(place, "text", "")
    for kind, marks in (
        ("efi", {"efi", "EFI System Partition"}),
        ("biosboot", {"biosboot", "BIOS Boot"}),
        ("prepboot", {"prepboot", "PPC PReP Boot"}),
        ("appleboot", {"appleboot"}),
    ):
        if name in marks or fstype in marks:
            yield kind


def _is_old(kickstart: Kickstart) -> bool:
    """Return whether it is for machines of a time in which UEFI was the exception."""
    return kickstart.release.level < 8


def _is_gpt(kickstart: Kickstart) -> bool:
    # The installers of RHEL 10 and, from 37 on, Fedora label every disk so; before that a disk of more than 2 TiB.
    release = kickstart.release
    label = next((line.get("--disklabel") for line in kickstart.all("clearpart") if line.has("--disklabel")), None)
    by_default = release.level >= 10 or (release.is_fedora and release.number >= 37)
    return label == "gpt" or (label is None and by_default)


RULE = Rule(
    code="KB808",
    name="no-boot-partition",
    summary="The partition that the firmware or the boot loader needs is missing.",
    why=(
        "UEFI reads /boot/efi, GRUB on a GPT disk under BIOS needs a biosboot partition, and neither reads /boot from "
        "a logical volume. The installer refuses the layout, or the machine does not start."
    ),
    hint="add the line `reqpart`, which makes what the machine needs",
    levels={**levels("I", "W", vm="-"), LintProfile.STRICT: Severity.WARNING},
    bad=(
        Example(text="lang en_US\nrootpw --lock\n»part /boot --size=1024\npart / --size=4096\n"),
        Example(text="lang en_US\nrootpw --lock\n»part /boot --size=1024\npart / --size=4096\n", firmware="uefi"),
        Example(
            text="lang en_US\nrootpw --lock\n»part / --size=4096\n",
            firmware="bios",
            release="rhel10",
        ),
        Example(
            text="lang en_US\nrootpw --lock\nclearpart --all --drives=sda --disklabel=gpt\n»part / --size=4096\n",
            firmware="bios",
        ),
        Example(
            text="lang en_US\nrootpw --lock\npart biosboot --size=1\npart pv.1 --size=9000\nvolgroup vg pv.1\n"
            "»logvol / --vgname=vg --name=root --size=4096\n"
        ),
    ),
    good=(
        Example(text="lang en_US\nrootpw --lock\nreqpart\npart /boot --size=1024\npart / --size=4096\n"),
        Example(text="lang en_US\nrootpw --lock\npart /boot/efi --size=600\npart / --size=4096\n", firmware="uefi"),
        Example(text="lang en_US\nrootpw --lock\npart / --size=4096\n", firmware="bios"),
        Example(text="lang en_US\nrootpw --lock\npart / --size=4096\n", release="rhel6"),
        Example(text="lang en_US\nrootpw --lock\npart biosboot --fstype=biosboot --size=1\npart / --size=4096\n"),
        Example(text='lang en_US\nrootpw --lock\npart None --fstype "PPC PReP Boot" --size=8\npart / --size=4096\n'),
        Example(text="lang en_US\nrootpw --lock\nbootloader --location=none\npart / --size=4096\n"),
        Example(
            text="lang en_US\nrootpw --lock\nreqpart --add-boot\npart pv.1 --size=9000\nvolgroup vg pv.1\n"
            "logvol / --vgname=vg --name=root --size=4096\n"
        ),
        Example(text="lang en_US\nrootpw --lock\n%include /tmp/disks\npart / --size=4096\n"),
        Example(text="lang en_US\nrootpw --lock\nautopart\n", firmware="uefi"),
    ),
    check=_check,
)
