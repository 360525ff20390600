"""What became of a drive, on real filesystems: what a box may leave there, and every kind of damage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pytest
from conftest import needs_tools
from rehearsed import TOOLS, make_drive

from kickbuild.files import file_in_memory
from kickbuild.progress import Silent
from kickbuild.rehearse.change import DriveChange, drive_change
from kickbuild.rehearse.drive import read_drive
from kickbuild.rehearse.scratch import changes, workplace
from kickbuild.rehearse.stamp import bears_stamp, state_path
from kickbuild.run import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kickbuild.rehearse.drive import Drive
    from kickbuild.rehearse.scratch import Workplace

pytestmark = needs_tools(*TOOLS)

KICKSTART = "/kickbuild/web/ks.cfg"
LOG = "/kickbuild/web/last-refusal.log"
BLOCK = 4096


@dataclass(frozen=True)
class Bench:
    """A drive, and what is made of it after changes of its filesystem."""

    drive: Drive
    place: Workplace

    @cached_property
    def before(self) -> bytes:
        """The filesystem as it was, or what there is of it after the partition table."""
        return self.drive.base.read_bytes()[self.drive.offset :]

    def changed(self, *commands: str) -> bytes:
        """Return the filesystem after commands of debugfs."""
        copy = self.place.file()
        copy.write_bytes(self.before)
        script = "".join(f"{command}\n" for command in commands)
        run(["debugfs", "-w", "-f", "-", copy], stdin=script.encode())
        return copy.read_bytes()

    def in_journal(self, after: bytes, *, but: int = -1) -> bytes:
        """Return the filesystem with everything in its journal that makes ``after`` of it, as a box that never
        unmounted it leaves it; the block ``but`` is what it was in the journal, and what ``after`` has on the disk.
        """
        commands = ["jo"]
        copy = self.place.file()
        copy.write_bytes(self.before)
        for number in sorted({*differing(self.before, after), *({but} - {-1})}):
            source = self.place.file()
            source.write_bytes(block(self.before if number == but else after, number))
            commands.append(f"jw -b {number} {source}")
        run(["debugfs", "-w", "-f", "-", copy], stdin="".join(f"{c}\n" for c in [*commands, "jc"]).encode())
        if but >= 0:
            with copy.open("r+b") as file:
                file.seek(but * BLOCK)
                file.write(block(after, but))
        return copy.read_bytes()

    def judged(self, after: bytes) -> DriveChange:
        """Return what is said of a drive whose filesystem is ``after``."""
        overlay = self.place.overlay(self.drive.base)
        for number in differing(self.before, after):
            with file_in_memory(block(after, number)) as source:
                at = self.drive.offset + number * BLOCK
                run(["qemu-io", "-f", "qcow2", "-c", f"write -q -s {source} {at} {BLOCK}", overlay])
        return drive_change(self.drive, overlay, self.place, "web")[1]


def block(data: bytes, number: int) -> bytes:
    return data[number * BLOCK : (number + 1) * BLOCK]


def differing(one: bytes, other: bytes) -> list[int]:
    return [number for number in range(len(one) // BLOCK) if block(one, number) != block(other, number)]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_drive(tmp_path_factory.mktemp("drive"))


@pytest.fixture
def bench(image: Path, tmp_path: Path) -> Iterator[Bench]:
    with workplace(tmp_path) as place:
        yield Bench(read_drive(image, place, Silent()), place)


@pytest.mark.parametrize(
    ("commands", "left", "damage"),
    [
        (["write /etc/hostname {log}"], (LOG,), ()),
        (["rm {ks}"], (), (f"{KICKSTART} is gone",)),
        (["write /etc/hostname /kickbuild/web/other"], (), ("/kickbuild/web/other is new there",)),
        (["dump {ks} {file}", "rm {ks}", "write /etc/hostname {log}", "write {file} {ks}"], (), (KICKSTART,)),
    ],
    ids=["log", "gone", "new", "rewritten"],
)
def test_what_may_be_left_is_told_from_damage(
    bench: Bench, commands: list[str], left: tuple[str, ...], damage: tuple[str, ...]
) -> None:
    """It makes no difference whether the box unmounted the drive, or left its last changes in the journal."""
    names = {"ks": KICKSTART, "log": LOG, "file": bench.place.file()}
    after = bench.changed(*(command.format(**names) for command in commands))
    for found in (bench.judged(after), bench.judged(bench.in_journal(after))):
        assert not found.identical
        assert len(found.damage) == len(damage)
        assert all(words.startswith(wanted) for words, wanted in zip(found.damage, damage, strict=True))
        assert damage or found.left == left


def test_what_the_drive_tells_of_the_rebuild_is_read(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("schema=1\nid=\nprofile=web\noutcome=failed\nended=\n")
    after = bench.changed(f"write {tmp_path / 'state'} {state_path('web')}")
    for found in (bench.judged(after), bench.judged(bench.in_journal(after))):
        assert found.outcome == "failed"
        assert found.left == (state_path("web"),)
    assert bench.judged(bench.changed(f"write /etc/hostname {LOG}")).outcome == ""


STAMP = "schema=1\nid=a\nprofile={}\ndigest=1\nrelease=rocky9.4\nkickbuild=1\noutcome={}\nstarted=1\n"


@pytest.mark.parametrize("start", [0, 4096, (1 << 20) - 60, (3 << 20) + 100])
@pytest.mark.parametrize(
    ("profile", "outcome", "bears"), [("web", "installed", True), ("web", "started", False), ("db", "installed", False)]
)
def test_a_stamp_is_found_wherever_it_lies(
    tmp_path: Path, start: int, profile: str, outcome: str, *, bears: bool
) -> None:
    text = STAMP.format(profile, outcome).encode()
    sector = start // 512 * 512
    with workplace(tmp_path) as place:
        base = place.file(4 << 20)
        overlay = place.overlay(base)
        with file_in_memory((b"\1" * (start - sector) + text).ljust(1024, b"\1")) as source:
            run(["qemu-io", "-f", "qcow2", "-c", f"write -q -s {source} {sector} 1024", overlay])
            run(["qemu-io", "-f", "qcow2", "-c", f"write -q -P 7 {2 << 20} 65536", overlay])
        assert bears_stamp(overlay, changes(overlay, base).changed, "web") == bears


def test_nothing_changed_is_nothing_changed(bench: Bench) -> None:
    assert bench.judged(bench.before) == DriveChange()


def test_bytes_of_files_and_around_the_filesystem_are_told(bench: Bench) -> None:
    drive = bench.drive
    places = {
        drive.files[KICKSTART][0].start: f"{KICKSTART} holds other bytes",
        0: "the partition table was changed",
        drive.size - 512: "bytes behind its filesystem were changed",
    }
    for at, words in places.items():
        overlay = bench.place.overlay(drive.base)
        run(["qemu-io", "-f", "qcow2", "-c", f"write -q -P 0x41 {at} 512", overlay])
        assert drive_change(drive, overlay, bench.place, "web")[1].damage == (words,)


def test_bytes_of_a_file_that_are_in_the_journal_alone_are_told(bench: Bench) -> None:
    where = bench.drive.files[KICKSTART][0].start - bench.drive.offset
    after = bench.before[:where] + b"\xff" + bench.before[where + 1 :]
    assert bench.judged(bench.in_journal(after)).damage == (f"{KICKSTART} holds other bytes",)


def test_a_damaged_filesystem_is_told_in_words_of_e2fsck(bench: Bench) -> None:
    """A bitmap that is lost is nothing that the automatic repair calls by name."""
    bitmap = int(said(bench, "dumpe2fs").partition("Block bitmap at ")[2].split()[0])
    for number, words in ((bitmap, "bitmap differences"), (0, "uper")):
        (damage,) = bench.judged(without(bench.before, number)).damage
        assert damage.startswith("its filesystem ")
        assert words in damage
        assert len(damage) < 700
        assert damage.isprintable()
        assert "/proc/" not in damage


def test_what_a_kernel_noted_against_a_filesystem_is_damage(bench: Bench) -> None:
    assert bench.judged(bench.changed("ssv state 2")).damage == (
        "its filesystem is damaged: it contains a file system with errors",
    )


def test_what_was_wrong_before_the_run_is_no_damage_of_it(bench: Bench, tmp_path: Path) -> None:
    """Somebody's own filesystem, in which a count was wrong before."""
    old = tmp_path / "old.img"
    old.write_bytes(
        bench.drive.base.read_bytes()[: bench.drive.offset] + bench.changed(f"sif {KICKSTART} links_count 2")
    )
    worn = Bench(read_drive(old, bench.place, Silent()), bench.place)
    assert worn.judged(worn.changed(f"write /etc/hostname {LOG}")) == DriveChange((LOG,), (), identical=False)


@needs_tools("grub-fstest")
def test_a_file_that_only_the_journal_finds_is_damage_to_a_boot_loader(bench: Bench) -> None:
    """The inode on the disk is lost, and whole in the journal. GRUB's own code says that it reads no journal."""
    number = int(said(bench, "debugfs", "-R", f"imap {KICKSTART}").partition("located at block ")[2].split(",")[0])
    lost = bench.in_journal(without(bench.before, number), but=number)
    unplayed = bench.in_journal(bench.changed(f"write /etc/hostname {LOG}"))
    assert [read_by_grub(bench, data) for data in (bench.before, unplayed, lost)] == [True, True, False]
    found = bench.judged(lost)
    assert f"a boot loader does not find {KICKSTART}: only the journal tells where it is" in found.damage
    assert all("a boot loader does not find" in words for words in found.damage)


def said(bench: Bench, *words: str) -> str:
    """Return what a program says of the filesystem as it was."""
    copy = bench.place.file()
    copy.write_bytes(bench.before)
    return run([*words, copy]).text


def read_by_grub(bench: Bench, data: bytes) -> bool:
    """Tell whether GRUB reads the kickstart of a filesystem."""
    copy = bench.place.directory / "filesystem"
    copy.write_bytes(data)
    return run(["grub-fstest", copy, "crc", f"(loop0){KICKSTART}"], check=False).code == 0


def without(data: bytes, number: int) -> bytes:
    """Return a filesystem of which a block is lost."""
    return data[: number * BLOCK] + bytes(BLOCK) + data[(number + 1) * BLOCK :]


def test_what_was_written_is_told_from_what_is_different(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        base = place.file(1 << 20)
        overlay = place.overlay(base)
        run(["qemu-io", "-f", "qcow2", "-c", "write -q -P 0 0 65536", "-c", "write -q -P 1 131072 512", overlay])
        found = changes(overlay, base)
        assert next(part.start for part in found.written) == 0
        assert [(part.start, part.length) for part in found.changed] == [(131072, 512)]
        assert changes(overlay, base, but=131072).changed == ()
