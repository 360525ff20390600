"""``kickbuild render``: a profile's kickstart or boot entry, without a drive."""

from __future__ import annotations

from pathlib import Path

import click

KINDS = ("ks", "grub-legacy", "grub2", "bls")


@click.command()
@click.argument("profile", type=click.Path(path_type=Path))
@click.option("--what", type=click.Choice(KINDS), default="ks", show_default=True, help="What to print.")
@click.option("--drive", required=True, metavar="UUID=…|LABEL=…", help="The drive's filesystem, as blkid prints it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def render(profile: Path, *, what: str, drive: str, as_json: bool) -> None:
    """Print a PROFILE's kickstart or boot entry as `prepare` would write it on the drive that --drive names."""
    from kickbuild.boot.loaders import LOADERS
    from kickbuild.build.plan import boot_entry, request_for
    from kickbuild.build.wanted import read_wanted
    from kickbuild.cli.output import echo_json
    from kickbuild.drive.ref import parse_ref
    from kickbuild.kickstart.render import render_kickstart

    ref = parse_ref(drive)
    (want,) = read_wanted([profile])
    for notice in want.facts.notices:
        click.echo(f"note: {notice}", err=True)
    request = request_for(want, ref)
    if what == "ks":
        text = render_kickstart(request)
    else:
        loader = next(loader for loader in LOADERS if loader.name == what)
        text = loader.render(boot_entry(request))
    if as_json:
        echo_json({"profile": want.loaded.profile.name, "what": what, "drive": str(ref), "text": text})
    else:
        click.echo(text, nl=False)
