"""Whether a script can be read by its interpreter: asked of the interpreter itself, which runs nothing of it."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.errors import KickbuildError
from kickbuild.run import find_tool, run

if TYPE_CHECKING:
    from kickbuild.lint.section import Section

#: Characters of a script that are looked at, and seconds that its interpreter is given.
_LONGEST: Final = 512 * 1024
_PATIENCE: Final = 10
_FAULT: Final = re.compile(r"^[^\n]*?(?:line )?\b(\d+): (?:Syntax error: )?(.*)$", re.MULTILINE)
_UNCLOSED: Final = re.compile(r"here-document at line (\d+) delimited by end-of-file \(wanted `(.*)'\)")
#: Text that a template engine replaces before any shell sees it.
_TEMPLATE: Final = re.compile(
    r"\{\{|\{%|<%|<!--#|%\{ *(?:if|for|end|else)|\$SNIPPET\(|^\s*#(?:if|for|set|end) ", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """What an interpreter minds, and the number of the kickstart's line."""

    line: int
    message: str


def is_template(text: str) -> bool:
    """Return whether a script is one only when a template engine has been over it."""
    return bool(_TEMPLATE.search(text))


def syntax_fault(section: Section, level: int) -> SyntaxFault | None:
    """Return the first thing that keeps a script from being run; None where there is nothing, or nobody can tell."""
    text = section.text
    if section.is_empty or len(text) > _LONGEST or is_template(text):
        return None
    if section.is_shell:
        return _shell_fault(section, text)
    # Python 2's own syntax is known to no Python of today.
    if section.language == "python" and (level >= 8 or re.search(r"python3|platform", section.interpreter)):
        return _python_fault(section, text)
    return None


def _shell_fault(section: Section, text: str) -> SyntaxFault | None:
    # The installers' /bin/sh is bash. A script is read from standard input, so that no file is needed.
    shell = section.language if section.language in {"dash", "ksh"} else "bash"
    if find_tool(shell) is None or "\0" in text:
        return None
    try:
        done = run([shell, "-n"], stdin=text.encode("utf-8", "surrogateescape"), check=False, timeout=_PATIENCE)
    except KickbuildError:
        return None
    said = done.stderr.decode("utf-8", "replace")
    unclosed = _UNCLOSED.search(said)
    if unclosed:
        return SyntaxFault(
            _line(section, int(unclosed[1])), f"the text that begins here has no line {unclosed[2]} at its end"
        )
    fault = _FAULT.search(said) if done.code else None
    if fault is None:
        return None
    return SyntaxFault(_line(section, int(fault[1])), fault[2].strip())


def _python_fault(section: Section, text: str) -> SyntaxFault | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "script", "exec", dont_inherit=True)
    except SyntaxError as error:
        return SyntaxFault(_line(section, error.lineno or 1), error.msg)
    except ValueError as error:
        return SyntaxFault(section.line, str(error))
    except (RecursionError, MemoryError):
        return None
    return None


def _line(section: Section, number: int) -> int:
    """Return the kickstart's line that a line of the script is, counted from 1; one behind the end is the last."""
    return section.lines[min(max(number, 1), len(section.lines)) - 1].number
