"""``kickbuild releases``: what works where, and what is known of one release."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import click

from kickbuild.cli.output import echo_json

if TYPE_CHECKING:
    from kickbuild.releases.matrix import Fact
    from kickbuild.releases.model import Match, Release

_WIDTH = 80
_LEGEND = (
    "EL is RHEL with CentOS, CentOS Stream, Rocky, Alma and Oracle. 8.3+: from that version on. *: see below. "
    "harms: it is taken for the ISO's own. links: for links such as disk/by-id/X, not for sda. "
    "breaks: the installer loses its source. part., disk: the partition, or all of its disk. "
    "legacy: GRUB legacy, which cannot search: kernel and initrd go into the box's own /boot."
)


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def releases(name: str | None, *, as_json: bool) -> None:
    """Show what works in which release, or all that is known of the release NAME, such as rocky9.4."""
    from kickbuild.releases.find import parse_release

    if name is not None:
        match = parse_release(name)
        if match.notice:
            click.echo(f"note: {match.notice}", err=True)
        if as_json:
            echo_json(_release_json(match))
        else:
            click.echo("\n".join(_detail(match)))
    elif as_json:
        echo_json(_everything())
    else:
        click.echo("\n".join([*_matrix(), "", *_who(), "", *_answer()]))


def _matrix() -> list[str]:
    from kickbuild.releases.matrix import FAMILIES, cell
    from kickbuild.releases.rows import FACTS

    facts = [fact for fact in FACTS if fact.in_matrix]
    cells = [[cell(fact, family) for family in FAMILIES] for fact in facts]
    heads = [family.replace("RHEL ", "EL") for family in FAMILIES]
    widths = [max(len(head), *(len(row[i][0]) for row in cells)) for i, head in enumerate(heads)]
    label = max(len(fact.label) for fact in facts) + 2
    lines = [_row("", heads, label, widths)]
    group = ""
    for fact, row in zip(facts, cells, strict=True):
        if fact.group != group:
            group = fact.group
            lines.append(group)
        lines.append(_row(f"  {fact.label}", [word for word, _ in row], label, widths))
    lines += ["", *textwrap.wrap(_LEGEND, _WIDTH)]
    lines += [
        line
        for fact, row in zip(facts, cells, strict=True)
        for _, note in row
        if note
        for line in textwrap.wrap(f"* {fact.label}: {note}", _WIDTH, subsequent_indent="  ")
    ]
    return lines


def _row(label: str, words: list[str], width: int, widths: list[int]) -> str:
    return (f"{label:<{width}} " + " ".join(f"{word:<{w}}" for word, w in zip(words, widths, strict=True))).rstrip()


def _who() -> list[str]:
    from kickbuild.releases.matrix import FAMILIES

    lines = ["Who is who"]
    for family in FAMILIES:
        text = ", ".join(_versions(family))
        head = f"  {family.replace('RHEL ', 'EL'):<8}"
        lines += textwrap.wrap(text, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
    return lines


def _versions(family: str) -> list[str]:
    from kickbuild.releases.table import RELEASES

    majors: dict[str, list[int]] = {}
    for release in RELEASES:
        if release.can.family == family:
            majors.setdefault(release.distribution.long_name, []).append(release.major)
    return [f"{name} {_span(numbers)}" for name, numbers in majors.items()]


def _span(numbers: list[int]) -> str:
    return f"{numbers[0]}" if numbers[0] == numbers[-1] else f"{numbers[0]} to {numbers[-1]}"


def _answer() -> list[str]:
    from kickbuild.releases.matrix import answer

    return textwrap.wrap(answer(), _WIDTH)


def _detail(match: Match) -> list[str]:
    from kickbuild.releases.rows import FACTS

    can = match.can
    verdict = "kickbuild prepares it" if can.prepare else f"kickbuild refuses it: {can.refusal}"
    lines = textwrap.wrap(f"{match.title}: {verdict}.", _WIDTH)
    lines += textwrap.wrap(f"Facts of {match.release.title} and later, read from {can.source}.", _WIDTH)
    group = ""
    for fact in FACTS:
        if fact.group != group:
            group = fact.group
            lines += ["", group]
        lines.append(f"  {fact.label}: {fact.cell(can)}")
        lines += textwrap.wrap(fact.source(can), _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return lines


def _everything() -> dict[str, Any]:
    from kickbuild.releases.matrix import FAMILIES, answer, steps_of
    from kickbuild.releases.rows import FACTS
    from kickbuild.releases.table import RELEASES

    return {
        "answer": answer(),
        "families": list(FAMILIES),
        "facts": [
            {
                "group": fact.group,
                "fact": fact.label,
                "fields": list(fact.fields),
                "families": {
                    family: {
                        "versions": [{"since": since, "value": word} for since, word in steps_of(fact, family)],
                        "source": _source(fact, family),
                    }
                    for family in FAMILIES
                },
            }
            for fact in FACTS
        ],
        "releases": [_row_json(release) for release in RELEASES],
    }


def _source(fact: Fact, family: str) -> str:
    from kickbuild.releases.matrix import members

    return fact.source(members(family)[-1].can)


def _row_json(release: Release) -> dict[str, Any]:
    return {
        "id": release.id,
        "title": release.title,
        "distribution": release.distribution.value,
        "since": list(release.since),
        "capabilities": _plain(release.can),
    }


def _release_json(match: Match) -> dict[str, Any]:
    from kickbuild.releases.rows import FACTS

    return {
        "id": match.id,
        "title": match.title,
        "notice": match.notice,
        "facts_of": match.release.id,
        "capabilities": _plain(match.can),
        "facts": [
            {"group": f.group, "fact": f.label, "value": f.cell(match.can), "source": f.source(match.can)}
            for f in FACTS
        ],
    }


def _plain(can: object) -> dict[str, Any]:
    from dataclasses import asdict, is_dataclass

    assert is_dataclass(can)
    assert not isinstance(can, type)
    return {name: sorted(v) if isinstance(v, frozenset) else v for name, v in asdict(can).items()}
