"""``kickbuild drives``: the disks of this machine, with what a profile's [target] names them by."""

from __future__ import annotations

import click

from kickbuild.cli.output import aligned, echo_json


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def drives(*, as_json: bool) -> None:
    """List the disks of this machine with the identities that [target] can name them by."""
    from dataclasses import asdict

    from kickbuild.drive.udev import list_devices
    from kickbuild.units import format_size

    devices = list_devices()
    disks = [device for device in devices if device.is_disk]
    if as_json:
        echo_json(
            [{**asdict(disk), "partitions": [d.name for d in devices if d.parent == disk.name]} for disk in disks]
        )
        return
    if not disks:
        click.echo("no disks are to be seen here", err=True)
    for disk in disks:
        rows = [("serial", disk.serial), ("wwn", disk.wwn), ("model", disk.model)]
        rows += [("by_id", name) for name in disk.by_id] + [("by_path", name) for name in disk.by_path]
        held = [d for d in devices if d.parent == disk.name or d is disk]
        rows += [
            (
                "holds",
                f"{d.path}: {d.fs_type}"
                + (f", UUID={d.fs_uuid}" * bool(d.fs_uuid))
                + f", LABEL={d.fs_label}" * bool(d.fs_label),
            )
            for d in held
            if d.fs_type
        ]
        click.echo(f"{disk.path}  {format_size(disk.size)}{'  read-only' if disk.read_only else ''}")
        click.echo("\n".join(aligned([row for row in rows if row[1]], indent="  ")) or "  no identity", nl=True)
