"""KB109 script-wipes-disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.disk_tools import DiskWrite, disk_writes
from kickbuild.lint.disks import disk_of, is_unstable, named_partitions
from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    is_rebuild = kickstart.profile in {LintProfile.REBUILD, LintProfile.STRICT}
    divided = {disk_of(part.name) for line in kickstart.statements for part in named_partitions(line)}
    for script in kickstart.scripts:
        seen: set[str] = set()
        for write in disk_writes(script):
            counts = write.sweeps or (write.is_by_order and (is_rebuild or is_unstable(write.disk)))
            # Once for each disk: a script that divides a disk has many such commands.
            if not counts or write.device in seen or write.disk in seen:
                continue
            seen |= {write.device, write.disk}
            on_purpose = not is_rebuild and not write.sweeps and write.disk in divided
            severity = Severity.INFO if on_purpose else None
            yield script.hit(write.word.line, _message(write), write.word, severity=severity)


def _message(write: DiskWrite) -> str:
    program = "the script" if write.program == ">" else write.program
    if not write.sweeps:
        return f"{program} destroys what is on {write.device}, whichever disk has that name today"
    if any(char in write.device for char in "*?[") and " " not in write.device:
        return f"{program} destroys what is on every disk that {write.device} matches"
    return f"{program} destroys what is on everything that `{write.device}` lists"


RULE = Rule(
    code="KB109",
    name="script-wipes-disk",
    summary="A script erases a disk by the kernel's name of it, or every disk that matches.",
    why=(
        "A %pre runs before the installer protects anything: ignoredisk, clearpart --drives and the source's own "
        "protection mean nothing to wipefs or dd. sda can be the rebuild drive today."
    ),
    hint="name the disk by /dev/disk/by-id/…, or leave the erasing to clearpart --drives",
    levels=levels("W", "E", vm="-"),
    bad=(
        Example(
            text="%pre\n»wipefs -a /dev/sda\nsgdisk -Z /dev/sda\n»dd if=/dev/zero of=/dev/sdb bs=1M count=1\n%end\n"
        ),
        Example(text="%pre\nfor d in sda nvme0n1; do\n»  sgdisk --zap-all /dev/$d\ndone\n%end\n"),
        Example(text="%pre\nfor d in $(lsblk -dno NAME); do\n»  wipefs -af /dev/${d}\ndone\n%end\n"),
        Example(text="%pre\nfor d in /dev/sd?; do\n»  dd if=/dev/zero of=$d\ndone\n%end\n"),
        Example(text="%pre\ndisk=/dev/sda\n»parted -s $disk mklabel gpt\n%end\n"),
        Example(text="%post\n»mkfs.xfs -f /dev/sdb1\n»cat image > /dev/sdc\n%end\n"),
        Example(
            text="%pre\n»vgremove -f $(vgs --noheadings -o vg_name)\n»mdadm --zero-superblock /dev/sd[a-z]\n%end\n"
        ),
        Example(
            text="part / --onpart=vda1\n%pre\n»parted -s /dev/vda mklabel gpt\n%end\n", profile=LintProfile.REBUILD
        ),
    ),
    good=(
        Example(text="%pre\nwipefs -a /dev/disk/by-id/wwn-1\nparted /dev/sda print\nfdisk -l\nwipefs /dev/sdb\n%end\n"),
        Example(text="%pre\necho wipefs -a /dev/sda\ncat > /tmp/x <<EOF\ndd if=/dev/zero of=/dev/sda\nEOF\n%end\n"),
        Example(text="%pre\nd=$(findit)\nwipefs -a /dev/$d\ndd if=/dev/zero of=/dev/null\necho x > /dev/tty1\n%end\n"),
        Example(text="%pre\nparted -s /dev/vda mklabel gpt\n%end\n"),
        Example(text="%post\ndd if=/dev/zero of=/zeros bs=1M\nmkswap /swapfile\nvgremove -f old\n%end\n"),
        Example(
            text="%pre\nfor d in $(lsblk -dno NAME,SERIAL | grep S1 | head -n1); do wipefs -a /dev/$d; done\n%end\n"
        ),
    ),
    check=_check,
)
