"""Which box a command is for, and the way to it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kickbuild.trigger.box import Box

_PATH = click.Path(path_type=Path)


def _profile_name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    import re

    if value and not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
        raise click.BadParameter(f"{value!r} is no name of a profile", ctx=context, param=parameter)
    return value


profile_option = click.option(
    "--profile", default="", metavar="NAME", callback=_profile_name, help="The profile, where the drive holds several."
)
full_option = click.option("--full", is_flag=True, help="Read the whole ISO, too.")


def host_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add HOST, or the directory of a mounted system, and the options that say how it is reached."""
    root = click.option("--root", type=_PATH, metavar="DIR", help="Instead of HOST: the system that is mounted on DIR.")
    return click.argument("host", required=False, metavar="HOST")(root(way_options(function)))


def way_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a HOST is reached."""
    options = [
        click.option("--sudo", is_flag=True, help="Become root by sudo -n there."),
        click.option("-o", "--ssh-option", "options", multiple=True, metavar="NAME=VALUE", help="An option for ssh."),
        click.option("--ssh-config", "config", type=_PATH, metavar="FILE", help="Another configuration file for ssh."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@contextlib.contextmanager
def the_box(
    host: str | None, *, root: Path | None = None, sudo: bool, options: tuple[str, ...], config: Path | None
) -> Iterator[Box]:
    """Yield the box that the options name; the connection to it ends with the block. Raises UsageError."""
    from kickbuild.trigger.box import Box
    from kickbuild.trigger.host import HostKind, parse_host
    from kickbuild.trigger.ssh import Ssh, SshOptions
    from kickbuild.trigger.transport import Here

    found = parse_host(host, root)
    if found.kind is HostKind.SSH:
        with Ssh(found, SshOptions(options, config, sudo)) as ssh:
            yield Box(ssh)
    elif options or config is not None:
        raise click.UsageError("-o and --ssh-config are for a HOST that ssh leads to")
    else:
        yield Box(Here(found, sudo=sudo))
