"""What shellcheck says of a kickstart's shell scripts, where it is installed: one process for all of them."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kickbuild.errors import KickbuildError
from kickbuild.lint.script_syntax import is_template
from kickbuild.run import find_tool, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kickbuild.lint.section import Section

#: Seconds and bytes of memory that it is given, scripts of one kickstart that it sees, and characters of one script.
_PATIENCE: Final = 20
_MEMORY: Final = 1024**3
_MOST: Final = 50
_LONGEST: Final = 128 * 1024
#: Its warnings that are no news in a kickstart, as public ones showed, or are another rule's.
QUIET: Final = (
    "SC1036,SC1044,SC1046,SC1047,SC1049,SC1050,SC1054,SC1061,SC1062,SC1064",  # syntax: the shell itself is asked
    "SC1065,SC1072,SC1073,SC1088,SC1089,SC1120,SC1128",  # the same
    "SC1010,SC1083,SC2050,SC2288",  # words that are right, or that a template replaces
    "SC2034,SC2120,SC2154",  # variables that are set or used elsewhere
    "SC2010,SC2038,SC2044,SC2045,SC2046,SC2062,SC2254",  # odd file names, of which a new system has none
    "SC2114,SC2115,SC2164,SC2174",  # directories deleted on purpose, or made a moment ago
    "SC2124,SC2128,SC2155,SC2166,SC2178,SC2188,SC2206,SC2207",  # style
)


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that shellcheck says; ``column`` and ``end`` count from 1, ``end`` is 0 where it is another line's.

    ``code`` is 0 where it says nothing at all, which is told too.
    """

    section: Section
    line: int
    column: int
    end: int
    code: int
    is_error: bool
    message: str


def is_installed() -> bool:
    """Return whether there is a shellcheck to ask."""
    return find_tool("shellcheck") is not None


def ask(sections: Sequence[Section]) -> Iterator[Advice]:
    """Yield what shellcheck says of shell scripts; nothing where it is not installed."""
    asked = [section for section in sections if _is_worth_it(section)][:_MOST]
    if not asked or not is_installed():
        return
    comments = _comments(asked)
    if comments is None:
        message = "shellcheck gave no answer about this kickstart: its scripts were not checked by it"
        yield Advice(asked[0], asked[0].line, 0, 0, 0, is_error=False, message=message)
    for file, comment in comments or ():
        section = asked[file]
        # The first line of the file is ours.
        number, last = comment.get("line", 0) - 1, comment.get("endLine", 0) - 1
        if 1 <= number <= len(section.lines):
            yield Advice(
                section=section,
                line=section.lines[number - 1].number,
                column=comment.get("column", 0),
                end=comment.get("endColumn", 0) if last == number else 0,
                code=comment.get("code", 0),
                is_error=comment.get("level") == "error",
                message=str(comment.get("message", "")).strip().rstrip("."),
            )


def _is_worth_it(section: Section) -> bool:
    is_script = section.is_shell and not section.is_empty
    return is_script and len(section.text) <= _LONGEST and not is_template(section.text)


def _comments(sections: Sequence[Section]) -> list[tuple[int, dict[str, Any]]] | None:
    with tempfile.TemporaryDirectory(prefix="kickbuild-") as directory:
        for number, section in enumerate(sections):
            # The installers' /bin/sh is bash.
            dialect = section.language if section.language in {"dash", "ksh"} else "bash"
            # A #! line would win over the dialect, and is found fault with where it is not the first.
            body = re.sub(r"\A(\s*)#!", r"\1# ", section.text)
            text = f"# shellcheck shell={dialect}\n{body}"
            (Path(directory) / f"{number}.sh").write_bytes(text.encode("utf-8", "replace"))
        files = [f"{directory}/{number}.sh" for number in range(len(sections))]
        words = ["shellcheck", "--norc", "--format=json1", "--severity=warning", f"--exclude={','.join(QUIET)}", *files]
        try:
            done = run(words, check=False, timeout=_PATIENCE, memory=_MEMORY)
            found = json.loads(done.stdout)["comments"]
            return [(int(Path(comment["file"]).stem), comment) for comment in found]
        except (KickbuildError, ValueError, KeyError, TypeError, RecursionError):
            return None
