"""Reading what the user wants: profiles, and the ISO that each of them names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.build.plan import Wanted
from kickbuild.errors import InputError, IsoError, KickbuildError, Problem, ReleaseError
from kickbuild.iso.inspect import read_facts
from kickbuild.profile.load import load_profile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kickbuild.iso.facts import IsoFacts


def read_wanted(paths: Sequence[Path]) -> tuple[Wanted, ...]:
    """Read profiles and their ISOs. Raises InputError with everything that is wrong with any of them."""
    problems: list[Problem] = []
    wanted: list[Wanted] = []
    facts: dict[tuple[Path, str], IsoFacts] = {}
    for path in paths:
        try:
            loaded = load_profile(path)
            key = (loaded.iso, loaded.profile.source.release)
            if key not in facts:
                facts[key] = read_facts(loaded.iso, release=loaded.profile.source.release)
            require_supported(facts[key], path)
            wanted.append(Wanted(loaded=loaded, facts=facts[key]))
        except KickbuildError as error:
            if not isinstance(error, InputError):
                raise
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return tuple(wanted)


def require_supported(facts: IsoFacts, profile: Path) -> None:
    """Raise InputError where a drive cannot be prepared with the ISO that ``profile`` names."""
    can = facts.match.can
    if not can.prepare:
        raise ReleaseError(
            f"{facts.match.title} cannot be prepared: {can.refusal}",
            where=f"{profile}: source.iso",
            hint="`kickbuild releases` shows what works in which release",
        )
    if facts.has_packages and not facts.has_discinfo:
        raise IsoError(
            "has no .discinfo: the installer refuses such an ISO on a disk",
            where=f"{profile}: source.iso: {facts.path}",
            hint="use the ISO as its distribution published it",
        )
