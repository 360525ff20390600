"""KB704 text-encoding."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from kickbuild.kickstart.document import Kind
from kickbuild.lint.edits import WITHOUT_BOM, replace_in_line
from kickbuild.lint.finding import Severity
from kickbuild.lint.hit import Hit
from kickbuild.lint.quotes import unquoted
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section
    from kickbuild.lint.source import Source


_COMMANDS = frozenset({Kind.COMMAND, Kind.INCLUDE, Kind.HEADER, Kind.END})
#: Characters that look like one of ASCII, and what they look like.
_BLANKS = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u205f\u2060\u3000\ufeff"
)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_QUOTES = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f"
_ODD = re.compile(f"[{_BLANKS}{_DASHES}{_QUOTES}]")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_UTF16 = ("\udcff\udcfe", "\udcfe\udcff")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for source in kickstart.sources:
        if source.text.startswith(_UTF16):
            yield Hit(source, 1, "the file is UTF-16, of which the installer reads no line", hint="save it as UTF-8")
            continue
        if source.bom:
            message = "the file begins with a byte order mark, which the installer takes for a part of the first word"
            yield Hit(source, 1, message, hint="save it without one").with_fix((WITHOUT_BOM,))
        yield from _bytes(source, kickstart.release.level)
        for fault in source.document.faults:
            if fault.message.startswith("ends with U+"):
                yield Hit(source, fault.line, f"the line {fault.message}")
        yield from _odd_in_commands(source)
    for section in kickstart.scripts:
        yield from _odd_in_script(section)


def _bytes(source: Source, level: int) -> Iterator[Hit]:
    if source.text.isascii() and "\0" not in source.text:
        return
    for line in source.document.lines:
        match = _NOT_UTF8.search(line.text)
        if match:
            # The installers up to RHEL 7 are Python 2, which reads bytes.
            is_passed = level < 8 and line.kind in {Kind.COMMENT, Kind.BODY}
            message = f"byte 0x{ord(match[0]) - 0xDC00:02x} at column {match.start() + 1} is not UTF-8"
            hint = "convert the file, for example with `iconv -f latin1 -t utf-8`"
            severity = Severity.WARNING if is_passed else None
            yield Hit(source, line.number, message, match.start() + 1, match.end() + 1, hint, severity)
        nul = line.text.find("\0")
        if nul >= 0:
            yield Hit(source, line.number, f"there is a NUL byte at column {nul + 1}", nul + 1, nul + 2)


def _odd_in_commands(source: Source) -> Iterator[Hit]:
    if source.text.isascii():
        return
    packages = {n for section in source.document.sections if section.name == "%packages" for n in section.body}
    for line in source.document.lines:
        if line.kind in _COMMANDS:
            text, start = line.text, 0
        elif line.number in packages:
            # The installer strips these lines, of odd blanks too.
            text, start = line.text.partition("#")[0].strip(), len(line.text) - len(line.text.lstrip())
        else:
            continue
        for position in unquoted(text):
            if _is_odd(text, position):
                yield _odd(source, line.number, start + position)


def _odd_in_script(section: Section) -> Iterator[Hit]:
    if section.text.isascii():
        return
    for command in section.commands:
        for word in (*command.words[:1], *command.arguments):
            raw = section.source.line_text(word.line)[word.start : word.end]
            # Within quotes, or in a text that echo prints, they are what somebody wants to read.
            if not _ODD.search(raw) or any(quote in raw for quote in "\"'"):
                continue
            is_name = word is command.words[0]
            if (is_name or raw[0] in _DASHES + _QUOTES) and command.name not in {"echo", "printf"}:
                for match in _ODD.finditer(raw):
                    if is_name or _is_odd(raw, match.start()):
                        yield _odd(section.source, word.line, word.start + match.start())


def _is_odd(text: str, position: int) -> bool:
    char = text[position]
    is_first = position == 0 or text[position - 1].isspace()
    return char in _BLANKS or char in _QUOTES or (char in _DASHES and is_first)


def _odd(source: Source, number: int, position: int) -> Hit:
    char = source.line_text(number)[position]
    name = unicodedata.name(char, f"U+{ord(char):04X}").lower()
    wanted = "a blank" if char in _BLANKS else "a - or --" if char in _DASHES else "a quote"
    hit = Hit(
        source, number, f"there is a {name}, U+{ord(char):04X}, where {wanted} is meant", position + 1, position + 2
    )
    hit = replace(hit, hint="type it again; a word processor or a web page put it there")
    is_blank = char in _BLANKS and char not in "\u200b\u2060\ufeff"
    return hit.with_fix(replace_in_line(source, number, position, position + 1, " ")) if is_blank else hit


RULE = Rule(
    code="KB704",
    name="text-encoding",
    summary="The file is not plain UTF-8, or has characters that only look like a blank, a dash or a quote.",
    why="The installer stops at the line, or reads another word than everybody sees: they look the same on a screen.",
    hint="save it as UTF-8 without a byte order mark",
    levels=levels("E"),
    bad=(
        Example(text="»\ufefflang en_US.UTF-8\n"),
        Example(text="» lang\u00a0en_US.UTF-8\n"),
        Example(text="»part / \u2013\u2013size=4096\n»bootloader --append=\u201cquiet\u201d\n"),
        Example(text="»user --name=ops --gecos=J\udcfcrgen\n»# M\udcfcller\n"),
        Example(text="lang en_US\0.UTF-8\n".replace("lang", "»lang")),
        Example(text="%packages\n»vim\u00a0enhanced\n%end\n"),
        Example(text="%post\n»ls \u2013l /root\n»\u00a0\u00a0ls\n%end\n"),
        Example(text="»# a\udcfcb\n", release="rhel7"),
    ),
    good=(
        Example(text='# caf\u00e9 \u2013 \u201cso\u201d\u00a0it is\nuser --name=a --gecos="J\u00fcrgen \u2013 ops"\n'),
        Example(text="%packages\n  vim \u00a0\n%end\n%post\necho \u201chello\u201d \u2013 you > /etc/motd\n%end\n"),
        Example(text="%post\ncat > /etc/motd <<EOF\n\u2013 hello \u2013\nEOF\n%end\n"),
    ),
    check=_check,
    fixable=True,
    of_text=True,
)
