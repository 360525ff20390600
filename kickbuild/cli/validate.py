"""``kickbuild validate``: what is wrong with a kickstart before a machine finds out."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kickbuild.cli.output import echo_json
from kickbuild.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.config import Config
    from kickbuild.lint.report import FileReport, Report
    from kickbuild.lint.run import Checked, Wish

_FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "gcc")
_PROFILES = ("generic", "rebuild", "vm-image", "strict")
_SEVERITIES = ("error", "warning", "info")


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option("--release", metavar="RELEASE", help="rhel9, rocky9.4, centos7, f42, …; auto (default); all for a table.")
@click.option("--profile", type=click.Choice(_PROFILES), help="What the kickstart is for; generic by default.")
@click.option("--firmware", type=click.Choice(("bios", "uefi")), help="How the machines boot.")
@click.option("--fail-on", type=click.Choice(_SEVERITIES), help="Exit with 1 from this severity on (warning).")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="What standard output gets; text by default.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--output", "outputs", multiple=True, metavar="FORMAT=FILE", help="Write a format to a file, too.")
@click.option("--ignore", "ignored", multiple=True, metavar="RULES", help="Rules not to run, by code or name.")
@click.option("--vars", "variables", type=click.Path(path_type=Path), help="Render jinja2 with this TOML, YAML, JSON.")
@click.option("--fix", is_flag=True, help="Mend what needs no decision, in the files.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Findings in this file are known.")
@click.option("--write-baseline", type=click.Path(path_type=Path), help="Write all findings there, as known.")
@click.option("--config", type=click.Path(path_type=Path), help="Instead of the nearest .kickbuild.toml.")
@click.option("--no-config", is_flag=True, help="Read no .kickbuild.toml.")
@click.option("--stdin-filename", metavar="NAME", default="", help="What standard input (-) is called.")
@click.option("--no-shellcheck", is_flag=True, help="Do not ask shellcheck, where it is installed.")
@click.option("--jobs", type=click.IntRange(1), help="Processes; one on each core by default.")
@click.option("--list-rules", is_flag=True, help="List the rules.")
@click.option("--explain", metavar="RULE", help="Tell everything about a rule.")
def validate(paths: tuple[str, ...], **options: Any) -> int:
    """Find what is wrong with kickstarts: files, directories, patterns, or - for standard input.

    Exits with 0 when nothing is found, with 1 when something is as bad as --fail-on says, and with 2 when a file is
    missing or cannot be read.
    """
    if options["list_rules"]:
        return _list_rules(as_json=options["as_json"] or options["form"] == "json")
    if options["explain"]:
        return _explain(options["explain"])
    if not paths:
        raise UsageError("names no kickstart", hint="name files, directories or patterns, or - for standard input")
    if options["release"] == "all":
        return _migrate(paths, options)
    return _validate(paths, options)


def _validate(paths: tuple[str, ...], options: dict[str, Any]) -> int:
    from kickbuild.lint.finding import LintProfile, Severity
    from kickbuild.lint.run import make_report

    outputs = dict(_output(text) for text in options["outputs"])
    config = _config(paths, options)
    wish = _wish(config, options)
    checked = list(_checked(paths, wish, options["stdin_filename"]))
    if options["diff"] or options["fix"]:
        _show_or_write(checked, write=options["fix"] and not options["diff"])
    reports: list[FileReport] = [one.report for one in checked]
    if options["fix"] and not options["diff"] and any(one.fixed is not None for one in checked):
        from dataclasses import replace

        reports = [one.report for one in _checked(paths, replace(wish, fix=False), options["stdin_filename"])]
    baseline = None
    known: Path | None = options["baseline"] or config.baseline
    if known is not None and not options["write_baseline"]:
        from kickbuild.lint.baseline import read_baseline

        baseline = read_baseline(known)
    profile = wish.profile or config.everything.profile or LintProfile.GENERIC
    report = make_report(reports, profile, baseline, _notes(wish))
    if options["write_baseline"]:
        from kickbuild.lint.baseline import write_baseline

        count = write_baseline(options["write_baseline"], report.findings)
        click.echo(f"{options['write_baseline']}: {count} findings are known from now on", err=True)
        return ExitCode.DONE
    _tell(report, options, outputs)
    fail_on = Severity(options["fail_on"] or config.fail_on or Severity.WARNING)
    return ExitCode.FINDINGS if report.fails(fail_on) else ExitCode.DONE


def _checked(paths: tuple[str, ...], wish: Wish, stdin_name: str) -> Iterator[Checked]:
    from kickbuild.lint.discover import find_files
    from kickbuild.lint.run import check_files, check_text
    from kickbuild.lint.source import LIMIT

    names = [path for path in paths if path != "-"]
    files = find_files(names, wish.config.exclude) if names else ()
    if "-" in paths:
        if wish.fix:
            raise UsageError("standard input cannot be mended", hint="name the file")
        yield check_text(sys.stdin.buffer.read(LIMIT + 1), stdin_name, wish)
    yield from check_files(files, wish)


def _config(paths: tuple[str, ...], options: dict[str, Any]) -> Config:
    from kickbuild.lint.config import Config, find_config, read_config

    if options["config"] is not None:
        return read_config(options["config"])
    if options["no_config"]:
        return Config()
    named = [Path(path) for path in paths if path != "-" and os.path.exists(path)]  # noqa: PTH110 - never raises
    start = named[0] if named else Path.cwd()
    found = find_config(start if start.is_dir() else start.parent)
    return read_config(found) if found else Config()


def _wish(config: Config, options: dict[str, Any]) -> Wish:
    from kickbuild.lint.finding import LintProfile
    from kickbuild.lint.release import choose_release
    from kickbuild.lint.rules import find_rule
    from kickbuild.lint.run import Wish
    from kickbuild.lint.template import read_variables

    ignored: list[str] = []
    for name in (name.strip() for names in options["ignored"] for name in names.split(",")):
        try:
            ignored.append(find_rule(name).code)
        except KeyError:
            raise UsageError(f"--ignore: there is no rule {name}", hint="--list-rules lists them") from None
    if options["release"] not in {None, "auto"}:
        choose_release(options["release"])
    return Wish(
        release=options["release"],
        profile=LintProfile(options["profile"]) if options["profile"] else None,
        firmware=options["firmware"],
        ignore=tuple(ignored),
        variables=read_variables(options["variables"]) if options["variables"] else None,
        shellcheck=not options["no_shellcheck"],
        fix=options["fix"] or options["diff"],
        jobs=options["jobs"] or 0,
        config=config,
    )


def _notes(wish: Wish) -> list[str]:
    from kickbuild.run import find_tool

    if not (wish.shellcheck and wish.config.shellcheck):
        return ["shellcheck was not asked about the scripts"]
    if find_tool("shellcheck") is None:
        return ["shellcheck is not installed: of the scripts only the syntax and what the rules know was checked"]
    return []


def _output(text: str) -> tuple[str, Path]:
    form, equals, file = text.partition("=")
    if not equals or form not in _FORMATS or not file:
        raise UsageError(f"--output {text}: must be FORMAT=FILE", hint=f"the formats are {', '.join(_FORMATS)}")
    return form, Path(file)


def _tell(report: Report, options: dict[str, Any], outputs: dict[str, Path]) -> None:
    import shutil

    from kickbuild.lint.formats import Style, render

    form = "json" if options["as_json"] else options["form"] or "text"
    color = form == "text" and sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    style = Style(color=color, width=min(120, shutil.get_terminal_size((100, 24)).columns))
    click.echo(render(form, report, style), nl=False)
    if options["form"] is None and os.environ.get("GITHUB_ACTIONS") == "true" and form == "text":
        click.echo(render("github", report, style), nl=False)
    for name, file in outputs.items():
        from kickbuild.errors import system_error
        from kickbuild.files import atomic_write

        try:
            atomic_write(file, render(name, report, Style()).encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise system_error(error, file) from error


def _show_or_write(checked: list[Checked], *, write: bool) -> None:
    import difflib

    from kickbuild.errors import system_error
    from kickbuild.files import atomic_write

    for one in checked:
        if one.fixed is None:
            continue
        file = Path(one.path)
        if not write:
            before, after = (
                data.decode("utf-8", "replace").splitlines(keepends=True) for data in (one.before, one.fixed)
            )
            for line in difflib.unified_diff(before, after, fromfile=str(file), tofile=f"{file} (mended)"):
                click.echo(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n", nl=False)
            continue
        try:
            # A link keeps being one: what it leads to is mended.
            target = file.resolve()
            atomic_write(target, one.fixed, like=target)
        except OSError as error:
            raise system_error(error, file) from error
        mended = ", ".join(f"{code} ({count})" for code, count in sorted(one.mended.items()))
        click.echo(f"{file}: mended {mended}", err=True)


def _migrate(paths: tuple[str, ...], options: dict[str, Any]) -> int:
    from kickbuild.cli.migration_text import migration_json, migration_lines
    from kickbuild.lint.discover import find_files
    from kickbuild.lint.migration import migration_rows
    from kickbuild.lint.run import settings_for
    from kickbuild.lint.source import make_source, read_bytes

    if "-" in paths:
        raise UsageError("--release all reads no standard input", hint="name the file")
    wish = _wish(_config(paths, options | {"release": None}), options | {"release": None})
    rows = {
        str(file): migration_rows(make_source(str(file), read_bytes(file)), settings_for(file, wish)[0])
        for file in find_files(paths, wish.config.exclude)
    }
    if options["as_json"] or options["form"] == "json":
        echo_json(migration_json(rows))
    else:
        click.echo("\n".join(migration_lines(rows)))
    broken = any("ERROR" in row.marks for file in rows.values() for row in file)
    return ExitCode.FINDINGS if broken else ExitCode.DONE


def _list_rules(*, as_json: bool) -> int:
    from kickbuild.cli.rules_text import rule_json, rule_lines
    from kickbuild.lint.rules import RULES

    if as_json:
        echo_json([rule_json(rule) for rule in RULES])
    else:
        click.echo("\n".join(rule_lines(RULES)))
    return ExitCode.DONE


def _explain(name: str) -> int:
    from kickbuild.cli.rules_text import explanation
    from kickbuild.lint.rules import RULES, find_rule

    try:
        rule = find_rule(name)
    except KeyError:
        import difflib

        close = difflib.get_close_matches(name, [key for rule in RULES for key in (rule.code, rule.name)], n=1)
        hint = f"did you mean {close[0]}?" if close else "--list-rules lists them"
        raise UsageError(f"there is no rule {name}", hint=hint) from None
    click.echo("\n".join(explanation(rule)))
    return ExitCode.DONE
