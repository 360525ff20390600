"""The lines of configuration that scripts write into files: with echo, here-documents and sed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.lint.shell_words import behind_wrappers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.finding import Severity
    from kickbuild.lint.hit import Hit
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell_words import ShellWord

_SUBSTITUTION: Final = re.compile(r"(?:^|[;\s{/\d$])s([^\w\s;])")
_CHANGE: Final = re.compile(r"[/\d$]\s*[aci]\\?\s*(\S.*)")
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """One line that a script writes; ``path`` is the file, as far as it can be told."""

    section: Section
    line: int
    text: str
    path: str
    is_edit: bool
    """It takes the place of another line."""

    @property
    def setting(self) -> str:
        """The text without its comment; empty for a comment."""
        return self.text.partition("#")[0].strip()

    def hit(self, message: str, at: str = "", *, hint: str = "", severity: Severity | None = None) -> Hit:
        """Return a hit on the line of the script; ``at`` is marked where it stands there."""
        return self.section.hit(self.line, message, at or None, hint=hint, severity=severity)


def written_lines(section: Section) -> Iterator[WrittenLine]:
    """Yield what a shell script writes into files, line by line."""
    for file in section.written:
        for number, text in file.lines:
            # echo -e, and printf, make blanks of these.
            shown = text.replace("\\t", " ").strip()
            if shown:
                yield WrittenLine(section, number, shown[:_LONGEST], file.path, is_edit=False)
    for command in section.commands:
        words = behind_wrappers(command)
        if not words or words[0].text.rpartition("/")[2] != "sed":
            continue
        for word, text in _sed(words[1:]):
            yield WrittenLine(section, word.line, text.strip()[:_LONGEST], words[-1].text, is_edit=True)


def _sed(words: list[ShellWord]) -> Iterator[tuple[ShellWord, str]]:
    """Yield what ``sed`` puts in the place of what it finds."""
    for word in words:
        for match in _SUBSTITUTION.finditer(word.text[:_LONGEST]):
            parts = re.split(rf"(?<!\\){re.escape(match[1])}", word.text[match.end() : _LONGEST], maxsplit=2)
            if len(parts) == 3:
                yield word, _replaced(parts[0], parts[1])
        change = _CHANGE.search(word.text[:_LONGEST])
        if change:
            yield word, change[1]


def _replaced(pattern: str, replacement: str) -> str:
    """Return a replacement with the groups of the pattern filled in, as far as they are plain text."""
    groups = re.findall(r"\\?\(([^()]*?)\\?\)", pattern)
    for number, group in enumerate(groups[:9], start=1):
        replacement = replacement.replace(f"\\{number}", _plain(group))
    return re.sub(r"(?<!\\)&", lambda _: _plain(pattern), replacement).replace("\\", "")


def _plain(pattern: str) -> str:
    return re.sub(r"\\s\*|\[[^\]]*\][*+?]?|\.\*|#\\?\??|[\^$*+?]", " ", pattern).strip(" ")
