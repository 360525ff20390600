"""What became of each host, as files: a report for each, and one for all. They outlive the run, and resume it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from kickbuild.errors import InputError, UsageError, system_error
from kickbuild.files import atomic_write
from kickbuild.fleet.names import file_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SCHEMA: Final = 1
#: Outcomes of a host. A host that is ``rebooting`` had been told to when the run ended without a word.
REBUILT: Final = "rebuilt"
REBOOTING: Final = "rebooting"
_RUN: Final = re.compile(r"[0-9a-f]{4,64}")
_LIMIT: Final = 1024 * 1024
#: Keys of a report that are texts.
_TEXTS: Final = ("host", "run", "outcome", "id", "boot_id")


def write_report(folder: Path, report: Mapping[str, Any]) -> Path:
    """Write one host's report, whole, for the user alone: the arming's id proves the new system. Raises ToolError."""
    path = folder / file_of(str(report["host"]), ".json")
    _write(path, {"schema": SCHEMA, **report})
    return path


def write_summary(folder: Path, run: str, reports: Iterable[Mapping[str, Any]]) -> Path:
    """Write what became of all hosts of a run. Raises ToolError."""
    hosts = {str(report["host"]): str(report.get("outcome", "")) for report in reports}
    path = folder / "_summary.json"
    _write(path, {"schema": SCHEMA, "run": run, "outcomes": dict(Counter(hosts.values())), "hosts": hosts})
    return path


def _write(path: Path, value: object) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_write(path, (json.dumps(value, indent=2) + "\n").encode(), mode=0o600)
    except OSError as error:
        raise system_error(error, path) from error


def read_reports(folder: Path, run: str, hosts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the reports of a run, by host; hosts of which it has none are left out.

    Raises UsageError for a name that is no run's, and where the run has left nothing: then the name is a wrong one.
    """
    if not _RUN.fullmatch(run):
        raise UsageError(f"{run!r} is no run", hint="a run is called by the token that began it")
    found: dict[str, dict[str, Any]] = {}
    for host in hosts:
        try:
            report = _read(folder / file_of(host, ".json"))
        except InputError:
            continue  # no host of such a name was ever rebuilt
        if report is not None and report.get("run") == run and report.get("host") == host:
            found[host] = report
    if not found:
        raise UsageError(f"{folder} has no report of the run {run}", hint="kickbuild_report_dir is where reports go")
    return found


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(_LIMIT))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        return None
    return value if all(isinstance(value.get(key, ""), str) for key in _TEXTS) else None
