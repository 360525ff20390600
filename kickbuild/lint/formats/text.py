"""For people: the line, the place marked, the reason, the way out, and a summary."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING, Final

from kickbuild.lint.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.finding import Finding
    from kickbuild.lint.formats import Style
    from kickbuild.lint.report import FileReport, Report

_COLORS: Final = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
_NARROWEST: Final = 40
_CUT: Final = "…"
#: Holds a rule's code and name together; textwrap breaks lines at no such blank.
_UNBROKEN: Final = "\xa0"


def render(report: Report, style: Style) -> str:
    """Return the report as text."""
    lines: list[str] = []
    for file in report.files:
        lines += _file(file, style)
    lines += _summary(report, style)
    return "\n".join(lines) + "\n"


def _file(file: FileReport, style: Style) -> Iterator[str]:
    if not file.findings:
        return
    for finding in file.findings:
        yield from _finding(finding, style)
        yield ""
    if file.why:
        yield from _wrapped(f"{file.file}: checked for {file.title}: {file.why}", style, "", "2")
        yield ""


def _finding(finding: Finding, style: Style) -> Iterator[str]:
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
    severity = _painted(str(finding.severity), f"1;{_COLORS[finding.severity]}", style)
    head = f"{_painted(place, '1', style)}: {severity}: "
    tail = f" [{finding.code}{_UNBROKEN}{finding.name}]"
    plain = f"{place}: {finding.severity}: "
    body = textwrap.wrap(
        finding.message + tail,
        max(_NARROWEST, style.width),
        initial_indent=" " * sum(map(_columns, plain)),
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    body = [line.replace(_UNBROKEN, " ") for line in body]
    yield head + body[0].lstrip()
    yield from body[1:]
    if finding.line and finding.text.strip():
        yield from _excerpt(finding, style)
    for including in reversed(finding.chain):
        yield f"    included from {including.file}:{including.line}"
    if finding.hint:
        yield from _wrapped(f"hint: {finding.hint}", style, "    ", "2")


def _excerpt(finding: Finding, style: Style) -> Iterator[str]:
    """Yield the line, cut to the room there is around the marked place, and the mark below it."""
    number = f"{finding.line:>5} | "
    room = max(_NARROWEST, style.width) - len(number)
    text = finding.text.expandtabs(1).rstrip()
    start, end = (column - 1 for column in finding.mark) if finding.mark[0] else (0, 0)
    first, last = _window(text, min(start, len(text)), room)
    yield _painted(number, "2", style) + _CUT * (first > 0) + text[first:last] + _CUT * (last < len(text))
    if first <= start < min(end, last):
        before = (first > 0) + sum(_columns(char) for char in text[first:start])
        marked = sum(_columns(char) for char in text[start : min(end, last)])
        mark = _painted("^" * max(1, marked), _COLORS[finding.severity], style)
        yield " " * (len(number) - 2) + _painted("| ", "2", style) + " " * before + mark


def _window(text: str, start: int, room: int) -> tuple[int, int]:
    """Return what of a text is shown in ``room`` columns: a third of them for what is before ``start``."""
    if sum(map(_columns, text)) <= room:
        return 0, len(text)
    # A cut takes a column on either side.
    room -= 2
    first, used = start, 0
    while first > 0 and (used := used + _columns(text[first - 1])) <= room // 3:
        first -= 1
    last, used = first, 0
    while last < len(text) and (used := used + _columns(text[last])) <= room:
        last += 1
    while first > 0 and last == len(text) and (used := used + _columns(text[first - 1])) <= room:
        first -= 1
    return first, last


def _columns(char: str) -> int:
    return 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _wrapped(text: str, style: Style, indent: str, color: str) -> Iterator[str]:
    for line in textwrap.wrap(
        text,
        max(_NARROWEST, style.width),
        initial_indent=indent,
        subsequent_indent=indent + "  " * bool(indent),
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield _painted(line, color, style)


def _summary(report: Report, style: Style) -> Iterator[str]:
    counts = report.count()
    total = len(report.files)
    found = ", ".join(
        _painted(_number(counts[severity], str(severity)), _COLORS[severity], style)
        for severity in Severity
        if counts[severity]
    )
    silenced = [
        (sum(file.ignored for file in report.files), "ignored"),
        (sum(file.baselined for file in report.files), "in the baseline"),
    ]
    rest = "".join(f"; {count} {word}" for count, word in silenced if count)
    files = _number(total, "file")
    rules = max((file.rules for file in report.files), default=0)
    if total == 1 and report.files[0].why and not report.files[0].findings:
        file = report.files[0]
        yield from _wrapped(f"{file.file}: checked for {file.title}: {file.why}", style, "", "2")
    plain = ", ".join(_number(counts[severity], str(severity)) for severity in Severity if counts[severity])
    how = f"({rules} rules, profile {report.profile}{rest})"
    fits = len(f"{plain or 'nothing found'} in {files} {how}") <= max(_NARROWEST, style.width)
    yield f"{found or 'nothing found'} in {files}{f' {how}' if fits else ''}"
    if not fits:
        yield from _wrapped(how, style, "", "")
    for note in report.notes:
        yield from _wrapped(f"note: {note}", style, "", "2")


def _number(count: int, noun: str) -> str:
    plural = {"info": "infos"}.get(noun, f"{noun}s")
    return f"{count} {noun if count == 1 else plural}"


def _painted(text: str, color: str, style: Style) -> str:
    return f"\033[{color}m{text}\033[0m" if style.color and text and color else text
