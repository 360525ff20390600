"""A rehearsal as values for other programs: JSON, and JUnit's XML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from kickbuild.quoting import xml_text
from kickbuild.rehearse.judge import Installer, Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kickbuild.rehearse.judge import Verdict
    from kickbuild.rehearse.play import PlayedDisk
    from kickbuild.rehearse.scratch import Range

SCHEMA: Final = 1
#: Ranges of one disk that are told one by one.
_MOST_RANGES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A whole rehearsal. ``machine`` is what it was played on, in words by their names."""

    drive: str
    profile: str
    release: str
    machine: dict[str, str]
    verdicts: tuple[Verdict, ...]
    notices: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether something was played and everything that was passed."""
        played = [verdict for verdict in self.verdicts if verdict.result is not Result.SKIPPED]
        return bool(played) and all(verdict.result is Result.PASSED for verdict in played)

    @property
    def installer(self) -> Installer:
        """Which installer was heard; a stand-in in one scenario makes the whole a rehearsal with a stand-in."""
        heard = {verdict.installer for verdict in self.verdicts} | {Installer.NONE}
        return next(kind for kind in (Installer.STAND_IN, Installer.REAL, Installer.NONE) if kind in heard)

    @property
    def headline(self) -> str:
        """What was played, and with which installer: every output begins with it."""
        words = {
            Installer.STAND_IN: "STAND-IN INSTALLER: a test's program took the place of the distribution's own",
            Installer.REAL: "the ISO's own installer",
            Installer.NONE: "no installer was heard",
        }
        return f"{self.profile} ({self.release}): {words[self.installer]}"


def summary_value(summary: Summary) -> dict[str, Any]:
    """Return the rehearsal as a value for JSON."""
    return {
        "schema": SCHEMA,
        "drive": summary.drive,
        "profile": summary.profile,
        "release": summary.release,
        "installer": str(summary.installer),
        "machine": summary.machine,
        "notices": list(summary.notices),
        "passed": summary.passed,
        "scenarios": [_scenario(verdict) for verdict in summary.verdicts],
    }


def _scenario(verdict: Verdict) -> dict[str, Any]:
    played = verdict.played
    return {
        "name": played.scenario.name,
        "about": played.scenario.about,
        "expected": str(played.scenario.expected),
        "result": str(verdict.result),
        "said": verdict.said,
        "installer": str(verdict.installer),
        "came_to": str(verdict.home),
        "seconds": round(played.seconds, 1),
        "checks": [{"holds": check.holds, "text": check.text} for check in verdict.checks],
        "guard": list(verdict.guard_words),
        "disks": [_disk(disk) for disk in played.disks],
        "events": [{"seconds": round(e.seconds, 1), "sign": str(e.sign), "text": e.text} for e in played.events],
    }


def _disk(disk: PlayedDisk) -> dict[str, Any]:
    return {
        "role": str(disk.role),
        "size": disk.size,
        "changed_bytes": disk.changes.size,
        "written": _ranges(disk.changes.written),
        "changed": _ranges(disk.changes.changed),
        "left": list(disk.drive.left),
        "damage": list(disk.drive.damage),
    }


def _ranges(ranges: Iterable[Range]) -> list[list[int]]:
    found = [[part.start, part.length] for part in ranges]
    return found[:_MOST_RANGES]


def render_junit(summary: Summary) -> str:
    """Return the rehearsal as JUnit's XML: a test for each scenario."""
    counts = [verdict.result for verdict in summary.verdicts]
    totals: dict[str, str] = {
        "tests": str(len(counts)),
        "failures": str(counts.count(Result.FAILED)),
        "errors": "0",
        "skipped": str(counts.count(Result.SKIPPED)),
        "time": f"{sum(verdict.played.seconds for verdict in summary.verdicts):.1f}",
    }
    top = ET.Element("testsuites", {"name": "kickbuild rehearse"} | totals)
    suite = ET.SubElement(top, "testsuite", {"name": xml_text(summary.headline)} | totals)
    properties = ET.SubElement(suite, "properties")
    for name, value in {"drive": summary.drive, "installer": str(summary.installer), **summary.machine}.items():
        ET.SubElement(properties, "property", name=name, value=xml_text(value))
    for verdict in summary.verdicts:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=xml_text(f"kickbuild.rehearse.{summary.profile}"),
            name=f"{verdict.played.scenario.name} ({verdict.installer})",
            time=f"{verdict.played.seconds:.1f}",
        )
        if verdict.result is Result.FAILED:
            failure = ET.SubElement(case, "failure", message=xml_text(verdict.said))
            failure.text = xml_text("\n".join(f"{'ok ' if c.holds else 'NOT'} {c.text}" for c in verdict.checks))
        elif verdict.result is Result.SKIPPED:
            ET.SubElement(case, "skipped", message=xml_text(verdict.said))
        ET.SubElement(case, "system-out").text = xml_text("\n".join(verdict.played.console[-200:]))
    ET.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(top, encoding="unicode") + "\n"
