"""KB610 include-overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shell import branches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell import ShellCommand


#: Commands after which a later one may never be reached.
_LEAVES: Final = frozenset({"break", "continue", "exec", "exit", "return"})


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    paths = {inclusion.path for inclusion in kickstart.inclusions}
    for section in kickstart.sections_of("%pre"):
        if paths & {file.path for file in section.written if not file.appends}:
            yield from _overwritten(section, paths)


def _overwritten(section: Section, paths: set[str]) -> Iterator[Hit]:
    blocks = branches(section.commands)
    files = {file.line: file for file in section.written if file.path in paths}
    # path -> the number of the last command that wrote something into it, of those that are always run before.
    last: dict[str, int] = {}
    for number, command in enumerate(section.commands):
        if command.name in _LEAVES:
            last.clear()
            continue
        for path in [path for path in last if any(path in word.text for word in command.arguments)]:
            # It is read, moved away or deleted: what was in it has had its use.
            del last[path]
        if command.defines or command.name == "function":
            last.clear()
        for redirection in command.redirections:
            path = redirection.target.text
            file = files.get(command.line)
            if file is None or not redirection.writes or path != file.path:
                continue
            before = last.get(path)
            if before is not None and not redirection.appends and _is_always_after(blocks, before, number, command):
                first = section.commands[before].line
                message = f"this leaves nothing of what line {first} wrote into {path}, which is included"
                yield section.hit(redirection.target.line, message, redirection.target)
            if file.lines or not file.whole:
                last[path] = number


def _is_always_after(
    blocks: list[tuple[tuple[str, int, int], ...]], before: int, number: int, command: ShellCommand
) -> bool:
    return not command.after and blocks[before][: len(blocks[number])] == blocks[number]


RULE = Rule(
    code="KB610",
    name="include-overwritten",
    summary="A %pre writes into an include, and then begins it anew with >.",
    why="The commands that were written first are gone: the installer sees only what was written after the last >.",
    hint="write >> from the second time on",
    levels=levels("W", "E"),
    bad=(
        Example(text="%include /tmp/p\n%pre\necho clearpart --all >> /tmp/p\n»echo autopart > /tmp/p\n%end\n"),
        Example(text="%include /tmp/p\n%pre\nif a; then\necho zerombr > /tmp/p\nfi\n»echo autopart > /tmp/p\n%end\n"),
    ),
    good=(
        Example(text="%include /tmp/p\n%pre\necho zerombr > /tmp/p\necho autopart >> /tmp/p\n%end\n"),
        Example(text="%include /tmp/p\n%pre\nif a; then echo b > /tmp/p; else echo c > /tmp/p; fi\n%end\n"),
        Example(text="%include /tmp/p\n%pre\necho a > /tmp/p\n[ -e /x ] && echo b > /tmp/p\n%end\n"),
        Example(text="%include /tmp/p\n%pre\ncase $x in a) echo b > /tmp/p;; *) echo c > /tmp/p;; esac\n%end\n"),
        Example(
            text="%include /tmp/p\n%pre\n: > /tmp/p\necho a > /tmp/p\nsed -i s/a/b/ /tmp/p\necho c > /tmp/p\n%end\n"
        ),
        Example(text="%include /tmp/p\n%pre\nif a; then echo b > /tmp/p; exit; fi\necho c > /tmp/p\n%end\n"),
        Example(text="%include /tmp/p\n%pre\nif a; then echo b > /tmp/p\nelif b; then echo d > /tmp/p; fi\n%end\n"),
    ),
    check=_check,
)
