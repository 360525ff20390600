"""KB103 unguarded-disk-variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.disks import named_disks
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.variables import Variables, variables_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Option, Statement


_EFFECTS: Final = {
    "clearpart": "clearpart then erases every disk",
    "part": "part then takes any disk",
    "bootloader": "the boot loader then goes to any disk",
    "ignoredisk": "ignoredisk then stops the installation",
}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    found: dict[tuple[int, str], tuple[Statement, Option]] = {}
    variables: dict[int, Variables] = {}
    # Once for each variable, at the command for which it is worst.
    for command in _EFFECTS:
        for line in kickstart.all(command):
            if line.generated is None:
                continue
            for disk in named_disks(line):
                for name in variables_in(disk.name):
                    script = id(line.generated)
                    if script not in variables:
                        variables[script] = Variables(line.generated)
                    if (script, name) not in found and variables[script].may_be_empty(name, line.line):
                        found[script, name] = (line, disk.option)
    for (_, name), (line, option) in found.items():
        yield line.hit(f"${name} may be empty here, and nothing looks: {_EFFECTS[line.name]}", option)


RULE = Rule(
    code="KB103",
    name="unguarded-disk-variable",
    summary="A %pre puts a variable into a storage command without a look at whether it is empty.",
    why=(
        "When the search for the disk finds nothing, the script writes `clearpart --all --drives=`, which erases every "
        "disk. One lsblk that prints another column than before is enough."
    ),
    hint='end the %pre --erroronfail when it is empty, before anything is written: : "${disk:?no disk found}"',
    levels=levels("W", "E"),
    bad=(
        Example(
            text=(
                "%include /tmp/disk\n%pre\n"
                "d=$(lsblk -dno NAME | head -n1)\n"
                '»echo "clearpart --all --drives=$d" > /tmp/disk\n'
                'echo "part / --size=1 --ondisk=$d" >> /tmp/disk\n%end\n'
            )
        ),
        Example(
            text=(
                "%include /tmp/disk\n%pre\nif [ -b /dev/sda ]; then\n  d=sda\nelif [ -b /dev/sdb ]; then\n  d=sdb\nfi\n"
                "cat > /tmp/disk <<EOF\n»ignoredisk --only-use=${d}\nEOF\n%end\n"
            )
        ),
        Example(
            text=(
                "%include /tmp/disk\n%pre\nfor d in $(list-harddrives); do\n"
                '  [ -z "$d" ] && continue\n  break\ndone\n'
                '»echo "clearpart --all --drives=$d" > /tmp/disk\n%end\n'
            )
        ),
        Example(
            text=(
                '%include /tmp/disk\n%pre\nchosen=""\nfor d in $(lsblk -dno NAME); do\n'
                '  if [ -z "$chosen" ]; then chosen=$d; fi\ndone\nif [ "$chosen" = nvme0n1 ]; then p=p; fi\n'
                '»echo "clearpart --all --drives=$chosen" > /tmp/disk\n%end\n'
            )
        ),
    ),
    good=(
        Example(
            text=(
                "%include /tmp/disk\n%pre\nd=$(lsblk -dno NAME | head -n1)\n"
                ': "${d:?no disk}"\necho "clearpart --all --drives=$d" > /tmp/disk\n%end\n'
            )
        ),
        Example(
            text=(
                '%include /tmp/disk\n%pre\nd=$(findit)\n[ -b "/dev/$d" ] || exit 1\n'
                'echo "clearpart --all --drives=$d" > /tmp/disk\n%end\n'
            )
        ),
        Example(
            text=(
                "%include /tmp/disk\n%pre\nd=sda\nif [ -b /dev/nvme0n1 ]; then d=nvme0n1; fi\n"
                'echo "clearpart --all --drives=$d" > /tmp/disk\n%end\n'
            )
        ),
        Example(
            text=(
                "%include /tmp/disk\n%pre\nif [ -b /dev/sda ]; then d=sda\nelse d=vda\nfi\n"
                'echo "clearpart --all --drives=$d" > /tmp/disk\n%end\n'
            )
        ),
        Example(
            text=(
                "%include /tmp/disk\n%pre\nfor d in $(lsblk -dno NAME); do\n"
                '  echo "part raid.$d --size=1 --ondisk=$d" >> /tmp/disk\ndone\n%end\n'
            )
        ),
        Example(
            text=(
                '%include /tmp/disk\n%pre\nwhile [ -z "$d" ]; do d=$(findit); done\n'
                'echo "clearpart --all --drives=$d" > /tmp/disk\n%end\n'
            )
        ),
    ),
    check=_check,
)
