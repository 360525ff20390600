"""JUnit's XML: a test suite for each file, a failed test for each finding, one passed test where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from kickbuild.lint.finding import Severity
from kickbuild.quoting import xml_text

if TYPE_CHECKING:
    from kickbuild.lint.finding import Finding
    from kickbuild.lint.formats import Style
    from kickbuild.lint.report import FileReport, Report


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - every format has this signature
    """Return the report as JUnit's XML. Infos are told in a passed test: they fail nobody's build."""
    failures = sum(_is_failure(finding) for finding in report.findings)
    suites = ET.Element("testsuites", name="kickbuild validate")
    tests = 0
    for file in report.files:
        suite = _suite(file)
        tests += len(suite.findall("testcase"))
        suites.append(suite)
    suites.set("tests", str(tests))
    suites.set("failures", str(failures))
    suites.set("errors", "0")
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _is_failure(finding: Finding) -> bool:
    return finding.severity.reaches(Severity.WARNING)


def _suite(file: FileReport) -> ET.Element:
    failed = [finding for finding in file.findings if _is_failure(finding)]
    tests = len(file.findings) or 1
    suite = ET.Element(
        "testsuite",
        name=xml_text(file.file),
        tests=str(tests),
        failures=str(len(failed)),
        errors="0",
        skipped="0",
        time="0",
    )
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="release", value=xml_text(f"{file.release}: {file.why}"))
    for finding in file.findings:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=xml_text(finding.file),
            name=xml_text(f"{finding.code} {finding.name}{_where(finding)}"),
            time="0",
        )
        place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
        body = "\n".join(part for part in (f"{place}: {finding.message}", finding.text, finding.hint) if part)
        if _is_failure(finding):
            failure = ET.SubElement(case, "failure", type=str(finding.severity), message=xml_text(finding.message))
            failure.text = xml_text(body)
        else:
            ET.SubElement(case, "system-out").text = xml_text(body)
    if not file.findings:
        ET.SubElement(suite, "testcase", classname=xml_text(file.file), name="no findings", time="0")
    return suite


def _where(finding: Finding) -> str:
    """Return what tells two cases of one rule apart: hosts take cases of one name for one case."""
    column = f" column {finding.column}" if finding.column else ""
    return f" line {finding.line}{column}" if finding.line else ""
