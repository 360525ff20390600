"""Which line of a TOML text each key stands on. tomllib gives values, but no places."""

from __future__ import annotations

from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_BARE_END = " \t.=]\r\n"


def key_lines(text: str) -> dict[Path, int]:
    """Return the line (from 1) of each table header and key of ``text``, which tomllib has accepted.

    An element of an array of tables is a number in its path: ``("user", 0, "name")``. Keys of inline tables are not
    listed; their table is.
    """
    return _Scanner(text).scan()


def find_line(lines: dict[Path, int], path: Path) -> int | None:
    """Return the line of ``path``, or of its nearest ancestor that has one."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return None


class _Scanner:
    """Walks over valid TOML, looking only at what is needed to know where keys are."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.counted = 0
        self.lines: dict[Path, int] = {}
        self.table: Path = ()
        self.counts: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        while self._skip_to_statement():
            if self.text[self.at] == "[":
                self._header()
            else:
                line = self._line()
                path = self.table + tuple(self._dotted_key())
                self.at += 1  # the equals sign
                self._note(path, line)
                self._skip_value()
        return self.lines

    def _line(self) -> int:
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        return self.line

    def _note(self, path: Path, line: int) -> None:
        for end in range(1, len(path) + 1):
            self.lines.setdefault(path[:end], line)

    def _skip_to_statement(self) -> bool:
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "#":
                self._skip_line()
            elif character.isspace():
                self.at += 1
            else:
                return True
        return False

    def _skip_line(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _header(self) -> None:
        line = self._line()
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        path = self._resolved(tuple(self._dotted_key()), is_array=is_array)
        self.at = self.text.index("]", self.at) + (2 if is_array else 1)
        self.table = path
        self._note(path, line)

    def _resolved(self, keys: Path, *, is_array: bool) -> Path:
        """Return ``keys`` with the number of the current element after each array of tables."""
        path: Path = ()
        for position, key in enumerate(keys):
            path += (key,)
            is_last = position == len(keys) - 1
            if is_last and is_array:
                self.counts[path] = self.counts.get(path, -1) + 1
            if path in self.counts:
                path += (self.counts[path],)
        return path

    def _dotted_key(self) -> list[str]:
        keys: list[str] = []
        while True:
            while self.text[self.at] in " \t":
                self.at += 1
            keys.append(self._simple_key())
            while self.text[self.at] in " \t":
                self.at += 1
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _simple_key(self) -> str:
        import tomllib

        start = self.at
        if self.text[start] in "\"'":
            self._skip_string()
            quoted = self.text[start : self.at]
            # The parser knows the escapes.
            return next(iter(tomllib.loads(f"{quoted} = 1"))) if "\\" in quoted else quoted[1:-1]
        while self.text[self.at] not in _BARE_END:
            self.at += 1
        return self.text[start : self.at]

    def _skip_value(self) -> None:
        depth = 0
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in "\"'":
                self._skip_string()
                continue
            if character == "#":
                self._skip_line()
                continue
            if character == "\n" and depth == 0:
                return
            depth += (character in "[{") - (character in "]}")
            self.at += 1

    def _skip_string(self) -> None:
        quote = self.text[self.at]
        delimiter = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(delimiter)
        while not self.text.startswith(delimiter, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(delimiter)
        # Up to two quotes may stand directly before the closing three.
        while len(delimiter) == 3 and self.at < len(self.text) and self.text[self.at] == quote:
            self.at += 1
