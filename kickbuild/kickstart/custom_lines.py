"""The storage commands of a profile's own (``storage.lines``): put on the target, and kept from every other disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.kickstart.disk_lines import named_disks, on_target, option_problems
from kickbuild.kickstart.document import parse_document
from kickbuild.kickstart.parse import parse
from kickbuild.kickstart.storage import StorageLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kickbuild.releases.model import Capabilities


def custom_lines(lines: Sequence[str], can: Capabilities) -> tuple[StorageLine, ...]:
    """Return the commands with the target in them; a line that ``custom_problems`` refuses comes back as it is."""
    return tuple(StorageLine(_on_target(line, can)) for line in lines)


def custom_problems(lines: Sequence[str], can: Capabilities, others: Sequence[StorageLine]) -> list[tuple[int, str]]:
    """Return what is wrong with the lines, each with its number from 1; ``others`` are the commands before them."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=1):
        document = parse_document(line)
        found += [(number, fault.message) for fault in document.faults]
        for command in document.commands:
            disks, problems = named_disks(command)
            problems = [*option_problems(command), *problems]
            problems += [f"{disk.name} names a disk: leave it out, the guard names the target" for disk in disks]
            found += [(number, message) for message in problems]
    if found:
        return found
    whole = "".join(f"{line.text}\n" for line in (*others, *custom_lines(lines, can)))
    parsed = parse(whole, can.handler)
    return [
        (max(1, (problem.line or 0) - len(others)), problem.message) for problem in parsed.problems or parsed.strangers
    ]


def _on_target(line: str, can: Capabilities) -> str:
    line = line.strip()
    for command in parse_document(line).commands:
        if command.name in {"part", "partition"} and command.words:
            return on_target(command, line, can)
    return line
