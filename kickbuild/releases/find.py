"""Looking a release up: exactly, or its newest older relative with a notice."""

from __future__ import annotations

import difflib
import re

from kickbuild.errors import ReleaseError
from kickbuild.releases.model import Distribution, Match, Release, Version
from kickbuild.releases.table import RELEASES

_SPELLINGS = {
    "el": Distribution.RHEL,
    "redhat": Distribution.RHEL,
    "c": Distribution.CENTOS,
    "stream": Distribution.CENTOS_STREAM,
    "centosstream": Distribution.CENTOS_STREAM,
    "centos-stream": Distribution.CENTOS_STREAM,
    "almalinux": Distribution.ALMA,
    "rockylinux": Distribution.ROCKY,
    "ol": Distribution.ORACLE,
    "f": Distribution.FEDORA,
}
_NAME = re.compile(r"([a-z-]+?)-?([0-9]{1,3})(?:\.([0-9]{1,4}))?(?:\.[0-9]+)*")


def parse_release(name: str) -> Match:
    """Return the release that a name such as ``rocky9.4`` or ``fedora43`` means. Raises ReleaseError."""
    match = _NAME.fullmatch(name.strip().lower())
    distribution = _distribution(match[1]) if match else None
    if match is None or distribution is None:
        known = [release.id for release in RELEASES]
        close = difflib.get_close_matches(name.lower(), known, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise ReleaseError(f"{name!r} is not a release", hint=f"{hint}`kickbuild releases` lists them")
    minor = int(match[3]) if match[3] is not None else None
    return find_release(distribution, int(match[2]), minor)


def find_release(distribution: Distribution, major: int, minor: int | None) -> Match:
    """Return the facts that apply to a version; ``minor`` None means the newest minor of that major.

    A release newer than the table takes its newest older relative, with a notice. Raises ReleaseError where there is
    none (older than the table).
    """
    wanted: Version = (major, minor if minor is not None else 9999)
    candidates = [r for r in RELEASES if r.distribution is distribution and r.since <= wanted]
    if not candidates:
        raise ReleaseError(
            f"{distribution.long_name} {major} is not known: it is older than everything kickbuild supports",
            hint="`kickbuild releases` lists the releases",
        )
    best = max(candidates, key=lambda release: release.since)
    notice = ""
    if best.major != major:
        notice = (
            f"{distribution.long_name} {major} is newer than this kickbuild: "
            f"treating it as its newest older relative, {distribution.long_name} {best.major}"
        )
    return Match(
        release=best,
        distribution=distribution,
        version=(major, minor or 0),
        has_minor=minor is not None,
        notice=notice,
    )


def representatives() -> tuple[Release, ...]:
    """Return one release for each distinct set of capabilities, in the order of the table."""
    seen: dict[int, Release] = {}
    for release in RELEASES:
        seen.setdefault(id(release.can), release)
    return tuple(seen.values())


def _distribution(word: str) -> Distribution | None:
    if word in _SPELLINGS:
        return _SPELLINGS[word]
    return Distribution(word) if word in set(Distribution) else None
