"""The command line's entry: which commands there are, and how an error becomes a message and an exit code."""

from __future__ import annotations

import gc
import importlib
import signal
import sys
from typing import Any

import click

from kickbuild import __version__
from kickbuild.cli.interrupts import interrupt_once
from kickbuild.cli.output import plain
from kickbuild.cli.streams import settle_streams
from kickbuild.errors import ExitCode, KickbuildError

#: command -> (module below kickbuild.cli, function, one line of help). The modules are imported when they are used.
_COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("profile", "init", "Write a commented starter profile."),
    "profile": ("profile", "profile", "Check a profile, or print the profile's JSON Schema."),
    "releases": ("releases", "releases", "Show what works in which release."),
    "inspect": ("inspect", "inspect", "Tell what an installation ISO is, and what can be done with it."),
    "drives": ("drives", "drives", "List the disks of this machine with their identities."),
    "plan": ("prepare", "plan", "Print what prepare would do, and do nothing."),
    "prepare": ("prepare", "prepare", "Make a rebuild drive from profiles and ISOs."),
    "remove": ("prepare", "remove", "Take a profile off a drive."),
    "verify": ("verify", "verify", "Prove that a drive is right."),
    "rehearse": ("rehearse", "rehearse", "Boot a drive in QEMU beside scratch disks, and judge what happens."),
    "render": ("render", "render", "Print a profile's kickstart or boot entry without a drive."),
    "validate": ("validate", "validate", "Find what is wrong with kickstarts, in CI and at the desk."),
    "adopt": ("adopt", "adopt", "Show what a kickstart of your own would become."),
    "fleet": ("fleet", "fleet", "Rebuild many boxes, by an Ansible inventory."),
    "trigger": ("trigger", "trigger", "Rebuild a box from its drive: check, confirm, arm, reboot, wait, verify."),
    "wait": ("trigger", "wait", "Go on waiting for a box that rebuilds itself."),
    "status": ("box", "status", "Tell what is armed on a box, and what came of the last rebuild."),
    "check": ("box", "check", "Check everything on a box that a rebuild needs."),
    "arm": ("box", "arm", "Choose the Rebuild entry for a box's next boot, once."),
    "disarm": ("box", "disarm", "Take the arming of a box back."),
    "report": ("box", "report", "Tell of a box's last rebuild, with the installer's logs."),
    "entry": ("entry", "entry", "Put the Rebuild entry into a boot loader's configuration, or take it out."),
}


class _LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, function, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"kickbuild.cli.{module}"), function)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def cli() -> None:
    """Build rebuild drives: disks from which a RHEL-family machine reimages itself, without a kickstart server.

    Start with `kickbuild init`, then `kickbuild plan PROFILE --to DIR` and `kickbuild prepare PROFILE --to DIR`.
    """


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with a code of the table in ``errors``."""
    settle_streams()
    # Little of what a short run makes goes in circles: looking for those takes a twentieth of its time.
    gc.set_threshold(50_000)
    sys.exit(run(argv))


def run(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    interrupt_once(signal.SIGTERM, signal.SIGHUP)
    try:
        result: Any = cli.main(args=argv, prog_name="kickbuild", standalone_mode=False)
        sys.stdout.flush()
    except KickbuildError as error:
        show_error(error)
        return int(error.exit_code)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        click.echo("kickbuild: interrupted", err=True)
        return int(ExitCode.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except KeyboardInterrupt:
        click.echo("kickbuild: interrupted", err=True)
        return int(ExitCode.INTERRUPTED)
    except Exception:  # noqa: BLE001 - the one place where a bug becomes a message
        return _bug()
    return result if isinstance(result, int) else int(ExitCode.DONE)


def show_error(error: KickbuildError) -> None:
    """Write every problem of an error to standard error: the fact first, then the way out."""
    for problem in error.problems:
        place = f"{problem.where}: " if problem.where else ""
        for line in f"kickbuild: error: {place}{problem.message}".split("\n"):
            click.echo(plain(line), err=True)
        if problem.hint:
            click.echo(f"  hint: {plain(problem.hint)}", err=True)


def _bug() -> int:
    import traceback

    click.echo(traceback.format_exc(), err=True, nl=False)
    click.echo(f"kickbuild: a bug in kickbuild {__version__}; please report it with the lines above", err=True)
    return int(ExitCode.BUG)
