"""From a TOML file to a profile: every problem at once, each with its key path and line."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from kickbuild.errors import Problem, ProfileError
from kickbuild.profile import positions
from kickbuild.profile.fields import crypt_problem
from kickbuild.profile.mended import with_stand_ins
from kickbuild.profile.model import Profile, When
from kickbuild.profile.problems import broken_paths, dotted, line_of, problems_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kickbuild.profile.system import Looked

#: A profile, a hash or a script larger than this is not one.
_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScriptText:
    """A script with its text read."""

    when: When
    text: str
    interpreter: str | None


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile with everything that it refers to, read: no later step opens a file that the profile names but the ISO.

    ``profile`` holds secrets where it held references to them.
    """

    path: Path
    profile: Profile
    iso: Path
    scripts: tuple[ScriptText, ...]
    base: str | None
    """The text of the user's own kickstart."""
    base_path: Path | None
    digest: str
    """sha256 of all of it but the secrets, so that it may be written on the drive."""


def load_profile(path: Path, environment: Mapping[str, str] | None = None) -> LoadedProfile:
    """Read a profile. Raises ProfileError with every problem that it has."""
    text = _read_text(path)
    return parse_profile(text, path, environment=os.environ if environment is None else environment)


def parse_profile(text: str, path: Path, *, environment: Mapping[str, str]) -> LoadedProfile:
    """Return the profile that ``text`` means; ``path`` is where it stands. Raises ProfileError."""
    tables = parse_tables(text, path)
    return profile_of(tables.data, path, tables.place, environment=environment)


@dataclass(frozen=True, slots=True)
class ProfileTables:
    """A profile's tables as TOML, of which nothing is checked yet."""

    path: Path
    data: dict[str, Any]
    lines: dict[positions.Path, int]

    def place(self, keys: positions.Path) -> str:
        """Return where a key is: ``web.toml:12: target.serial``."""
        line = positions.find_line(self.lines, keys)
        return f"{self.path}:{line}: {dotted(keys)}" if line else f"{self.path}: {dotted(keys)}"


def read_tables(path: Path) -> ProfileTables:
    """Read a profile's tables. Raises ProfileError where it is no TOML."""
    return parse_tables(_read_text(path), path)


def parse_tables(text: str, path: Path) -> ProfileTables:
    """Return the tables of a profile's text. Raises ProfileError where it is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"is not TOML: {error}", where=str(path)) from error
    except RecursionError as error:
        raise ProfileError("is nested too deeply to be a profile", where=str(path)) from error
    return ProfileTables(path, data, positions.key_lines(text))


def profile_of(
    data: dict[str, Any], path: Path, place: Callable[[positions.Path], str], *, environment: Mapping[str, str]
) -> LoadedProfile:
    """Return the profile that tables mean; ``place`` tells where a key is. Raises ProfileError."""
    try:
        profile = Profile.model_validate(data)
    except ValidationError as error:

        def read_with(profile: Profile, broken: frozenset[positions.Path]) -> _Reader:
            return _Reader(path, profile, place, environment, broken)

        problems = problems_of(error, data, place) + _hidden_problems(error, data, place, read_with)
        raise ProfileError(*sorted(dict.fromkeys(problems), key=line_of)) from None
    return _Reader(path, profile, place, environment).read()


def _hidden_problems(
    error: ValidationError,
    data: dict[str, Any],
    place: Callable[[positions.Path], str],
    reader: Callable[[Profile, frozenset[positions.Path]], _Reader],
) -> list[Problem]:
    """Return what the broken values hide: what only the whole of a table or of the profile can tell."""
    broken = broken_paths(error, data)
    mended = with_stand_ins(data, broken)
    hidden: list[Problem] = []
    try:
        profile = Profile.model_validate(mended)
    except ValidationError as second:
        hidden = problems_of(second, mended, place)
        more = {path[:1] for path in broken_paths(second, mended)}
        broken |= more
        try:
            profile = Profile.model_validate(with_stand_ins(mended, more))
        except ValidationError:
            return hidden
    return hidden + reader(profile, frozenset(broken)).find_problems()


def _read_text(path: Path) -> str:
    try:
        if path.is_dir():
            raise ProfileError("is a directory, not a profile", where=str(path))
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError as error:
        raise ProfileError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if len(data) > _LIMIT:
        raise ProfileError("is too large to be a profile", where=str(path))
    try:
        # Some editors begin a file with a byte order mark, which TOML does not know.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProfileError("is not UTF-8 text", where=f"{path}:{line}") from error


class _Reader:
    """Reads what a valid profile refers to, and checks what only the whole of it can tell."""

    def __init__(
        self,
        path: Path,
        profile: Profile,
        place: Callable[[positions.Path], str],
        environment: Mapping[str, str],
        broken: frozenset[positions.Path] = frozenset(),
    ) -> None:
        self.path = path
        self.profile = profile
        self.place = place
        self.environment = environment
        self.broken = broken
        """Where stand-ins are, of which nothing is said."""
        self.problems: list[Problem] = []

    def find_problems(self) -> list[Problem]:
        """Return what is wrong, besides what is broken."""
        try:
            self.read()
        except ProfileError as error:
            return list(error.problems)
        return []

    def read(self) -> LoadedProfile:
        profile = self.profile
        scripts = tuple(ScriptText(s.when, self._script(i), s.interpreter) for i, s in enumerate(profile.script))
        base_path = self._beside(profile.kickstart.base) if profile.kickstart.base else None
        base = self._file(("kickstart", "base"), base_path) if base_path else None
        resolved = self._with_secrets()
        self._check_whole(resolved)
        if self.problems:
            raise ProfileError(*self.problems)
        iso = self._beside(profile.source.iso)
        return LoadedProfile(self.path, resolved, iso, scripts, base, base_path, _digest(resolved, scripts, base))

    def _beside(self, name: str) -> Path:
        return self.path.parent / os.path.expanduser(name)  # noqa: PTH111 - an unknown user's stays as it is

    def _problem(self, keys: positions.Path, message: str, hint: str = "") -> None:
        if not any(path in {keys[: len(path)], (*keys, "env"), (*keys, "file")} for path in self.broken):
            self.problems.append(Problem(message, where=self.place(keys), hint=hint))

    def _file(self, keys: positions.Path, path: Path) -> str:
        try:
            with path.open("rb") as file:
                data = file.read(_LIMIT + 1)
        except (OSError, ValueError) as error:
            self._problem(keys, f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
            return ""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            self._problem(keys, f"{path} is not UTF-8 text")
            return ""
        if len(data) > _LIMIT or "\0" in text:
            self._problem(keys, f"{path} is not a text of sane size")
            return ""
        return text

    def _script(self, index: int) -> str:
        script = self.profile.script[index]
        keys: positions.Path = ("script", index)
        if script.file is not None:
            text = self._file((*keys, "file"), self._beside(script.file))
        else:
            text = script.inline or ""
        key = "file" if script.file is not None else "inline"
        for number, line in enumerate(text.splitlines(), start=1):
            word = line.split()[0] if line.split() else ""
            if word in _SECTION_WORDS:
                self._problem(
                    (*keys, key),
                    f"line {number} of the script begins with {word}, which would end it: the installer reads "
                    "section marks even in the middle of a script",
                    hint=f"write it so that the line does not begin with {word}",
                )
        if "\0" in text:
            self._problem((*keys, key), "has a NUL byte")
        return text

    def _with_secrets(self) -> Profile:
        profile = self.profile
        root = self._secret(("system", "root_password_hash"), profile.system.root_password_hash)
        system = profile.system.model_copy(update={"root_password_hash": root})
        users = tuple(
            user.model_copy(update={"password_hash": self._secret(("user", i, "password_hash"), user.password_hash)})
            for i, user in enumerate(profile.user)
        )
        return profile.model_copy(update={"system": system, "user": users})

    def _secret(self, keys: positions.Path, value: SecretStr | Looked | None) -> SecretStr | None:
        if value is None or isinstance(value, SecretStr):
            return value
        if value.env is not None:
            text = self.environment.get(value.env)
            if text is None:
                self._problem(keys, f"the environment variable {value.env} is not set")
                return None
        else:
            before = len(self.problems)
            text = self._file(keys, self._beside(value.file or ""))
            if len(self.problems) > before:
                return None
        problem = crypt_problem(text.strip())
        if problem:
            self._problem(keys, f"what it refers to {problem}")
        return SecretStr(text.strip())

    def _check_whole(self, profile: Profile) -> None:
        if profile.kickstart.base is not None:
            self._check_base()
            return
        self._check_entry(profile)
        self._check_keep(profile)
        names = [user.name for user in profile.user]
        for name in sorted({n for n in names if names.count(n) > 1}):
            self._problem(("user",), f"has the user {name} twice")
        for i, user in enumerate(profile.user):
            if user.name == "root" and (user.groups or user.password_hash or user.uid or user.shell or user.gecos):
                self._problem(
                    ("user", i),
                    "root takes only ssh_keys here",
                    hint="root's password is system.root_password_hash",
                )

    def _check_base(self) -> None:
        """An adopted kickstart says itself what the new system is."""
        for key in ("system", "user", "network", "storage", "packages", "script"):
            if key in self.profile.model_fields_set:
                self._problem(
                    (key,),
                    "has no effect beside kickstart.base: the adopted kickstart says this itself",
                    hint=f"remove either [{key}] or kickstart.base",
                )

    def _check_keep(self, profile: Profile) -> None:
        """Refuse to keep what the profile itself gives the new system."""
        given = {"hostname": profile.network.hostname is not None, "network": bool(profile.network.interface)}
        keys = {"hostname": "network.hostname", "network": "network.interface"}
        ways = {
            "hostname": "remove network.hostname, which the kept name would replace, or keep.hostname",
            "network": "remove network.interface, which the kept files would replace, or keep.network; "
            "what the installer itself needs of the network can stand in boot.kernel_args (ip=)",
        }
        for name in profile.keep.names:
            if given.get(name):
                self._problem(("keep", name), f"contradicts {keys[name]}", hint=ways[name])

    def _check_entry(self, profile: Profile) -> None:
        """Refuse a system that nobody could log in to."""
        system = profile.system
        unsure = any(path[:1] == ("user",) or path in _ROOT_KEYS for path in self.broken)
        if system.root_password_hash is not None or unsure:
            return
        admins = [u for u in profile.user if u.name == "root" or "wheel" in u.groups]
        can_enter = any(u.password_hash or u.ssh_keys for u in admins)
        if not system.lock_root:
            self._problem(
                ("system",),
                "has neither root_password_hash nor lock_root",
                hint="make a hash with `openssl passwd -6`, or set lock_root = true and add a user in the group wheel",
            )
        elif not can_enter:
            self._problem(
                ("system", "lock_root"),
                "locks everybody out: no user in the group wheel has a password_hash or ssh_keys",
            )


#: Where it is said how root logs in.
_ROOT_KEYS = (("system",), ("system", "root_password_hash"), ("system", "lock_root"))
_SECTION_WORDS = frozenset(
    "%" + word
    for word in (
        [
            "end",
            "pre",
            "pre-install",
            "post",
            "packages",
            "include",
            "ksappend",
            "addon",
            "anaconda",
            "onerror",
            "traceback",
            "certificate",
        ]
    )
)


def _digest(profile: Profile, scripts: tuple[ScriptText, ...], base: str | None) -> str:
    value = {
        "profile": profile.model_dump(mode="json", by_alias=True),
        "scripts": [[s.when, s.text, s.interpreter] for s in scripts],
        "base": base,
    }
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
