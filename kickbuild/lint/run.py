"""A whole run: many files, each with what its configuration says, on every core."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kickbuild.errors import KickstartError
from kickbuild.lint.config import Config
from kickbuild.lint.engine import Settings, check
from kickbuild.lint.finding import Finding, LintProfile, Severity, printable
from kickbuild.lint.fix import fix_source
from kickbuild.lint.release import choose_release
from kickbuild.lint.report import FileReport, Report
from kickbuild.lint.rules import find_rule
from kickbuild.lint.source import LIMIT, Source, make_source, read_bytes
from kickbuild.lint.template import is_template, read_variables, render_source
from kickbuild.workers import each

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kickbuild.lint.baseline import Baseline

_STANDARD_INPUT: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for; None where the configuration or the file itself decides."""

    release: str | None = None
    profile: LintProfile | None = None
    firmware: str | None = None
    ignore: tuple[str, ...] = ()
    variables: Mapping[str, Any] | None = None
    shellcheck: bool = True
    fix: bool = False
    jobs: int = 0
    """Processes; 0 for one on each core."""
    config: Config = field(default_factory=Config)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One file checked. ``fixed`` is what ``before`` becomes, None where that was not asked for or changes nothing."""

    path: str
    """The file; the report's name of it is the one that can be printed."""
    report: FileReport
    before: bytes = b""
    fixed: bytes | None = None
    mended: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Task:
    """One file as a worker gets it; ``data`` where it was read already."""

    file: str
    wish: Wish
    data: bytes | None = None
    shown: str = ""


def check_files(files: Sequence[Path], wish: Wish) -> Iterator[Checked]:
    """Yield each file checked, in order. Raises UsageError for one that cannot be read, RuleError for a bug."""
    yield from each(_check_file, wish, files, wish.jobs)


def _check_file(wish: Wish, file: Path) -> Checked:
    return _check(_Task(str(file), wish))


def check_text(data: bytes, shown: str, wish: Wish) -> Checked:
    """Check what came by standard input; ``shown`` is the name it is told under."""
    return _check(_Task(_STANDARD_INPUT, wish, data[: LIMIT + 1], shown or _STANDARD_INPUT))


def settings_for(file: Path, wish: Wish) -> tuple[Settings, str | None]:
    """Return how one file is checked, and the file of its template variables."""
    rules = wish.config.rules_for(file)
    asked = wish.release or rules.release or "auto"
    why = "--release" if wish.release else f"from {wish.config.path}"
    severities = dict(wish.config.severities)
    severities |= dict.fromkeys((*rules.ignore, *wish.ignore), None)
    settings = Settings(
        profile=wish.profile or rules.profile or LintProfile.GENERIC,
        release=None if asked == "auto" else choose_release(asked, why),
        firmware=wish.firmware or rules.firmware or "",
        severities=severities,
        known=wish.config.known_includes,
        shellcheck=wish.shellcheck and wish.config.shellcheck,
    )
    return settings, rules.vars


def _check(task: _Task) -> Checked:
    name = task.shown or task.file
    data = task.data if task.data is not None else read_bytes(Path(task.file))
    settings, variables_file = settings_for(Path(name), task.wish)
    if task.data is not None:
        settings = replace(settings, directory=Path.cwd())
    source = make_source(name, data)
    variables = task.wish.variables
    if variables is None and variables_file is not None:
        variables = read_variables(task.wish.config.directory / variables_file)
    if variables is not None and is_template(source.text):
        try:
            source = render_source(source, dict(variables))
        except KickstartError as error:
            return Checked(path=task.file, report=_unrendered(source, settings, error))
    found = check(source, settings)
    report = FileReport(
        file=found.file,
        release=found.release.id,
        title=found.release.title,
        why=found.release.why,
        findings=found.findings,
        rules=found.rules,
        ignored=len(found.ignored),
    )
    if task.wish.fix:
        fixed = fix_source(source, settings)
        if fixed.data != data:
            return Checked(path=task.file, report=report, before=data, fixed=fixed.data, mended=fixed.mended)
    return Checked(path=task.file, report=report)


def _unrendered(source: Source, settings: Settings, error: KickstartError) -> FileReport:
    """Return the one finding that a template is which cannot be rendered."""
    rule = find_rule("KB706")
    problem = error.problems[0]
    line = problem.where.rpartition(":")[2]
    finding = Finding(
        file=printable(source.name),
        line=int(line) if line.isdigit() else 0,
        code=rule.code,
        name=rule.name,
        severity=Severity.ERROR,
        message=" ".join(problem.message.split()),
        hint=problem.hint,
    )
    release = settings.release or choose_release("rhel10", "")
    return FileReport(file=printable(source.name), release=release.id, title=release.title, why="", findings=(finding,))


def make_report(
    checked: Iterable[FileReport], profile: LintProfile, baseline: Baseline | None = None, notes: Sequence[str] = ()
) -> Report:
    """Return the report of a run: what a file includes is told once, and what the baseline knows is taken out."""
    told: set[tuple[object, ...]] = set()
    used: Counter[str] = Counter()
    files: list[FileReport] = []
    for file in checked:
        findings = [finding for finding in file.findings if finding.order not in told]
        told |= {finding.order for finding in findings}
        known: list[Finding] = []
        if baseline is not None:
            findings, known = baseline.split(findings, used)
        files.append(replace(file, findings=tuple(findings), baselined=len(known)))
    return Report(files=tuple(files), profile=profile, notes=tuple(notes))
