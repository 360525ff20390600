"""A baseline: what was found once and is known. It survives moved lines and holds no text of the kickstarts."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.errors import InputError, UsageError, system_error
from kickbuild.files import atomic_write
from kickbuild.lint.source import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kickbuild.lint.finding import Finding

_VERSION: Final = 1
#: Bytes of a baseline: half a million findings.
_MOST: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Baseline:
    """How often each fingerprint is known; ``directory`` is what file names are relative to."""

    directory: Path
    known: Counter[str]

    def split(self, findings: Iterable[Finding], used: Counter[str]) -> tuple[list[Finding], list[Finding]]:
        """Return the findings that are new, and those that are known. ``used`` counts what was met, over all files."""
        new: list[Finding] = []
        old: list[Finding] = []
        for finding in findings:
            key = fingerprint(finding, self.directory)
            used[key] += 1
            (old if used[key] <= self.known[key] else new).append(finding)
        return new, old


def fingerprint(finding: Finding, directory: Path) -> str:
    """Return what stays the same of a finding when lines move: its file, its rule, and the line without its blanks."""
    name = os.path.relpath(finding.file, directory) if finding.file != "-" else "-"
    text = " ".join(finding.text.split()) or finding.message
    return hashlib.sha256(f"{name}\x00{finding.code}\x00{text}".encode("utf-8", "surrogateescape")).hexdigest()[:32]


def read_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises InputError where it is none."""
    try:
        data = json.loads(read_bytes(path, most=_MOST))
        if data["version"] != _VERSION:
            raise InputError(f"is a baseline of version {data['version']}, not {_VERSION}", where=str(path))
        known = Counter({str(key): int(count) for key, count in data["findings"].items()})
    except UsageError as error:
        raise InputError(error.problems[0].message) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError("is no baseline", where=str(path), hint="make one with --write-baseline") from error
    return Baseline(path.resolve().parent, known)


def write_baseline(path: Path, findings: Iterable[Finding]) -> int:
    """Write the findings as a baseline and return how many there are. Raises ToolError."""
    directory = path.resolve().parent
    counts = Counter(fingerprint(finding, directory) for finding in findings)
    document = {"version": _VERSION, "findings": dict(sorted(counts.items()))}
    try:
        atomic_write(path, (json.dumps(document, indent=1) + "\n").encode())
    except OSError as error:
        raise system_error(error, path) from error
    return counts.total()
