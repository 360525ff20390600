"""KB604 interpreter-missing."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from kickbuild.lint.installer_tools import missing_tool
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section


#: Interpreters that no installer brings.
_NEVER: Final = frozenset({"ash", "busybox", "csh", "dash", "fish", "ksh", "node", "php", "ruby", "tcsh", "zsh"})
#: Packages with which ``python`` is in the new system.
_PYTHONS: Final = ("python2", "python27", "python-unversioned-command", "python3-unversioned-command")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.scripts:
        option = section.header.option("--interpreter")
        name = _program(section)
        if option is None or section.is_empty or not name:
            continue
        if not section.in_chroot:
            instead = missing_tool(name, kickstart.release.level)
            if instead is not None or name in _NEVER:
                message = f"the installer of {kickstart.release.title} has no {section.interpreter}"
                yield section.header_hit(message, option, hint=instead or "")
        elif name in {"python", "python2"} and kickstart.release.level >= 8 and not _brings_python(kickstart):
            message = (
                f"{kickstart.release.title} installs no {section.interpreter} unless a package is named that has it"
            )
            yield section.header_hit(message, option, hint="use /usr/bin/python3, or /usr/libexec/platform-python on 8")


def _program(section: Section) -> str:
    words = section.interpreter.split()
    name = posixpath.basename(words[0]) if words else ""
    return posixpath.basename(words[1]) if name == "env" and len(words) > 1 else name


def _brings_python(kickstart: Kickstart) -> bool:
    return not kickstart.is_complete or any(line.name.startswith(_PYTHONS) for line in kickstart.packages)


RULE = Rule(
    code="KB604",
    name="interpreter-missing",
    summary="A script asks for an interpreter that is not there when it runs.",
    why="The script does not run at all, and without --erroronfail the installation goes on as if it had.",
    levels=levels("W", "E"),
    bad=(
        Example(text="»%pre --interpreter=/usr/bin/python\nprint(1)\n%end\n"),
        Example(text="»%pre --interpreter /usr/bin/perl\nprint 1;\n%end\n", release="rhel7"),
        Example(text="»%post --nochroot --interpreter=/usr/bin/python2\nprint(1)\n%end\n"),
        Example(text="»%pre --interpreter=/usr/bin/python3\nprint(1)\n%end\n", release="rhel7"),
        Example(text="lang x\nautopart\nreboot\n»%post --interpreter=/usr/bin/python\nprint(1)\n%end\n"),
    ),
    good=(
        Example(text="%pre --interpreter=/usr/bin/python3\nprint(1)\n%end\n"),
        Example(text="%pre --interpreter=/usr/bin/python\nprint 1\n%end\n", release="rhel7"),
        Example(text="%pre --interpreter=/bin/bash\necho\n%end\n%post --interpreter=/usr/bin/perl\n1;\n%end\n"),
        Example(
            text="%packages\npython2\n%end\n%post --interpreter=/usr/bin/python2\nprint 1\n%end\n", release="rhel8"
        ),
    ),
    check=_check,
)
