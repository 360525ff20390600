"""The validator's word on the kickstart that is about to be written: an error refuses it, the rest is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.errors import KickstartError, Problem
from kickbuild.lint.engine import Settings, check
from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import ERRORS, make_source

if TYPE_CHECKING:
    from kickbuild.kickstart.request import KickstartRequest


def judged_kickstart(text: str, request: KickstartRequest) -> tuple[str, ...]:
    """Return what the validator warns of in a kickstart. Raises KickstartError with everything that is an error."""
    name = f"{request.loaded.profile.name}/ks.cfg"
    settings = Settings(
        profile=LintProfile.REBUILD, release=choose_release(request.match.id, "of the ISO"), shellcheck=False
    )
    findings = check(make_source(name, text.encode("utf-8", ERRORS)), settings).findings
    problems = [
        Problem(f"{f.message} [{f.code} {f.name}]", where=f"{name}:{f.line}", hint=f.hint)
        for f in findings
        if f.severity is Severity.ERROR
    ]
    if problems:
        raise KickstartError(*problems)
    return tuple(
        f"{name}:{f.line}: {f.message} [{f.code} {f.name}]" for f in findings if f.severity is Severity.WARNING
    )
