"""Which files are meant: names, directories and patterns become files, and none is passed over in silence."""

from __future__ import annotations

import glob
import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.errors import Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Names of kickstarts; a ``.cfg`` counts where it looks like one.
_NAMES: Final = ("*.ks", "*.kickstart", "ks.cfg", "*-ks.cfg", "*.ks.cfg", "*.ks.j2", "*.ks.in", "ks.cfg.j2")
_MAYBE: Final = ("*.cfg", "*.cfg.j2", "*.ks.*")
_COMMANDS: Final = re.compile(
    rb"^(?:%packages|%post|%pre|(?:autopart|bootloader|clearpart|keyboard|lang|network|part|rootpw|timezone|url|"
    rb"zerombr)(?:\s|$))",
    re.MULTILINE,
)
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", "site-packages"})


def find_files(names: Sequence[str], exclude: Iterable[str] = ()) -> tuple[Path, ...]:
    """Return the files that names, directories and patterns mean, in order, each once.

    Raises UsageError naming everything that is not there or matches nothing.
    """
    exclude = tuple(exclude)
    problems: list[Problem] = []
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        # os.path: pathlib raises for a name that is too long and for a directory that may not be entered.
        if os.path.isdir(path):  # noqa: PTH112
            files = list(_below(path))
        else:
            files = [path] if os.path.exists(path) else list(_matches(name))  # noqa: PTH110
        files = [file for file in files if file == path or not _is_excluded(file, exclude)]
        found |= dict.fromkeys(files)
        if not files:
            problems.append(_nothing(name, path))
    if problems:
        raise UsageError(*problems)
    return tuple(found)


def _nothing(name: str, path: Path) -> Problem:
    if os.path.isdir(path):  # noqa: PTH112
        return Problem(f"{name} holds no kickstart", hint="a kickstart there is called *.ks, *.cfg or *.ks.j2")
    if any(char in name for char in "*?["):
        return Problem(f"no file matches {name}")
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        return Problem(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}")
    return Problem(f"{name} is not there")


def _is_excluded(file: Path, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(file.as_posix(), pattern) or file.match(pattern) for pattern in patterns)


def _matches(pattern: str) -> Iterator[Path]:
    for name in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - an absolute pattern may be given
        path = Path(name)
        if path.is_dir():
            yield from _below(path)
        else:
            yield path


def _below(directory: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise UsageError(f"{error.filename} cannot be read: {error.strerror}")

    for folder, folders, files in os.walk(directory, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in sorted(files):
            path = Path(folder) / name
            is_named = any(fnmatchcase(name, pattern) for pattern in _NAMES)
            if is_named or (any(fnmatchcase(name, pattern) for pattern in _MAYBE) and _looks_like_one(path)):
                yield path


def _unreadable(error: OSError) -> None:
    raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from error


def _looks_like_one(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(64 * 1024)
    except OSError:
        return False
    return len(set(_COMMANDS.findall(head))) >= 2
