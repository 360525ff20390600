"""KB806 addon-option-unknown."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section

#: com_redhat_kdump: ks/kdump.py, later service/kickstart.py of kdump-anaconda-addon.
_KDUMP: Final = ("--enable", "--disable", "--reserve-mb", "--enablefadump")
#: org_fedora_oscap, com_redhat_oscap: the keys that oscap-anaconda-addon reads in the body.
_OSCAP: Final = (
    "content-type",
    "content-url",
    "content-path",
    "datastream-id",
    "xccdf-id",
    "xccdf-path",
    "profile",
    "cpe-path",
    "tailoring-path",
    "fingerprint",
    "certificates",
    "remediate",
)


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.sections_of("%addon"):
        name = section.header.arguments[0].text if section.header.arguments else ""
        if name == "com_redhat_kdump":
            yield from _kdump(section)
        elif name in {"org_fedora_oscap", "com_redhat_oscap"}:
            yield from _oscap(section)


def _kdump(section: Section) -> Iterator[Hit]:
    for option in section.header.options:
        if option.name not in _KDUMP:
            yield section.header_hit(
                f"com_redhat_kdump has no option {option.name}", option, hint=_similar(option.name, _KDUMP)
            )
        elif option.name == "--reserve-mb":
            value = option.value or ""
            if "$" not in value and "{" not in value and not re.fullmatch(r"auto|[0-9]+[mM]?", value):
                yield section.header_hit(f"--reserve-mb={value} is neither `auto` nor a number of MiB", option)


def _oscap(section: Section) -> Iterator[Hit]:
    for line in section.lines:
        key, equals, _ = line.text.partition("=")
        key = key.strip()
        if equals and re.fullmatch(r"[A-Za-z][\w-]*", key) and key not in _OSCAP:
            name = section.header.arguments[0].text
            yield section.hit(line.number, f"{name} does not know {key}", key, hint=_similar(key, _OSCAP))


def _similar(name: str, known: tuple[str, ...]) -> str:
    found = get_close_matches(name[:80], known, n=1, cutoff=0.7)
    return f"did you mean {found[0]}?" if found else f"it knows {', '.join(known)}"


RULE = Rule(
    code="KB806",
    name="addon-option-unknown",
    summary="An add-on is given an option or key that it does not know.",
    why="The installer stops at the section, or does not do what the option was to say.",
    levels=levels("W", "E"),
    bad=(
        Example(text="»%addon com_redhat_kdump --disabled\n%end\n"),
        Example(text="»%addon com_redhat_kdump --enable --reserve-md='auto'\n%end\n"),
        Example(text="»%addon com_redhat_kdump --enable --reserve-mb='lots'\n%end\n"),
        Example(text="%addon org_fedora_oscap\ncontent-type = scap-security-guide\n»profil = standard\n%end\n"),
    ),
    good=(
        Example(text="%addon com_redhat_kdump --enable --reserve-mb='auto'\n%end\n"),
        Example(text="%addon com_redhat_kdump --disable --reserve-mb=128\n%end\n"),
        Example(
            text="%addon com_redhat_oscap\n    content-type = scap-security-guide\n    profile = cis\n"
            "# note = this\n%end\n"
        ),
        Example(text="%addon org_example_other --whatever\nkey = value\n%end\n"),
    ),
    check=_check,
    since=7,
)
