"""The power fails at any moment: the agent is killed before each program that it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from agent_box import BLS, EL6, EL7, GRUB_CONF, SAVED, Box, Layout
from conftest import needs_tools

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_tools("dash", "bash", "busybox", "grub-editenv")

ENTRY = "kickbuild-web"
#: Programs that change files; all others only look.
WRITERS = ("mv", "cp", "rm", "cat", "head", "tail", "sync", "grub2-editenv", "chmod", "awk")


class Killer:
    """Counts the programs that a run calls, and kills the whole run before one of them."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.count = box.top / "count"
        self.at = box.top / "at"
        for name in WRITERS:
            real = (box.bin / name).resolve()
            box.program(
                name,
                f"echo {name} >>{self.count}\n"
                f"read -r at <{self.at}\n"
                f"number=0\nwhile read -r _; do number=$((number + 1)); done <{self.count}\n"
                f'[ "$number" != "$at" ] || kill -9 0\n'
                f'exec {real} "$@"',
            )
        self.disarm()

    def disarm(self) -> None:
        """Kill nothing."""
        self.at.write_text("0\n")
        self.count.write_text("")

    def aim(self, number: int) -> None:
        """Kill at the call of that number."""
        self.at.write_text(f"{number}\n")
        self.count.write_text("")

    def calls(self) -> list[str]:
        """Return what was called since."""
        return self.count.read_text().split()


def first_write(box: Box, killer: Killer, command: str) -> tuple[int, int]:
    """Return the numbers of the first and the last call of a run that can change anything."""
    killer.disarm()
    box.run("check")
    looking = len(killer.calls())
    killer.disarm()
    assert box.run(command).code == 0
    return (looking - 25 if command == "arm" else 1, len(killer.calls()))


def start(folder: Path, layout: Layout) -> Box:
    box = Box(folder, layout)
    if layout is EL6:
        box.write(EL6.config, GRUB_CONF.replace("default=0", "default=1"))
        box.write(EL6.env, SAVED)
    elif layout is EL7:
        box.write(EL7.config, "set theirs=1")
    return box


@pytest.mark.parametrize("layout", [EL6, EL7, BLS], ids=lambda layout: layout.name)
def test_arming_cut_short(tmp_path: Path, layout: Layout) -> None:
    box = start(tmp_path / "first", layout)
    begin, end = first_write(box, Killer(box), "arm")
    seen = set()
    for number in range(begin, end + 1):
        box = start(tmp_path / str(number), layout)
        before = box.tree("/boot")
        killer = Killer(box)
        killer.aim(number)
        box.run("arm")
        killer.disarm()
        boots = box.next_boot()
        seen.add(boots)
        # It is the old system's until the very last step, and then the entry is whole.
        assert boots in {"old", ENTRY}, number
        state = box.run("status", "--json").json["state"]
        assert state in ({"armed"} if boots == ENTRY else {"none", "unfinished"}), number
        if number % 2:
            assert box.run("disarm").code == 0, number
            assert box.tree("/boot") == before, number
        else:
            assert box.run("arm").code == 0, number
            assert box.next_boot() == ENTRY, number
            assert box.run("disarm").code == 0, number
            assert box.tree("/boot") == before, number
        assert box.next_boot() == "old"
        assert not list(box.root.rglob(".kickbuild-partial*")), number
    assert seen == {"old", ENTRY}


@pytest.mark.parametrize("layout", [EL6, EL7, BLS], ids=lambda layout: layout.name)
def test_disarming_cut_short(tmp_path: Path, layout: Layout) -> None:
    box = start(tmp_path / "first", layout)
    box.run("arm")
    begin, end = first_write(box, Killer(box), "disarm")
    for number in range(begin, end + 1):
        box = start(tmp_path / str(number), layout)
        before = box.tree("/boot")
        box.run("arm")
        killer = Killer(box)
        killer.aim(number)
        box.run("disarm")
        killer.disarm()
        assert box.next_boot() in {"old", ENTRY}, number
        assert box.run("disarm").code == 0, number
        assert box.next_boot() == "old", number
        assert box.tree("/boot") == before, number
