"""The power fails at any moment: what is on the disks then boots what README says, and the next run clears it up."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from agent_box import BLS, EL6, EL7, GRUB_CONF, SAVED, Box, Layout, content
from conftest import needs_tools

pytestmark = needs_tools("dash", "bash", "busybox", "grub-editenv")

ENTRY = "kickbuild-web"
README = Path(__file__).parents[2] / "README.md"
#: Programs that change files, or print what goes into one; all others only look.
WRITERS = ("mv", "cp", "rm", "mkdir", "cat", "head", "tail", "sync", "grub2-editenv", "chmod", "awk")
#: Where the agent writes.
WRITTEN = ("boot", "mnt/rebuild", "run")
KEEP = ("ssh_host_keys", "hostname")
LAYOUTS = pytest.mark.parametrize("layout", [EL6, EL7, BLS], ids=lambda layout: layout.name)


def start(folder: Path, layout: Layout) -> Box:
    folder.mkdir(exist_ok=True)
    box = Box(folder, layout)
    box.write("/etc/ssh/ssh_host_rsa_key", "secret")
    box.write("/etc/hostname", "box1\n")
    box.fill_drive(keep=KEEP)
    if layout is EL6:
        box.write(EL6.config, GRUB_CONF.replace("default=0", "default=1"))
        box.write(EL6.env, SAVED)
    elif layout is EL7:
        box.write(EL7.config, "set theirs=1")
    return box


@dataclass(frozen=True)
class Row:
    """A row of README's table: what a box boots and what ``status`` says then, before the step and after it."""

    command: str
    step: str
    before: str
    after: str

    def matches(self, step: str) -> bool:
        words = (re.escape(word) for word in re.sub(r"[`*]", "", self.step).split("…"))
        return re.fullmatch("[^ ]+".join(words), step) is not None


def table() -> list[Row]:
    text = (
        README.read_text("utf-8").partition("### What happens if the power fails at each step")[2].partition("\n#")[0]
    )
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [Row(row[0].strip("`"), *row[1:]) for row in rows[2:]]


def cut_at(box: Box, trace: Path, number: int) -> None:
    """Let every program that changes files kill the run once that many steps have been begun."""
    for name in WRITERS:
        real = (box.bin / name).resolve()
        count = f"{shutil.which('grep')} -c '^+* begin_step ' {trace} 2>&-"
        box.program(name, f'[ "$({count})" -lt {number} ] || kill -9 0\nexec {real} "$@"')


@LAYOUTS
def test_each_step_is_as_readme_says(tmp_path: Path, layout: Layout) -> None:
    for command in ("arm", "disarm"):
        box = start(tmp_path / command, layout)
        if command == "disarm":
            box.run("arm")
        steps = box.run(command, "--dry-run", "--json").json["steps"]
        rows = [next(row for row in table() if row.command == command and row.matches(step)) for step in steps]
        assert rows == [row for row in table() if row in rows], "the steps are in another order"
        for number in range(1, len(steps) + 2):
            box = start(tmp_path / f"{command}{number}", layout)
            boot = box.tree("/boot")
            if command == "disarm":
                box.run("arm")
            programs = {name: (box.bin / name).resolve() for name in WRITERS}
            trace = tmp_path / "trace"
            cut_at(box, trace, number)
            killed = box.run(command, trace=trace).code < 0
            assert killed == (number <= len(steps))
            for name, real in programs.items():
                (box.bin / name).unlink()
                (box.bin / name).symlink_to(real)
            booted = box.boot()
            state = box.run("status", "--json").json["state"]
            says = "the rebuild" if booted == ENTRY else f"the old system; `{state}`"
            if number <= len(steps):
                assert rows[number - 1].before == says, steps[number - 1]
            if number > 1:
                assert rows[number - 2].after == says, steps[number - 2]
            assert box.run("disarm").code == 0
            # Of what was booted GRUB itself has written something: which entry is next, and nothing more.
            assert {path for path, data in box.tree("/boot").items() if boot.get(path) != data} <= {
                layout.env.strip("/")
            }
            assert box.next_boot() == "old"


def test_readme_names_every_step(tmp_path: Path) -> None:
    steps = set()
    for layout in (EL6, EL7, BLS):
        box = start(tmp_path / layout.name, layout)
        for command in ("arm", "disarm"):
            steps |= {(command, step) for step in box.run(command, "--dry-run", "--json").json["steps"]}
            box.run("arm")
        box.run("disarm")
        box.run("enter")
        box.run("arm")
        steps |= {("disarm", step) for step in box.run("disarm", "--dry-run", "--json").json["steps"]}
    for row in table():
        assert any(row.command == command and row.matches(step) for command, step in steps), row
    for command, step in steps:
        assert any(row.command == command and row.matches(step) for row in table()), step


class Film:
    """What is on the box's disks before each program that a run calls: as much as a cut there would leave."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.folder = box.top / "film"
        self.folder.mkdir()
        self.programs = {name: (box.bin / name).resolve() for name in WRITERS}
        copy = f'{shutil.which("cp")} -a --parents {" ".join(WRITTEN)} "$frame"'
        for name, real in self.programs.items():
            box.program(
                name,
                f"frame=$(mktemp -d {self.folder}/XXXXXXXX)\ncd {box.root} && {copy}\n"
                f'cd {box.scratch}\nexec {real} "$@"',
            )
        (box.bin / "mktemp").symlink_to(shutil.which("mktemp") or "mktemp")

    def stop(self) -> list[Path]:
        """Return the frames that differ, and let the programs be what they were."""
        for name, real in self.programs.items():
            (self.box.bin / name).unlink()
            (self.box.bin / name).symlink_to(real)
        seen: dict[str, Path] = {}
        for frame in sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
            told = {path: data for path, data in content(frame).items() if not path.endswith("agent.lock")}
            seen.setdefault(repr(told), frame)
        return list(seen.values())

    def show(self, frame: Path) -> None:
        """Put a frame on the box's disks."""
        for name in WRITTEN:
            shutil.rmtree(self.box.path(name))
            shutil.copytree(frame / name, self.box.path(name), symlinks=True)


def is_whole(box: Box) -> bool:
    """Tell whether what is kept is whole, where it counts."""
    keep = box.drive / "kickbuild/web/keep"
    return not (keep / "keep.state").exists() or set(content(keep)) == {
        "keep.state",
        "hostname",
        "ssh/ssh_host_rsa_key",
    }


SHELLS = pytest.mark.parametrize(
    ("layout", "shell"),
    [(EL6, "dash"), (EL7, "dash"), (BLS, "dash"), pytest.param(EL7, "bash", marks=pytest.mark.slow)],
    ids=["el6", "el7", "bls", "el7-bash"],
)


@SHELLS
def test_arming_cut_short(tmp_path: Path, layout: Layout, shell: str) -> None:
    box = start(tmp_path / "b", layout)
    before, drive = box.tree("/boot"), content(box.drive)
    film = Film(box)
    assert box.run("arm", shell=shell).code == 0
    frames = film.stop()
    assert len(frames) >= 15
    seen = set()
    for number, frame in enumerate(frames):
        film.show(frame)
        boots = box.next_boot()
        seen.add(boots)
        # It is the old system's until the very last step, and then the entry is whole.
        assert boots in {"old", ENTRY}, number
        assert is_whole(box), number
        state = box.run("status", "--json", shell=shell).json["state"]
        assert state in ({"armed"} if boots == ENTRY else {"none", "unfinished"}), number
        if number % 2:
            assert box.run("arm", shell=shell).code == 0, number
            assert box.next_boot() == ENTRY, number
            assert (box.drive / "kickbuild/web/keep/keep.state").exists()
        assert box.run("disarm", shell=shell).code == 0, number
        assert (box.tree("/boot"), content(box.drive)) == (before, drive), number
        assert box.next_boot() == "old"
    assert seen == {"old", ENTRY}


@SHELLS
def test_disarming_cut_short(tmp_path: Path, layout: Layout, shell: str) -> None:
    box = start(tmp_path / "b", layout)
    before, drive = box.tree("/boot"), content(box.drive)
    box.run("arm")
    film = Film(box)
    assert box.run("disarm", shell=shell).code == 0
    frames = film.stop()
    assert len(frames) >= 10
    for number, frame in enumerate(frames):
        film.show(frame)
        assert box.next_boot() in {"old", ENTRY}, number
        assert is_whole(box), number
        assert box.run("disarm", shell=shell).code == 0, number
        assert (box.tree("/boot"), content(box.drive)) == (before, drive), number


@pytest.mark.parametrize("command", ["enter", "leave"])
@LAYOUTS
def test_a_menu_cut_short(tmp_path: Path, layout: Layout, command: str) -> None:
    box = start(tmp_path / "b", layout)
    before = box.tree("/boot")
    if command == "leave":
        box.run("enter")
    film = Film(box)
    assert box.run(command).code == 0
    for number, frame in enumerate(film.stop()):
        film.show(frame)
        assert box.next_boot() == "old", number
        assert box.run(command).code == 0, number
        assert box.run("leave").code == 0, number
        assert box.tree("/boot") == before, number
