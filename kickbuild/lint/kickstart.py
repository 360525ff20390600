"""A whole kickstart as rules look at it: its commands in the order in which the installer takes them, through includes.

Commands that a ``%pre`` writes into an included file are among them, as far as they can be told; each knows the script
that writes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from kickbuild.kickstart.document import Kind
from kickbuild.lint.finding import LintProfile
from kickbuild.lint.hit import Hit
from kickbuild.lint.passwords import Password, find_passwords
from kickbuild.lint.statement import is_variable
from kickbuild.lint.template_marks import TemplateMark, template_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.finding import Severity
    from kickbuild.lint.grammar import GrammarProblem
    from kickbuild.lint.release import LintRelease
    from kickbuild.lint.section import Section
    from kickbuild.lint.source import Source
    from kickbuild.lint.statement import Statement

#: Lines of template engines that leave other lines out or bring some: Cheetah's, which cobbler uses, and xCAT's.
_DIRECTIVE: Final = re.compile(r"\s*#(?:(?:if|elif|else if|for|set)\b.*\$|end (?:if|for)\b)")
_OF_XCAT: Final = re.compile(r"#(?:TABLE|ENV|COMMAND|XCATVAR|HOSTNAME|INCLUDE(?:_\w+)?)[:#]")
#: What stands for whole commands until something fills it in.
_PLACEHOLDER: Final = re.compile(r"@@|@\w+@|__\w+__|<")


#: Where files are that only the installer's own run brings.
OF_THE_RUN: Final = ("/tmp/", "/run/", "/mnt/", "/var/")  # noqa: S108 - no files of ours


class Resolution(StrEnum):
    """What became of an ``%include``."""

    FILE = "file"
    WRITTEN = "written"
    """A ``%pre`` writes it, and all of it could be told."""
    PARTLY_WRITTEN = "partly written"
    KNOWN = "known"
    """The configuration says that it is there at installation."""
    REMOTE = "remote"
    MISSING = "missing"
    LOOP = "loop"
    TOO_DEEP = "too deep"


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One ``%include`` (or ``%ksappend``): its statement, the path, and what became of it."""

    statement: Statement
    path: str
    section: str
    """The name of the section that it stands in; empty outside of sections."""
    resolution: Resolution
    reason: str = ""

    @property
    def is_of_the_run(self) -> bool:
        """Whether only the installer's own run can bring the file: it is not there before."""
        return self.path.startswith(OF_THE_RUN)

    @property
    def is_open(self) -> bool:
        """Whether there may be commands that nobody has seen."""
        return self.resolution not in {Resolution.FILE, Resolution.WRITTEN}


@dataclass(frozen=True, slots=True)
class PackageLine:
    """One line of ``%packages``: ``name`` without ``-``, ``@`` and ``@^``; offsets within the line of ``source``."""

    source: Source
    line: int
    text: str
    start: int

    @property
    def is_excluded(self) -> bool:
        """Whether it begins with ``-``."""
        return self.text.startswith("-")

    @property
    def kind(self) -> str:
        """``package``, ``group``, ``environment`` or ``module``."""
        rest = self.text.lstrip("-")
        if rest.startswith("@^"):
            return "environment"
        if rest.startswith("@"):
            return "module" if ":" in rest else "group"
        return "package"

    @property
    def name(self) -> str:
        """The name alone."""
        return self.text.lstrip("-").lstrip("@^").strip()

    def hit(self, message: str, *, hint: str = "", severity: Severity | None = None) -> Hit:
        """Return a hit on this line."""
        column = self.start + 1
        return Hit(self.source, self.line, message, column, column + len(self.text), hint, severity)


@dataclass(frozen=True)
class Kickstart:
    """What a rule is given. ``source`` is the file itself, ``sources`` that and every file it includes."""

    source: Source
    sources: tuple[Source, ...]
    release: LintRelease
    statements: tuple[Statement, ...]
    sections: tuple[Section, ...]
    packages: tuple[PackageLine, ...]
    inclusions: tuple[Inclusion, ...]
    profile: LintProfile = LintProfile.GENERIC
    firmware: str = ""
    """``bios``, ``uefi``, or empty where nobody said."""
    is_fragment: bool = False
    """It is a piece that other kickstarts include: nothing can be missing from it."""
    grammar: tuple[GrammarProblem, ...] = ()
    """What the grammar of the release says."""
    shellcheck: bool = True
    """Whether shellcheck may be asked about scripts."""

    @property
    def is_complete(self) -> bool:
        """Whether every command that the installer will see is here: only then can one be missing."""
        return not (self.is_fragment or self.is_template) and not any(
            inclusion.is_open for inclusion in self.inclusions if inclusion.section in {"", "%packages"}
        )

    @cached_property
    def is_template(self) -> bool:
        """Whether a template engine makes the commands of it: any line may go then, and others may come."""
        names = [statement.name for statement in self.statements]
        if self.is_unrendered or any(is_variable(name) or _PLACEHOLDER.match(name) for name in names):
            return True
        # Terraform's directives, and a word between percent signs, look like sections.
        if any(section.name.startswith("%{") or section.name.endswith("%") for section in self.sections):
            return True
        return any(
            _OF_XCAT.search(line.text) or (line.kind is Kind.COMMENT and _DIRECTIVE.match(line.text))
            for source in self.sources
            for line in source.document.lines
            if line.kind in {Kind.COMMENT, Kind.COMMAND}
        )

    def all(self, *names: str) -> Iterator[Statement]:
        """Yield every command of these names, in order."""
        return (statement for statement in self.statements if statement.name in names)

    def first(self, *names: str) -> Statement | None:
        """Return the first command of these names, or None."""
        return next(self.all(*names), None)

    def last(self, *names: str) -> Statement | None:
        """Return the last command of these names, the one that counts for most, or None."""
        return next((statement for statement in reversed(self.statements) if statement.name in names), None)

    def has(self, *names: str) -> bool:
        """Return whether one of these commands is there."""
        return any(True for _ in self.all(*names))

    def sections_of(self, *names: str) -> Iterator[Section]:
        """Yield every section of these names."""
        return (section for section in self.sections if section.name in names)

    @cached_property
    def scripts(self) -> tuple[Section, ...]:
        """The sections that are run."""
        return tuple(section for section in self.sections if section.is_script)

    @cached_property
    def template(self) -> TemplateMark | None:
        """What tells that something else fills in parts of it; None where nothing does."""
        return template_mark(self.sources)

    @property
    def is_unrendered(self) -> bool:
        """Whether it is a template that nobody has rendered: then nobody knows what commands it will have."""
        return self.template is not None and self.template.is_structure

    @cached_property
    def passwords(self) -> tuple[Password, ...]:
        """Every password that its commands and scripts give."""
        return tuple(find_passwords(self))

    def hit(self, message: str, *, hint: str = "", severity: Severity | None = None) -> Hit:
        """Return a hit on the file as a whole."""
        return Hit(self.source, 0, message, hint=hint, severity=severity)
