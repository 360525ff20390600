"""KB102 empty-disk-argument."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.lint.disks import DISK_OPTIONS, PARTITION_OPTIONS
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Option, Statement


#: What becomes of the command, by the command's name: read in the installers' sources.
_EFFECTS: Final = {
    "clearpart": "no disk is named, so every disk is erased",
    "part": "no disk is named, so the installer takes any",
    "bootloader": "no disk is named, so the boot loader goes to any",
    "ignoredisk": "no disk is named, so the installer stops",
    "harddrive": "no partition is named, so there is nothing to install from",
}
_OTHERS: Final = {"harddrive": ("--partition", "--biospart")}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all(*_EFFECTS):
        names = (
            *DISK_OPTIONS.get(line.name, ()),
            *PARTITION_OPTIONS.get(line.name, ()),
            *_OTHERS.get(line.name, ()),
        )
        for option in line.all_options(*names):
            if option.value is None or option.values or not _is_written_so(line, option):
                continue
            yield line.hit(f"{option.name} is empty: {_EFFECTS[line.name]}", option)


def _is_written_so(line: Statement, option: Option) -> bool:
    """Return whether the value is empty in the text itself; a script's variable may have got a value since."""
    if line.generated is None:
        return True
    text = line.source.line_text(line.line)
    return bool(re.search(re.escape(option.name) + r"""(?:=\\?(?:""|'')?|\s+\\?(?:""|''))\s*(?:["'\s\\]|$)""", text))


RULE = Rule(
    code="KB102",
    name="empty-disk-argument",
    summary="An option that names disks is there, but names none.",
    why=(
        "`clearpart --all --drives=` is no error in any installer: it means every disk, the one with the installation "
        "source and the data disks too. It is what is left when a script or a template did not find the disk. An empty "
        "--ondisk or --boot-drive is taken for none as well; an empty ignoredisk stops the installation."
    ),
    hint="name the disk; where a script or a template fills it in, let that fail when it has none",
    levels=levels("E"),
    bad=(
        Example(text="ignoredisk --only-use=vda\n»clearpart --all --drives=\n»part / --size=1 --ondisk=\n"),
        Example(text='»bootloader --boot-drive=""\n»ignoredisk --drives=,\n»part /srv --onpart= --noformat\n'),
        Example(text="»harddrive --partition= --dir=/\n"),
        Example(text='%include /tmp/d\n%pre\n»echo "clearpart --all --drives=" > /tmp/d\n%end\n'),
    ),
    good=(
        Example(text="clearpart --all --drives=sda\npart / --size=1 --ondisk=sda\n"),
        Example(text="clearpart --all --drives={{ disk }}\n"),
        Example(text='%include /tmp/d\n%pre\nd=\neval "d=$x"\necho "clearpart --all --drives=$d" > /tmp/d\n%end\n'),
        Example(text="clearpart --all\n"),
    ),
    check=_check,
)
