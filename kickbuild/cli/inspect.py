"""``kickbuild inspect``: what an installation ISO is, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kickbuild.cli.output import aligned, echo_json, terminal_progress
from kickbuild.units import format_size

if TYPE_CHECKING:
    from kickbuild.iso.facts import IsoFacts, IsoFile, MediaChecksum


@click.command()
@click.argument("iso", type=click.Path(readable=False, path_type=Path))
@click.option(
    "--check", is_flag=True, help="Read the whole ISO and compare it with the checksum in it; it must have one."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def inspect(iso: Path, *, check: bool, as_json: bool) -> int:
    """Tell what the installation ISO is, and what kickbuild can do with it."""
    from kickbuild.errors import ExitCode
    from kickbuild.iso.facts import MediaChecksum
    from kickbuild.iso.inspect import read_facts

    facts = read_facts(iso)
    checksum = _check(facts) if check else facts.media_checksum
    unproved = check and checksum is not MediaChecksum.VALID
    if as_json:
        echo_json(_as_json(facts, checksum))
    else:
        click.echo("\n".join(_lines(facts, checksum)))
    return ExitCode.INPUT if unproved else ExitCode.DONE


def _check(facts: IsoFacts) -> MediaChecksum:
    from kickbuild.copying import whole_file
    from kickbuild.iso.media_checksum import verify_media_checksum

    progress = terminal_progress()
    progress.begin(facts.path.name, facts.size)
    try:
        return verify_media_checksum(whole_file(facts.path), progress)
    finally:
        progress.end()


def _lines(facts: IsoFacts, checksum: MediaChecksum) -> list[str]:
    rows = [
        ("release", f"{facts.match.title} ({facts.match.id}), by {_source(facts)}"),
        ("architecture", facts.arch),
        ("variant", _VARIANTS[facts.variant]),
        ("volume id", facts.volume_id),
        ("size", _size(facts.size)),
        ("kernel", _file(facts.kernel)),
        ("initrd", _file(facts.initrd)),
        ("install image", _file(facts.install_image)),
        ("media checksum", _CHECKSUMS[checksum]),
        *(("notice", notice) for notice in facts.notices),
    ]
    return [str(facts.path), *aligned(rows, indent="  "), "", *_uses(facts)]


_VARIANTS = {"dvd": "DVD, with packages", "minimal": "minimal, with few packages", "boot": "boot, without packages"}
_CHECKSUMS = {
    "absent": "none in it to compare the ISO with",
    "present": "in it; `--check` compares the ISO with it",
    "valid": "right: the ISO is as its makers made it",
    "invalid": "WRONG: the ISO is not as its makers made it; download or copy it again",
}


def _source(facts: IsoFacts) -> str:
    return "its volume id" if facts.identified_by == "volume id" else facts.identified_by


def _size(size: int) -> str:
    return f"{format_size(size)} ({size} bytes)"


def _file(file: IsoFile | None) -> str:
    return f"{file.path}, {format_size(file.size)}" if file else "none"


def _uses(facts: IsoFacts) -> list[str]:
    can = facts.match.can
    if _refusal(facts):
        return ["kickbuild cannot prepare a rebuild drive from it:", f"  {_refusal(facts)}"]
    if not facts.has_packages:
        lines = ["kickbuild can prepare a rebuild drive from it if the profile's kickstart has a `url` line:"]
        lines += ["  the machine then fetches its packages over the network"]
    else:
        lines = ["kickbuild can prepare a rebuild drive from it:"]
        lines += [
            f"  the kickstart is found by UUID or LABEL, with {can.kickstart_argument}= on the kernel's command line"
        ]
    if can.stage2_outside:
        lines.append("  the install image is put beside the ISO, where this installer wants it")
    fitting = [name for name in can.filesystems if name != "vfat" or facts.size < _VFAT_LIMIT]
    return [*lines, f"  filesystems for the drive, best first: {', '.join(fitting)}"]


_VFAT_LIMIT = 4 * 1024**3


def _refusal(facts: IsoFacts) -> str:
    if facts.match.can.prepare and facts.has_packages and not facts.has_discinfo:
        return "its installer installs from no ISO without a .discinfo"
    return facts.match.can.refusal


def _as_json(facts: IsoFacts, checksum: MediaChecksum) -> dict[str, Any]:
    def file(it: IsoFile | None) -> dict[str, Any] | None:
        return {"path": it.path, "size": it.size, "extents": [list(pair) for pair in it.extents]} if it else None

    return {
        "path": str(facts.path),
        "size": facts.size,
        "volume_id": facts.volume_id,
        "release": facts.match.id,
        "title": facts.match.title,
        "distribution": str(facts.match.distribution),
        "family": facts.match.can.family,
        "identified_by": facts.identified_by,
        "arch": facts.arch,
        "variant": str(facts.variant),
        "kernel": file(facts.kernel),
        "initrd": file(facts.initrd),
        "install_image": file(facts.install_image),
        "has_packages": facts.has_packages,
        "has_discinfo": facts.has_discinfo,
        "media_checksum": str(checksum),
        "prepare": not _refusal(facts),
        "needs_url": not facts.has_packages,
        "refusal": _refusal(facts),
        "notices": list(facts.notices),
    }
