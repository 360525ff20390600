"""``.kickbuild.toml``: how a project's kickstarts are checked. Found in the directory of the files or above it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kickbuild.errors import InputError, Problem, ReleaseError
from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.release import choose_release
from kickbuild.lint.rules import find_rule
from kickbuild.profile import positions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

NAME: Final = ".kickbuild.toml"
_LIMIT: Final = 1024 * 1024
#: Keys that may also stand in a [[files]] table.
_PER_FILE: Final = ("release", "profile", "firmware", "ignore", "vars")
_TOP: Final = (*_PER_FILE, "baseline", "exclude", "fail_on", "files", "known_includes", "severity", "shellcheck")
_FIRMWARE: Final = ("bios", "uefi")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRules:
    """What holds for the files that match one of ``patterns``; None and empty where nothing is said."""

    patterns: tuple[str, ...] = ("**",)
    release: str | None = None
    profile: LintProfile | None = None
    firmware: str | None = None
    ignore: tuple[str, ...] = ()
    vars: str | None = None

    def match(self, name: str) -> bool:
        """Return whether a file, by its path from the configuration's directory, is meant."""
        return any(
            pattern == "**" or fnmatchcase(name, pattern) or fnmatchcase(name, f"*/{pattern}")
            for pattern in self.patterns
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration; ``directory`` is where its paths begin. ``severities`` by code; None switches a rule off."""

    path: Path | None = None
    directory: Path = field(default_factory=Path.cwd)
    everything: FileRules = FileRules()
    files: tuple[FileRules, ...] = ()
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    known_includes: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: Severity | None = None
    baseline: Path | None = None
    shellcheck: bool = True

    def rules_for(self, file: Path) -> FileRules:
        """Return what holds for one file: of several that speak the last one counts, and ``ignore`` adds up."""
        try:
            name = file.resolve().relative_to(self.directory.resolve()).as_posix()
        except ValueError:
            name = file.as_posix()
        merged = self.everything
        for rules in self.files:
            if rules.match(name):
                merged = FileRules(
                    release=rules.release or merged.release,
                    profile=rules.profile or merged.profile,
                    firmware=rules.firmware or merged.firmware,
                    ignore=merged.ignore + rules.ignore,
                    vars=rules.vars or merged.vars,
                )
        return merged


def find_config(start: Path) -> Path | None:
    """Return the nearest configuration in a directory or above it, or None."""
    start = start.resolve()
    # os.path: pathlib raises where a directory may not be entered.
    return next(
        (folder / NAME for folder in (start, *start.parents) if os.path.isfile(folder / NAME)),  # noqa: PTH113
        None,
    )


def read_config(path: Path) -> Config:
    """Read a configuration. Raises InputError with everything that is wrong with it."""
    import tomllib

    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT)
        text = data.decode("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", where=str(path)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"is not TOML: {error}", where=str(path)) from error
    reader = _Reader(path, text)
    config = reader.config(document)
    if reader.problems:
        raise InputError(*reader.problems)
    return config


class _Reader:
    """Takes the keys one by one and collects what is wrong."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = positions.key_lines(text)
        self.problems: list[Problem] = []

    def config(self, document: dict[str, Any]) -> Config:
        """Return the configuration, with defaults where something is wrong."""
        self._check_keys(document, _TOP, ())
        directory = self._path.parent
        baseline = self._take(document, "baseline", (), _text)
        tables = document.get("files", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._problem(("files",), "must be tables: write [[files]]")
            tables = []
        return Config(
            path=self._path,
            directory=directory,
            everything=self._file_rules(document, ()),
            files=tuple(self._file_rules(table, ("files", index)) for index, table in enumerate(tables)),
            severities=self._severities(document.get("severity", {})),
            known_includes=self._take(document, "known_includes", (), _texts) or (),
            exclude=self._take(document, "exclude", (), _texts) or (),
            fail_on=self._take(document, "fail_on", (), Severity),
            baseline=directory / baseline if baseline else None,
            shellcheck=self._take(document, "shellcheck", (), _flag) is not False,
        )

    def _file_rules(self, table: dict[str, Any], keys: positions.Path) -> FileRules:
        patterns: tuple[str, ...] = ("**",)
        if keys:
            self._check_keys(table, (*_PER_FILE, "path"), keys)
            patterns = self._take(table, "path", keys, _texts) or ()
            if "path" not in table:
                self._problem(keys, "needs a path: the pattern of the files it speaks of")
        return FileRules(
            patterns=patterns,
            release=self._take(table, "release", keys, _release),
            profile=self._take(table, "profile", keys, LintProfile),
            firmware=self._take(table, "firmware", keys, _firmware),
            ignore=self._take(table, "ignore", keys, _codes) or (),
            vars=self._take(table, "vars", keys, _text),
        )

    def _severities(self, table: Any) -> dict[str, Severity | None]:
        if not isinstance(table, dict):
            self._problem(("severity",), 'must be a table: [severity], then KB101 = "error"')
            return {}
        found: dict[str, Severity | None] = {}
        for key in table:
            code = self._value(("severity", key), key, _code)
            is_off = table[key] == "off"
            level = None if is_off else self._value(("severity", key), table[key], Severity)
            if code and (level or is_off):
                found[code] = level
        return found

    def _take(self, table: dict[str, Any], key: str, keys: positions.Path, read: Callable[[Any], T]) -> T | None:
        return self._value((*keys, key), table[key], read) if key in table else None

    def _value(self, keys: positions.Path, value: Any, read: Callable[[Any], T]) -> T | None:
        try:
            return read(value)
        except KeyError:
            self._problem(keys, f"{value!r} is no rule", "`kickbuild validate --list-rules` lists them")
        except ReleaseError as error:
            self._problem(keys, error.problems[0].message, error.problems[0].hint)
        except (ValueError, TypeError) as error:
            said = str(error)
            if isinstance(read, type):
                said = f"{value!r} is none of {', '.join(str(member) for member in read)}"  # type: ignore[attr-defined]
            self._problem(keys, said)
        return None

    def _check_keys(self, table: dict[str, Any], known: tuple[str, ...], keys: positions.Path) -> None:
        import difflib

        for key in table:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                self._problem((*keys, key), "is no key here", f"did you mean {close[0]}?" if close else "")

    def _problem(self, keys: positions.Path, message: str, hint: str = "") -> None:
        line = positions.find_line(self._lines, keys)
        name = ".".join(str(key) for key in keys if isinstance(key, str))
        where = f"{self._path}:{line}: {name}" if line else f"{self._path}: {name}"
        self.problems.append(Problem(message, where=where, hint=hint))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise ValueError("must be a text or a list of texts")
    return tuple(values)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _firmware(value: Any) -> str:
    if value not in _FIRMWARE:
        raise ValueError(f"{value!r} is none of {', '.join(_FIRMWARE)}")
    return str(value)


def _release(value: Any) -> str:
    name = _text(value)
    if name != "auto":
        choose_release(name)
    return name


def _code(value: Any) -> str:
    return find_rule(_text(value)).code


def _codes(value: Any) -> tuple[str, ...]:
    return tuple(find_rule(name).code for name in _texts(value))
