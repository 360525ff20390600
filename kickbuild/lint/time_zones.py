"""The names of the tz database, the same on every machine: those of the package tzdata."""

from __future__ import annotations

from functools import cache
from typing import Final

#: Name that came late -> the newest RHEL whose installers are all older than it. Which release of the tz database
#: brought it is in that database's NEWS; the last point releases had 2014g (5.11), 2018e (6.10), 2020a (7.9) and
#: 2024a (8.10).
_LATE: Final = {
    "America/Ciudad_Juarez": 7,
    "America/Coyhaique": 8,
    "America/Fort_Nelson": 5,
    "America/Nuuk": 6,
    "America/Punta_Arenas": 5,
    "Asia/Atyrau": 5,
    "Asia/Barnaul": 5,
    "Asia/Famagusta": 5,
    "Asia/Qostanay": 6,
    "Asia/Tomsk": 5,
    "Asia/Yangon": 5,
    "Europe/Astrakhan": 5,
    "Europe/Kirov": 5,
    "Europe/Kyiv": 7,
    "Europe/Saratov": 5,
    "Europe/Ulyanovsk": 5,
    "Pacific/Bougainville": 5,
    "Pacific/Kanton": 7,
}


@cache
def time_zones() -> frozenset[str]:
    """Return every name, old ones that are links to new ones too."""
    from importlib.resources import files

    try:
        return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
    except (ModuleNotFoundError, OSError):
        # Packagers of distributions leave tzdata out, for the system's own.
        from zoneinfo import available_timezones

        return frozenset(available_timezones())


def is_too_new(name: str, level: int) -> bool:
    """Return whether no installer of a RHEL knows a name because it is newer than all of them."""
    return _LATE.get(name, 0) >= level


def similar_time_zone(name: str) -> str:
    """Return the name that was probably meant; empty where none is like it."""
    from difflib import get_close_matches

    by_small = {zone.lower(): zone for zone in sorted(time_zones())}
    wanted = name.strip().replace(" ", "_").lower()
    if wanted in by_small:
        return by_small[wanted]
    found = get_close_matches(wanted[:80], by_small, n=1, cutoff=0.85)
    return by_small[found[0]] if found else ""
