"""``kickbuild verify``: proving that a drive is right."""

from __future__ import annotations

from pathlib import Path

import click

from kickbuild.cli.output import echo_json, plain, terminal_progress


@click.command()
@click.argument("drive", type=click.Path(path_type=Path), metavar="DIR|IMAGE")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
def verify(drive: Path, *, as_json: bool, quiet: bool) -> int:
    """Prove that a drive is right: every file by its sha256, and everything that names something by what it names.

    Exits with 0 when nothing is wrong, and with 1 after telling each thing that is.
    """
    from kickbuild.build.prepare import open_drive
    from kickbuild.build.verify import verify_drive
    from kickbuild.errors import ExitCode
    from kickbuild.units import format_size

    with open_drive(drive) as tree:
        report = verify_drive(tree, terminal_progress(quiet=quiet), name=str(drive))
        filesystem = tree.filesystem
    if as_json:
        echo_json(
            {
                "drive": {
                    "path": str(drive),
                    "type": filesystem.type,
                    "uuid": filesystem.uuid,
                    "label": filesystem.label,
                },
                "ok": not report.findings,
                "profiles": list(report.profiles),
                "files": report.files,
                "bytes": report.bytes,
                "findings": [{"path": f.path, "message": f.message} for f in report.findings],
            }
        )
    else:
        for finding in report.findings:
            click.echo(plain(f"{drive}{finding.path}: {finding.message}"))
        checked = f"{report.files} files, {format_size(report.bytes)}, profiles: {', '.join(report.profiles) or 'none'}"
        if report.findings:
            click.echo(f"{drive}: {len(report.findings)} findings ({checked})")
            click.echo("`kickbuild prepare --recheck` writes the files again", err=True)
        else:
            click.echo(f"{drive}: right ({checked})")
    return ExitCode.FINDINGS if report.findings else ExitCode.DONE
