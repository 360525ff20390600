"""``kickbuild init`` and ``kickbuild profile``: beginning and checking a profile."""

from __future__ import annotations

from pathlib import Path

import click

from kickbuild.cli.output import aligned, echo_json


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("rebuild.toml"))
@click.option("--stdout", is_flag=True, help="Print the starter instead of writing it.")
def init(file: Path, *, stdout: bool) -> None:
    """Write a commented starter profile to FILE (rebuild.toml by default); an existing file is left alone."""
    from kickbuild import resources
    from kickbuild.errors import RefusedError, ToolError

    text = (resources.profiles() / "starter.toml").read_text(encoding="utf-8")
    if stdout:
        click.echo(text, nl=False)
        return
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        raise RefusedError(f"{file} exists already", hint="name another file, or move it away") from None
    except OSError as error:
        raise ToolError(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"wrote {file}: edit it, then run `kickbuild profile check {file}`")


@click.group()
def profile() -> None:
    """Check a profile, or print the profile's JSON Schema."""


@profile.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(readable=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(files: tuple[Path, ...], *, as_json: bool) -> int:
    """Check profiles and say everything that is wrong with them."""
    from kickbuild.cli.main import show_error
    from kickbuild.errors import ExitCode, ProfileError
    from kickbuild.profile.describe import target_words
    from kickbuild.profile.load import load_profile

    results = []
    for file in files:
        try:
            loaded = load_profile(file)
        except ProfileError as error:
            results.append({"file": str(file), "ok": False, "problems": _problems(error)})
            if not as_json:
                show_error(error)
            continue
        results.append({"file": str(file), "ok": True, "name": loaded.profile.name, "iso": str(loaded.iso)})
        if not as_json:
            rows = [("iso", str(loaded.iso)), ("target", target_words(loaded.profile.target))]
            click.echo("\n".join([f"{file}: ok: profile {loaded.profile.name}", *aligned(rows, indent="  ")]))
    if as_json:
        echo_json(results)
    return ExitCode.DONE if all(result["ok"] for result in results) else ExitCode.INPUT


def _problems(error: Exception) -> list[dict[str, str]]:
    from kickbuild.errors import KickbuildError

    assert isinstance(error, KickbuildError)
    return [{"where": p.where, "message": p.message, "hint": p.hint} for p in error.problems]


@profile.command()
def schema() -> None:
    """Print the profile's JSON Schema, from which editors complete and check."""
    from kickbuild.profile.model import Profile

    value = Profile.model_json_schema(by_alias=True)
    echo_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **value, "title": "kickbuild profile"})
