"""KB509 not-anaconda."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.hit import Hit
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart


_ESXI: Final = "VMware ESXi"
_KICKSEED: Final = "Ubuntu's kickseed"
_LAT: Final = "the Linux Assembly Tool"
#: Command or section that only another installer knows -> that installer.
_NAMES: Final = {
    "accepteula": _ESXI,
    "vmaccepteula": _ESXI,
    "%firstboot": _ESXI,
    "preseed": _KICKSEED,
    "d-i": "the Debian installer",
    "%ks-early": _LAT,
    "%mkfs": _LAT,
    "%pre-part": _LAT,
    "%post-part": _LAT,
    "%post_nochroot": _LAT,
}
#: (command, option) that only another installer knows -> that installer.
_OPTIONS: Final = {
    ("install", "--firstdisk"): _ESXI,
    ("install", "--disk"): _ESXI,
    ("install", "--overwritevmfs"): _ESXI,
    ("network", "--addvmportgroup"): _ESXI,
    ("user", "--fullname"): _KICKSEED,
    ("rootpw", "--disabled"): _KICKSEED,
}
#: How files of other kinds begin.
_BEGINNINGS: Final = {
    "#cloud-config": "cloud-init",
    "<?xml": "an XML file's reader (AutoYaST?)",
    "<!doctype": "a web browser",
    "<html": "a web browser",
}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    begins = next((line for line in kickstart.source.document.lines if line.text.strip()), None)
    if begins:
        for beginning, whose in _BEGINNINGS.items():
            if begins.text.lstrip().lower().startswith(beginning):
                yield Hit(kickstart.source, begins.number, _message(whose, begins.text.split()[0]))
                return
    for statement in [*kickstart.statements, *(section.header for section in kickstart.sections)]:
        if statement.generated is None and statement.source is kickstart.source:
            options = ((statement.name, option.name) for option in statement.options)
            option = next((pair for pair in options if pair in _OPTIONS), None)
            if statement.name in _NAMES:
                yield statement.hit(_message(_NAMES[statement.name], statement.name))
                return
            if option:
                yield statement.hit(_message(_OPTIONS[option], " ".join(option)), option[1])
                return


def _message(whose: str, what: str) -> str:
    return f"this is written for {whose}, not for Anaconda ({what}); nothing else in it was checked"


RULE = Rule(
    code="KB509",
    name="not-anaconda",
    summary="The file is written for another installer that calls its own format kickstart, or is no kickstart at all.",
    why="The installer stops at the first line that it does not know.",
    hint="leave the file out of what is checked",
    levels=levels("E"),
    bad=(
        Example(text="»vmaccepteula\ninstall --firstdisk --overwritevmfs\nrootpw x\nreboot\n"),
        Example(text="rootpw x\n»install --firstdisk=local\nreboot\n%post --interpreter=busybox\n%end\n"),
        Example(text="lang en_US\n»user ann --fullname 'Ann' --password x\n"),
        Example(text="»preseed partman/confirm_write_new_label boolean true\n"),
        Example(text="lang en_US\n»%ks-early\necho\n%end\nbogus\n"),
        Example(text="\n»<!DOCTYPE html>\n<p>404\n"),
    ),
    good=(
        Example(text="install\nuser --name=ann\nrootpw --lock\n", release="rhel7"),
        Example(text="# accepteula\nlang en_US\n%pre\ncat > /tmp/esxi.cfg <<END\naccepteula\nEND\n%end\n"),
    ),
    check=_check,
    alone=True,
)
