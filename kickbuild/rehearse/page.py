"""A rehearsal as one page of HTML that needs nothing else: no network, no script.

Everything that a guest said is text there, whatever it looks like.
"""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Final

from kickbuild.rehearse.console import clean
from kickbuild.rehearse.judge import Installer, Result
from kickbuild.rehearse.scratch import Range
from kickbuild.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kickbuild.rehearse.console import Event
    from kickbuild.rehearse.guest import Screenshot
    from kickbuild.rehearse.judge import Verdict
    from kickbuild.rehearse.play import Played, PlayedDisk
    from kickbuild.rehearse.scratch import Changes
    from kickbuild.rehearse.summary import Summary

_WIDTH: Final = 960
#: A pixel that something was written in is seen; more marks than pixels are not.
_NARROWEST: Final = 2
#: What is less than this part of a disk is enlarged.
_SMALL_PART: Final = 20
#: What the colours of a disk mean.
_KEY: Final = (
    '<p class="key"><i style="background: var(--mark)"></i> written '
    '<i style="background: var(--bad)"></i> different from before</p>'
)
#: Nothing is loaded from anywhere, and nothing runs: a browser holds what a mistake here would let through.
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8886; --ok: #1a7f37; --bad: #cf222e; --skip: #6e7781; --mark: #d4690a; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.stand-in { background: #fff3cd; color: #664d03; border: 2px solid #d39e00; padding: .6rem 1rem; font-weight: bold; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .25rem .6rem; vertical-align: top; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.n, .w { white-space: nowrap; }
.passed { color: var(--ok); font-weight: bold; }
.failed { color: var(--bad); font-weight: bold; }
.skipped { color: var(--skip); }
svg { display: block; width: 100%; height: auto; margin: .2rem 0; }
.disk { margin: .8rem 0; }
.disk svg { height: 1rem; }
.key { font-size: 12px; }
.key i { display: inline-block; width: .8em; height: .8em; }
pre { background: #111; color: #ddd; padding: .8rem; overflow: auto; max-height: 24rem; font-size: 12px; }
figure { display: inline-block; margin: 0 .6rem .6rem 0; width: 18rem; vertical-align: top; }
figure img { width: 100%; border: 1px solid var(--line); }
figcaption { font-size: 12px; overflow-wrap: anywhere; }
summary { cursor: pointer; }
footer { margin-top: 3rem; font-size: 13px; }
@media (max-width: 40rem) {
  .verdicts th { display: none; }
  .verdicts td { display: inline-block; border: 0; padding: .1rem .6rem .1rem 0; }
  .verdicts td:last-child { display: block; border-bottom: 1px solid var(--line); padding-bottom: .4rem; }
  figure { width: 100%; }
}
"""


def render_page(summary: Summary) -> str:
    """Return the page."""
    title = f"Rehearsal of {summary.profile}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_text(title)}: {_word(Result.PASSED if summary.passed else Result.FAILED)}</h1>",
        f"<p>{_text(summary.headline)}</p>",
    ]
    if summary.installer is Installer.STAND_IN:
        parts.append('<p class="stand-in" role="note">STAND-IN INSTALLER: what is shown here was not done by the ')
        parts.append("distribution's installer, but by a test's program that takes its place.</p>")
    facts = {"drive": summary.drive, "release": summary.release, **summary.machine}
    parts.append(f"<p>{' · '.join(f'{_text(name)}: {_text(value)}' for name, value in facts.items())}</p>")
    parts += [f"<p>note: {_text(notice)}</p>" for notice in summary.notices]
    parts.append(_table(summary.verdicts))
    parts += [_scenario(verdict) for verdict in summary.verdicts]
    parts.append("<footer>Made by kickbuild rehearse. The drive itself was only read.</footer></body></html>")
    return "\n".join(parts) + "\n"


def _table(verdicts: Iterable[Verdict]) -> str:
    rows = [
        f'<tr><td class="w"><a href="#{_text(v.played.scenario.name)}">{_text(v.played.scenario.name)}</a></td>'
        f'<td class="w">{_word(v.result)}</td><td class="n">{v.played.seconds:.0f} s</td>'
        f'<td class="w">{_text(v.installer)}</td><td>{_text(v.said)}</td></tr>'
        for v in verdicts
    ]
    head = "<tr><th>scenario</th><th>verdict</th><th>time</th><th>installer</th><th>what was seen</th></tr>"
    return f'<table class="verdicts">{head}{"".join(rows)}</table>'


def _scenario(verdict: Verdict) -> str:
    played = verdict.played
    name = _text(played.scenario.name)
    parts = [
        f'<section id="{name}"><h2>{name}: {_word(verdict.result)}</h2>',
        f"<p>{_text(played.scenario.about)}. Expected: {_text(played.scenario.expected)}.</p>",
    ]
    if verdict.result is Result.SKIPPED:
        return "".join([*parts, f"<p>{_text(verdict.said)}</p></section>"])
    parts.append("<ul>")
    parts += [f'<li class="{"passed" if c.holds else "failed"}">{_text(c.text)}</li>' for c in verdict.checks]
    parts.append("</ul>")
    parts += [_KEY, *(_disk(disk) for disk in played.disks)]
    parts.append(_timeline(played))
    parts += [_picture(picture) for picture in played.pictures]
    console = "\n".join(_text(line) for line in played.console)
    parts.append(
        f"<details><summary>console ({_text(verdict.installer)})</summary><pre>{console}</pre></details></section>"
    )
    return "\n".join(parts)


def _disk(disk: PlayedDisk) -> str:
    """Return a disk from its first byte to its last, with a mark where it was written and where it is different.

    Where that is a small part of it, the part is there once more, enlarged.
    """
    changes = disk.changes
    label = f"{disk.role}, {format_size(disk.size)}: {format_size(changes.size)} different"
    parts = [f"<div>{_text(label)}</div>", _map(changes, Range(0, disk.size), label)]
    touched = (*changes.written, *changes.changed)
    if touched:
        first, end = min(part.start for part in touched), max(part.end for part in touched)
        if (end - first) * _SMALL_PART < disk.size:
            told = f"enlarged: {format_size(end - first)} from byte {first} on"
            parts += [f'<div class="key">{told}</div>', _map(changes, Range(first, end - first), told)]
    return f'<div class="disk">{"".join(parts)}</div>'


def _map(changes: Changes, shown: Range, label: str) -> str:
    rows = (("written", changes.written, "mark", 0), ("different", changes.changed, "bad", 8))
    marks = "".join(
        f'<g fill="var(--{colour})"><title>{kind}: {_told(ranges)}</title>{_marks(ranges, shown, top)}</g>'
        for kind, ranges, colour, top in rows
    )
    frame = f'<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="15" fill="none" stroke="currentColor"/>'
    shape = f'viewBox="0 0 {_WIDTH} 16" preserveAspectRatio="none"'
    return f'<svg {shape} role="img" aria-label="{_text(label)}">{marks}{frame}</svg>'


def _marks(ranges: Iterable[Range], shown: Range, top: int) -> str:
    columns: set[int] = set()
    for part in ranges:
        first = (part.start - shown.start) * _WIDTH // max(shown.length, 1)
        last = (part.end - 1 - shown.start) * _WIDTH // max(shown.length, 1)
        columns |= set(range(min(first, _WIDTH - _NARROWEST), min(last, _WIDTH - 1) + 1))
    found, marks = sorted(columns), []
    start = 0
    for at in range(1, len(found) + 1):
        if at == len(found) or found[at] != found[at - 1] + 1:
            x, width = found[start], max(at - start, _NARROWEST)
            marks.append(f'<rect x="{x}" y="{top}" width="{width}" height="8"/>')
            start = at
    return "".join(marks)


def _told(ranges: tuple[Range, ...]) -> str:
    told = ", ".join(f"{part.start}+{part.length}" for part in ranges[:10])
    return _text(told + (f" and {len(ranges) - 10} more" if len(ranges) > 10 else "") or "nothing")


def _timeline(played: Played) -> str:
    end = max([played.seconds, *(event.seconds for event in played.events), 1.0])
    ticks = "".join(_tick(event, end) for event in played.events)
    line = f'<line x1="0" y1="12" x2="{_WIDTH}" y2="12" stroke="currentColor"/>'
    rows = "".join(
        f'<tr><td class="n">{event.seconds:.1f} s</td><td class="w">{_text(event.sign)}</td>'
        f"<td>{_text(event.text)}</td></tr>"
        for event in played.events
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} 24" role="img" aria-label="timeline of {end:.0f} s">{line}{ticks}</svg>'
        f"<table>{rows}</table>"
    )


def _tick(event: Event, end: float) -> str:
    x = 4 + event.seconds / end * (_WIDTH - 8)
    told = _text(f"{event.seconds:.1f} s: {event.text}")
    return f'<circle cx="{x:.1f}" cy="12" r="4" fill="var(--mark)"><title>{told}</title></circle>'


def _picture(picture: Screenshot) -> str:
    data = base64.b64encode(picture.png).decode("ascii")
    caption = _text(f"{picture.seconds:.1f} s: {picture.caption}")
    return (
        f'<figure><img alt="the screen at {picture.seconds:.1f} s" src="data:image/png;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _word(result: Result) -> str:
    return f'<span class="{result}">{result}</span>'


def _text(text: object) -> str:
    return escape(clean(str(text)), quote=True)
