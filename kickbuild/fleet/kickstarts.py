"""The kickstarts of many hosts, from one profile: what an inventory says of a host goes over the profile's keys.

Nothing appears unless all of it can be made. The work is done host by host, on every core, so that ten thousand hosts
take no more memory than ten.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from kickbuild.build.plan import Wanted, request_for
from kickbuild.build.wanted import require_supported
from kickbuild.drive.ref import DriveRef, RefKind, parse_ref
from kickbuild.errors import InputError, KickbuildError, Problem, UsageError, system_error
from kickbuild.files import partial_path, sync_directory
from kickbuild.fleet.names import file_of
from kickbuild.iso.inspect import read_facts
from kickbuild.kickstart.render import render_kickstart
from kickbuild.profile.load import LoadedProfile, ProfileTables, profile_of
from kickbuild.profile.problems import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from kickbuild.iso.facts import IsoFacts
    from kickbuild.profile.positions import Path as Keys

#: The variable of a host that overrides keys of the profile, and the one that names its drive.
OVERRIDES: Final = "kickbuild"
DRIVE: Final = "kickbuild_drive"
#: What follows the host in the name of its file.
_ENDING: Final = ".ks"
#: Problems that are told; of a mistake that all hosts share, one is enough.
_MOST_TOLD: Final = 20


class Hosts(Protocol):
    """Who the kickstarts are for; an inventory is that."""

    @property
    def hosts(self) -> list[str]:
        """The names."""

    def variables(self, host: str, names: Sequence[str]) -> dict[str, Any]:
        """Return what is said of a host. Raises InputError."""


@dataclass(frozen=True, slots=True)
class Written:
    """A host's kickstart: the file below the directory, and the digest of the host's own profile."""

    host: str
    file: str
    digest: str


@dataclass(frozen=True, slots=True)
class _Outcome:
    host: str
    digest: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class KickstartMaker:
    """What makes the kickstart of a host."""

    tables: ProfileTables
    hosts: Hosts
    drive: DriveRef | None = None
    """The drive of hosts that do not name theirs."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    facts: dict[tuple[Path, str], IsoFacts] = field(default_factory=dict)
    """What each ISO turned out to be."""

    def make(self, host: str) -> tuple[str, str]:
        """Return a host's kickstart and the digest of its profile. Raises KickbuildError that names the host."""
        said = self.hosts.variables(host, (OVERRIDES, DRIVE))
        try:
            loaded = self.profile(host, said.get(OVERRIDES, {}))
            want = Wanted(loaded=loaded, facts=self._facts(loaded))
            request = request_for(want, self._drive(loaded, said.get(DRIVE)))
            return render_kickstart(request), loaded.digest
        except KickbuildError as error:
            if all(problem.where.startswith(f"{host}: ") for problem in error.problems):
                raise
            raise InputError(
                *(
                    Problem(problem.message, where=f"{host}: {problem.where}".removesuffix(": "), hint=problem.hint)
                    for problem in error.problems
                )
            ) from error

    def profile(self, host: str, overrides: object) -> LoadedProfile:
        """Return the profile with a host's keys over it. Raises ProfileError."""
        if not isinstance(overrides, dict):
            raise InputError("must be a table of a profile's keys", where=f"{host}: {OVERRIDES}")

        def place(keys: Keys) -> str:
            if _overridden(overrides, keys):
                return f"{host}: {OVERRIDES}.{dotted(keys)}"
            return f"{host}: {self.tables.place(keys)}"

        data = merged(self.tables.data, overrides)
        return profile_of(data, self.tables.path, place, environment=self.environment)

    def _facts(self, loaded: LoadedProfile) -> IsoFacts:
        key = (loaded.iso, loaded.profile.source.release)
        if key not in self.facts:
            found = read_facts(loaded.iso, release=loaded.profile.source.release)
            require_supported(found, loaded.path)
            self.facts[key] = found
        return self.facts[key]

    def _drive(self, loaded: LoadedProfile, named: object) -> DriveRef:
        if named is not None:
            if not isinstance(named, str):
                raise UsageError("must be a text", where=DRIVE, hint="write UUID=… or LABEL=… as blkid prints it")
            try:
                return parse_ref(named)
            except UsageError as error:
                raise UsageError(*(Problem(p.message, where=DRIVE, hint=p.hint) for p in error.problems)) from error
        if self.drive is not None:
            return self.drive
        drive = loaded.profile.drive
        if drive.find_by is RefKind.LABEL and drive.label is not None:
            return DriveRef(RefKind.LABEL, drive.label)
        raise UsageError(
            "names no rebuild drive",
            hint=f'give the host a variable {DRIVE}: "UUID=…", or all of them --drive, or find_by = "label" in [drive]',
        )


def merged(base: Mapping[str, Any], over: Mapping[Any, Any]) -> dict[str, Any]:
    """Return tables with others over them: tables key by key, lists and values whole; null takes a key away."""
    result = dict(base)
    for written, value in over.items():
        # YAML has keys that are no text; as text they are keys that no profile knows.
        key = str(written)
        below = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(below if isinstance(below, dict) else {}, value)
        else:
            result[key] = value
    return result


def _overridden(overrides: Mapping[Any, Any], keys: Keys) -> bool:
    """Whether a value is the host's own: it stands there, or within a list that does."""
    value: Any = overrides
    for key in keys:
        if not isinstance(value, dict):
            return True
        if key not in value:
            return False
        value = value[key]
    return True


def write_kickstarts(maker: KickstartMaker, folder: Path, told: Callable[[int], None], jobs: int = 0) -> list[Written]:
    """Write the kickstart of every host to ``folder``, or none of them; ``told`` hears how many are done.

    Each is 0600, and replaces an older one whole. Raises InputError with what is wrong, naming hosts and keys, and
    ToolError where it cannot be written.
    """
    hosts = maker.hosts.hosts
    problems: list[Problem] = []
    for host in hosts:
        try:
            file_of(host, _ENDING)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*_bounded(problems))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One directory holds what is unfinished; nothing of it is seen before all of it is there.
        staging = partial_path(folder / "kickstarts")
        staging.mkdir(mode=0o700)
        try:
            written = _staged(maker, hosts, staging, told, jobs)
            for one in written:
                (staging / one.file).replace(folder / one.file)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        sync_directory(folder)
    except OSError as error:
        raise system_error(error, folder) from error
    return written


def _staged(
    maker: KickstartMaker, hosts: Sequence[str], staging: Path, told: Callable[[int], None], jobs: int
) -> list[Written]:
    written: list[Written] = []
    problems: list[Problem] = []
    # Closed before the staging directory is removed, whatever ends this: no worker may write there any more.
    with contextlib.closing(_outcomes(maker, hosts, staging, jobs)) as outcomes:
        for outcome in outcomes:
            if outcome.problems:
                problems += outcome.problems
            else:
                written.append(Written(outcome.host, file_of(outcome.host, _ENDING), outcome.digest))
            told(len(written))
    if problems:
        raise InputError(*_bounded(problems))
    for one in written:
        # After all are written: the first of these waits for the disk, the others find it done.
        descriptor = os.open(staging / one.file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return written


def _bounded(problems: list[Problem]) -> list[Problem]:
    more = len(problems) - _MOST_TOLD
    return [*problems[:_MOST_TOLD], Problem(f"and {more} more problems")] if more > 0 else problems


def _outcomes(maker: KickstartMaker, hosts: Sequence[str], staging: Path, jobs: int) -> Generator[_Outcome, None, None]:
    from kickbuild.workers import each

    # The first host alone: what every host shares is then read once, and the workers begin with it.
    yield _outcome((maker, staging), hosts[0])
    yield from each(_outcome, (maker, staging), hosts[1:], jobs)


def _outcome(work: tuple[KickstartMaker, Path], host: str) -> _Outcome:
    maker, staging = work
    try:
        text, digest = maker.make(host)
    except KickbuildError as error:
        return _Outcome(host, problems=error.problems)
    path = staging / file_of(host, _ENDING)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text.encode("utf-8"))
    return _Outcome(host, digest=digest)
