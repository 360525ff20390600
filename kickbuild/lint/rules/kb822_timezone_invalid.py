"""KB822 timezone-invalid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable
from kickbuild.lint.time_zones import is_too_new, similar_time_zone, time_zones

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("timezone"):
        word = line.arguments[0] if line.arguments else None
        if word is None or is_variable(word.text):
            continue
        if word.text not in time_zones():
            similar = similar_time_zone(word.text)
            hint = f"did you mean {similar}?" if similar else ""
            yield line.hit(f"there is no time zone {word.text}", word, hint=hint)
        elif is_too_new(word.text, kickstart.release.level):
            yield line.hit(f"the time zone {word.text} is newer than {kickstart.release.title}", word)


RULE = Rule(
    code="KB822",
    name="timezone-invalid",
    summary="The time zone is none of the tz database, or the release is older than its name.",
    why=(
        "In text mode the machine silently gets the time of New York (America/New_York); in graphical mode the "
        "installer stops and waits."
    ),
    hint="the names are those below /usr/share/zoneinfo, in their case: Europe/Berlin",
    levels=levels("E"),
    bad=(
        Example(text="»timezone Europe/Munich\n"),
        Example(text="»timezone --utc europe/berlin\n"),
        Example(text="»timezone Berlin\n"),
        Example(text="»timezone Europe/Kyiv\n", release="centos7"),
    ),
    good=(
        Example(text="timezone Europe/Kyiv --utc\n"),
        Example(text="timezone US/Eastern\n", release="rhel6"),
        Example(text="timezone --utc Asia/Calcutta\n"),
        Example(text="timezone Etc/UTC\n"),
        Example(text="timezone --utc --ntpservers=ntp.example.org UTC\n", release="rhel8"),
        Example(text="timezone --utc {{ zone }}\n"),
        Example(text="timezone $ZONE\n"),
    ),
    check=_check,
)
