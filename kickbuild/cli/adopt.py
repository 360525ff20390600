"""``kickbuild adopt``: what a kickstart of one's own would become on a rebuild drive."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.kickstart.adopt import Adopted


@click.command()
@click.argument("kickstart", metavar="KS", type=click.File("rb"))
@click.option("--release", required=True, metavar="NAME", help="The release it installs, such as rocky9.4.")
@click.option(
    "--iso-dir",
    metavar="PATH",
    help="Where the ISO lies on the drive, as `harddrive --dir` names it; by default below /NAME.",
)
@click.option(
    "--drive",
    default="LABEL=REBUILD",
    show_default=True,
    metavar="REF",
    help="The drive's filesystem: UUID=… or LABEL=….",
)
@click.option("--boot-iso", is_flag=True, help="The ISO holds no packages: the kickstart's own url or nfs stays.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def adopt(kickstart: BinaryIO, release: str, iso_dir: str | None, drive: str, boot_iso: bool, as_json: bool) -> None:
    """Show as a diff what kickbuild changes in a kickstart of your own.

    The second part of the diff is the include that is written at install time, when the guard knows the disk that
    @TARGET@ stands for. Nothing is written.
    """
    from kickbuild.drive.ref import parse_ref
    from kickbuild.kickstart.adopt import adopt as adopt_text
    from kickbuild.kickstart.document import decode
    from kickbuild.releases.find import parse_release
    from kickbuild.releases.model import IsoDirForm

    match = parse_release(release)
    if iso_dir is None:
        iso_dir = f"/{match.id}/install.iso" if match.can.iso_dir is IsoDirForm.ISO_FILE else f"/{match.id}"
    text = decode(kickstart.read(), kickstart.name)
    result = adopt_text(
        text,
        capabilities=match.can,
        source=parse_ref(drive),
        iso_dir=iso_dir,
        has_packages=not boot_iso,
        name=kickstart.name,
    )
    if match.notice:
        click.echo(f"kickbuild: {match.notice}", err=True)
    if as_json:
        click.echo(_as_json(match.id, result))
        return
    click.echo("".join(_diff(kickstart.name, text, result)), nl=False)
    for notice in result.notices:
        hint = f" ({notice.hint})" if notice.hint else ""
        click.echo(f"kickbuild: {notice.where}: {notice.message}{hint}", err=True)


def _diff(name: str, text: str, result: Adopted) -> Iterator[str]:
    import difflib

    from kickbuild.kickstart.guard import INCLUDE

    path = name.lstrip("/")
    storage = [f"{line}\n" for line in result.storage_lines]
    parts = [
        difflib.unified_diff(_lines(text), _lines(result.text), f"a/{path}", f"b/{path}"),
        difflib.unified_diff([], storage, "/dev/null", f"b{INCLUDE}"),
    ]
    for part in parts:
        for line in part:
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    # diff and patch know no line end but this; str.splitlines would end lines at form feeds and the like too.
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + [lines[-1]] * bool(lines[-1])


def _as_json(release: str, result: Adopted) -> str:
    import json
    from dataclasses import asdict

    return json.dumps({"release": release, **asdict(result)}, indent=2, ensure_ascii=False)
