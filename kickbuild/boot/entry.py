"""The Rebuild entry as a value, and the kernel arguments that lead the installer to the drive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.errors import Problem, ProfileError, ReleaseError
from kickbuild.quoting import kernel_argument
from kickbuild.releases.model import KickstartArgument

if TYPE_CHECKING:
    from kickbuild.drive.ref import DriveRef
    from kickbuild.releases.model import Capabilities

#: Arguments that the entry gives itself, or that would lead the installer elsewhere. ``root=`` of a copied menu entry
#: makes stage 1 skip its search for the source (anaconda dracut/parse-anaconda-repo.sh); a failed ``rd.live.check``
#: halts the box for twelve hours (dracut/anaconda-diskroot).
_NOT_YOURS: Final = frozenset(
    {
        *("ks", "inst.ks", "ksdevice", "root", "method", "inst.repo", "repo", "inst.stage2", "stage2"),
        *("inst.rescue", "rescue", "rd.live.check", "inst.ks.all", "init", "rdinit", "BOOT_IMAGE", "initrd"),
    }
)
#: A kernel that cannot unpack its initrd has nothing to start, and stands there for ever unless it is told to reboot. A
#: minute is enough to read its last words on a console or to take a picture of them, and short beside a rebuild. No
#: installer copies it into the new system (anaconda, preserved_arguments in anaconda.conf and its forerunners).
_PANIC: Final = "panic=60"
#: What a boot loader puts before the arguments: ``BOOT_IMAGE=(hd1,gpt1)/centos-stream10-aarch64-minimal/vmlinuz``.
_PREFIX: Final = 80


@dataclass(frozen=True, slots=True)
class BootEntry:
    """One Rebuild entry. ``kernel`` and ``initrd`` are paths on the drive; ``kickstart`` is what must be there too."""

    id: str
    title: str
    drive: DriveRef
    kernel: str
    initrd: str
    kickstart: str
    arguments: tuple[str, ...]


def plan_arguments(
    *,
    can: Capabilities,
    drive: DriveRef,
    kickstart_path: str,
    iso_path: str,
    has_packages: bool,
    kernel_args: tuple[str, ...],
) -> tuple[str, ...]:
    """Return the kernel arguments of the entry, the user's own last.

    The kickstart's ``harddrive`` leads both stages to the ISO, so nothing else is needed; an ISO without packages has
    no such command, and its stage 2 is named here. Raises ProfileError and ReleaseError.
    """
    _check_own(kernel_args)
    arguments = [f"{can.kickstart_argument}=hd:{drive}:{kickstart_path}"]
    if not has_packages:
        arguments.append(_stage2(can, drive, iso_path))
    if can.emergency_reboot:
        # A stage 1 that finds nothing reboots instead of giving a shell to nobody.
        arguments += ["rd.shell=0", "rd.emergency=reboot"]
    if not any(argument.partition("=")[0] == "panic" for argument in kernel_args):
        arguments.append(_PANIC)
    arguments += kernel_args
    length = len(" ".join(arguments).encode("utf-8")) + _PREFIX
    if length > can.command_line_limit:
        raise ReleaseError(
            f"the kernel line has {length} bytes, but {can.family} reads only {can.command_line_limit}",
            hint="shorten boot.kernel_args",
        )
    return tuple(arguments)


def _stage2(can: Capabilities, drive: DriveRef, iso_path: str) -> str:
    if can.kickstart_argument is KickstartArgument.KS:
        return f"stage2=hd:{drive}:{iso_path.rpartition('/')[0]}/images/install.img"
    return f"inst.stage2=hd:{drive}:{iso_path}"


def _check_own(kernel_args: tuple[str, ...]) -> None:
    problems: list[Problem] = []
    for argument in kernel_args:
        if argument.partition("=")[0] in _NOT_YOURS:
            problems.append(
                Problem(
                    f"{argument} would lead the installer elsewhere; the entry names its sources itself",
                    "boot.kernel_args",
                )
            )
        try:
            kernel_argument(argument)
        except ValueError as error:
            problems.append(Problem(str(error), "boot.kernel_args"))
        if set(argument) & set("\\'$"):
            problems.append(
                Problem(
                    f"{argument!r} has a character that boot loaders change on the way to the kernel",
                    "boot.kernel_args",
                )
            )
    if problems:
        raise ProfileError(*problems)
