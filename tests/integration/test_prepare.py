"""The main job on real input: ISOs made by xorriso, disk images and mounted filesystems, whole and broken."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from agent_box import EL9_UEFI, Box
from command import environment, kickbuild
from conftest import CI, needs_root, needs_tools
from media import make_iso

from kickbuild.files import PARTIAL_PREFIX, alone_at
from kickbuild.units import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = needs_tools("xorriso", "mke2fs", "debugfs", "e2fsck", "sfdisk", "blkid", "mkfs.vfat", "mcopy", "mount")

HASH = "$6$saltsalt$fCrh8nUGWG1kaWS0cBxg4tHqtdI/.vguU6L92utUDE2uuLboegIJMic.sfv7QYLSrG3dfTzYL584/rt2BJn400"
PROFILE = f"""\
schema = 1
name = "{{name}}"
[source]
iso = "{{iso}}"
{{source}}
[target]
serial = "TARGET1"
[system]
root_password_hash = "{HASH}"
"""


def profile(folder: Path, name: str = "web", iso: str = "install.iso", source: str = "", more: str = "") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(PROFILE.format(name=name, iso=iso, source=source) + more)
    return path


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A folder with a small ISO and a profile for it."""
    make_iso(tmp_path / "install.iso", "rocky9", kernel=os.urandom(3 * MIB), initrd=os.urandom(5 * MIB))
    profile(tmp_path)
    return tmp_path


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Path]:
    """A mounted ext4 filesystem of 96 MiB."""
    image, mount = tmp_path / "drive.ext4", tmp_path / "drive"
    with image.open("wb") as file:
        file.truncate(96 * MIB)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-L", "REBUILD", image], check=True)
    mount.mkdir()
    subprocess.run(["mount", "-o", "loop", image, mount], check=True)
    yield mount
    subprocess.run(["umount", mount], check=True)


def leftovers(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob(f"{PARTIAL_PREFIX}*"))


KERNEL = Path(__file__).parents[2] / "build-cache" / "boot-parts" / "vmlinuz-cloud"


def real_kernel() -> Path:
    """Return the Linux kernel that scripts/boot-parts brings."""
    if not KERNEL.exists() and not CI:
        pytest.skip("scripts/boot-parts has not brought the kernel")
    return KERNEL


LAYOUTS = [
    "rhel6",
    "centos6",
    "rhel7",
    "centos7",
    "rocky8",
    "alma9",
    "oracle9",
    "centos-stream10",
    "rhel10",
    "fedora43",
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_prepare_and_verify(tmp_path: Path, layout: str) -> None:
    make_iso(tmp_path / "My Own DVD.ISO", layout, implant_md5=True, kernel=real_kernel())
    profile(tmp_path, iso="My Own DVD.ISO")
    done = kickbuild("prepare", "web.toml", "--image", "r.img", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    files = done.json["files"]
    isos = [path for path in files if path.endswith(".iso")]
    assert [path.rpartition("/")[2] for path in isos] == ["My-Own-DVD.iso"]
    assert files[isos[0]] == hashlib.sha256((tmp_path / "My Own DVD.ISO").read_bytes()).hexdigest()
    assert any(path.endswith("/images/install.img") for path in files) == layout.endswith("6")
    verified = kickbuild("verify", "r.img", "--json", cwd=tmp_path)
    assert (verified.code, verified.json["findings"]) == (0, []), verified.out + verified.err
    assert verified.json["files"] == len(files)
    kernel = next(path for path in files if path.endswith("/vmlinuz"))
    assert files[kernel] == hashlib.sha256(KERNEL.read_bytes()).hexdigest()


def test_the_plan_is_what_is_done(lab: Path) -> None:
    options = ("web.toml", "--image", "r.img", "--uuid", "3bde0ee8-e6a9-4960-94e6-3fd6e3149de6", "--json")
    planned = kickbuild("plan", *options, cwd=lab)
    assert planned.code == 0
    assert not (lab / "r.img").exists()
    assert kickbuild("prepare", "--dry-run", *options, cwd=lab).json == planned.json
    assert not (lab / "r.img").exists()
    done = kickbuild("prepare", *options, cwd=lab).json
    assert {key: done[key] for key in planned.json} == planned.json


def test_a_second_run_writes_only_what_changed(lab: Path) -> None:
    kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab)
    before = (lab / "r.img").read_bytes()
    again = kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab)
    assert "nothing to do" in again.out
    assert (lab / "r.img").read_bytes() == before
    profile(lab, more="firewall = false\n")
    changed = kickbuild("prepare", "web.toml", "--image", "r.img", "--json", cwd=lab).json
    actions = {step["path"]: step["action"] for step in changed["steps"]}
    assert actions.pop("/kickbuild/web/ks.cfg") == "replace"
    assert set(actions.values()) == {"keep"}
    assert kickbuild("verify", "r.img", cwd=lab).code == 0


def test_several_profiles_and_releases_share_a_drive(lab: Path) -> None:
    make_iso(lab / "el8.iso", "alma8")
    profile(lab, "second")
    profile(lab, "old", iso="el8.iso")
    assert kickbuild("prepare", "web.toml", "old.toml", "--image", "r.img", "--size", "128MiB", cwd=lab).code == 0
    assert kickbuild("prepare", "second.toml", "--image", "r.img", cwd=lab).code == 0
    report = kickbuild("verify", "r.img", "--json", cwd=lab).json
    assert (report["profiles"], report["ok"]) == (["old", "second", "web"], True)
    removed = kickbuild("remove", "old", "--from", "r.img", "--json", cwd=lab).json
    assert {s["path"] for s in removed["steps"] if "alma8" in s["path"]}
    assert not [s for s in removed["steps"] if "rocky9" in s["path"]]
    assert kickbuild("remove", "web", "--from", "r.img", cwd=lab).code == 0
    report = kickbuild("verify", "r.img", "--json", cwd=lab).json
    assert (report["profiles"], report["ok"]) == (["second"], True)
    gone = kickbuild("remove", "web", "--from", "r.img", cwd=lab)
    assert gone.code == 5
    assert "holds no profile 'web'" in gone.err


def test_another_iso_for_a_shared_release_is_refused(lab: Path) -> None:
    profile(lab, "second")
    kickbuild("prepare", "web.toml", "second.toml", "--image", "r.img", cwd=lab)
    make_iso(lab / "respin.iso", "rocky9", kernel=b"another")
    profile(lab, iso="respin.iso")
    done = kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab)
    assert done.code == 5
    assert "which second on this drive uses" in done.err
    profile(lab, "second", iso="respin.iso")
    assert kickbuild("prepare", "web.toml", "second.toml", "--image", "r.img", cwd=lab).code == 0
    assert kickbuild("verify", "r.img", cwd=lab).code == 0


@needs_root()
def test_a_mounted_drive(lab: Path, drive: Path) -> None:
    done = kickbuild("prepare", "web.toml", "--to", drive, cwd=lab)
    assert done.code == 0, done.err
    assert (drive / "rocky9.4" / "install.iso").read_bytes() == (lab / "install.iso").read_bytes()
    ks = drive / "kickbuild" / "web" / "ks.cfg"
    assert ks.stat().st_mode & 0o777 == 0o600
    assert f"UUID={kickbuild('verify', drive, '--json').json['drive']['uuid']}" in ks.read_text()
    assert kickbuild("verify", drive).code == 0
    damages: list[tuple[Callable[[], object], str]] = [
        (partial(flip, drive / "rocky9.4" / "install.iso"), "has the sha256"),
        (partial(flip, drive / "kickbuild" / "web" / "entry.grub2"), "has the sha256"),
        ((drive / "rocky9.4" / "vmlinuz").unlink, "is missing"),
        (lambda: (drive / "rocky9.4" / "initrd.img").write_bytes(b"x"), "has 1 bytes instead of"),
        (lambda: (drive / "rocky9.4" / "other.iso").write_bytes(b"x"), "is unexpected"),
        (partial(make_stray, drive / "rocky9.4" / "images"), "takes it for its stage 2"),
        (lambda: (drive / "kickbuild" / f"{PARTIAL_PREFIX}x").write_bytes(b"x"), "was left by a run"),
    ]
    for damage, says in damages:
        damage()
        found = kickbuild("verify", drive)
        assert found.code == 1
        assert says in found.out
        for stray in ("rocky9.4/other.iso", "rocky9.4/images/install.img"):
            (drive / stray).unlink(missing_ok=True)
        repaired = kickbuild("prepare", "web.toml", "--to", drive, "--recheck", cwd=lab)
        assert repaired.code == 0, repaired.err
        assert kickbuild("verify", drive).code == 0


def test_nothing_is_kept_where_everybody_could_read_it(lab: Path) -> None:
    profile(lab, more="[keep]\nssh_host_keys = true\nhostname = true\n")
    done = kickbuild("plan", "web.toml", "--image", "r.img", "--fs", "vfat", cwd=lab)
    assert done.code == 5
    assert "the profile web keeps ssh_host_keys, hostname, and vfat hides no file from anybody" in done.err
    planned = kickbuild("plan", "web.toml", "--image", "r.img", "--json", cwd=lab)
    assert planned.json["profiles"][0]["keep"] == ["ssh_host_keys", "hostname"]
    text = kickbuild("plan", "web.toml", "--image", "r.img", cwd=lab).out
    assert "Its new system gets back: ssh_host_keys, hostname" in text


@needs_root()
def test_what_a_box_leaves_goes_with_its_profile(lab: Path, drive: Path) -> None:
    profile(lab, "db")
    assert kickbuild("prepare", "web.toml", "db.toml", "--to", drive, cwd=lab).code == 0
    left = ("rebuild.state", "last-refusal.log", "log/anaconda.log", "keep/keep.state", "keep/ssh/ssh_host_rsa_key")
    for home in (drive / "kickbuild" / "web", drive / "kickbuild" / "db"):
        for name in left:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text("x\n")
    assert kickbuild("verify", drive).code == 0
    done = kickbuild("remove", "web", "--from", drive, "--json")
    removed = [step["path"] for step in done.json["steps"] if step["action"] == "remove"]
    assert {f"/kickbuild/web/{name}" for name in left} <= set(removed)
    assert not (drive / "kickbuild" / "web").exists()
    assert all((drive / "kickbuild" / "db" / name).is_file() for name in left)
    assert kickbuild("verify", drive).code == 0


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def make_stray(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "install.img").write_bytes(b"x")


@needs_root()
def test_a_full_drive_is_refused_before_anything_is_written(lab: Path, drive: Path) -> None:
    (drive / "big").write_bytes(b"x" * 75 * MIB)
    done = kickbuild("prepare", "web.toml", "--to", drive, cwd=lab)
    assert done.code == 5
    assert "are to be written" in done.err
    assert sorted(p.name for p in drive.iterdir()) == ["big", "lost+found"]


@needs_root()
def test_a_drive_that_fills_up_halfway_leaves_no_half_file(lab: Path, drive: Path) -> None:
    """Somebody else takes the room after the plan was made: only the kernel notices."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kickbuild", "prepare", "web.toml", "--to", drive],
        cwd=lab,
        env=environment(KICKBUILD_ROOT_HASH=HASH),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.kill(process.pid, signal.SIGSTOP)
    with contextlib.suppress(OSError), (drive / "filler").open("wb") as file:
        while True:
            file.write(b"x" * MIB)
    os.kill(process.pid, signal.SIGCONT)
    _, err = process.communicate(timeout=60)
    assert process.returncode in {5, 6}, err
    assert leftovers(drive) == []
    (drive / "filler").unlink()
    assert kickbuild("prepare", "web.toml", "--to", drive, cwd=lab).code == 0
    assert kickbuild("verify", drive).code == 0


@needs_root()
@pytest.mark.parametrize("seed", range(8))
def test_killed_at_any_moment(lab: Path, drive: Path, seed: int) -> None:
    """What was there still verifies, or verify says what is missing; the next run repairs it."""
    assert kickbuild("prepare", "web.toml", "--to", drive, cwd=lab).code == 0
    make_iso(lab / "el8.iso", "alma8", kernel=os.urandom(8 * MIB))
    profile(lab, "old", iso="el8.iso")
    profile(lab, more='selinux = "permissive"\n')
    wait = random.Random(seed).uniform(0.25, 0.9)
    process = subprocess.Popen(
        [sys.executable, "-m", "kickbuild", "prepare", "web.toml", "old.toml", "--to", drive],
        cwd=lab,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(wait)
    process.kill()
    process.wait()
    found = kickbuild("verify", drive, "--json")
    assert found.code in {0, 1}
    assert "Traceback" not in found.err
    assert found.code == 0 or found.json["findings"]
    repaired = kickbuild("prepare", "web.toml", "old.toml", "--to", drive, cwd=lab)
    assert repaired.code == 0, repaired.err
    after = kickbuild("verify", drive, "--json")
    assert (after.code, after.json["profiles"]) == (0, ["old", "web"]), after.out
    assert leftovers(drive) == []


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_stopping_leaves_an_image_as_it_was(lab: Path, stop: signal.Signals) -> None:
    assert kickbuild("prepare", "web.toml", "--image", "r.img", "--size", "512MiB", cwd=lab).code == 0
    before = (lab / "r.img").read_bytes()
    make_iso(lab / "big.iso", "rocky8", kernel=os.urandom(100 * MIB))
    profile(lab, "big", iso="big.iso")
    process = subprocess.Popen(
        [sys.executable, "-m", "kickbuild", "prepare", "big.toml", "--image", "r.img"],
        cwd=lab,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not list(lab.glob(f"{PARTIAL_PREFIX}*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(stop)
    _, err = process.communicate(timeout=60)
    assert process.returncode in {-stop, 130}, err
    assert (lab / "r.img").read_bytes() == before
    if stop is signal.SIGINT:
        assert process.returncode == 130, err
        assert b"interrupted" in err
        assert leftovers(lab) == []
    kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab)
    assert leftovers(lab) == []
    assert kickbuild("verify", "r.img", cwd=lab).code == 0


def test_the_pinned_sha256(lab: Path) -> None:
    right = hashlib.sha256((lab / "install.iso").read_bytes()).hexdigest()
    profile(lab, source=f'sha256 = "{right.upper()}"')
    assert kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab).code == 0
    profile(lab, source=f'sha256 = "{"0" * 64}"')
    done = kickbuild("prepare", "web.toml", "--image", "new.img", cwd=lab)
    assert done.code == 3
    assert right in done.err
    assert not (lab / "new.img").exists()
    assert leftovers(lab) == []


@needs_root()
def test_a_wrong_iso_does_not_replace_the_right_one(lab: Path, drive: Path) -> None:
    kickbuild("prepare", "web.toml", "--to", drive, cwd=lab)
    make_iso(lab / "install.iso", "rocky9", kernel=b"changed")
    profile(lab, source=f'sha256 = "{"0" * 64}"')
    assert kickbuild("prepare", "web.toml", "--to", drive, cwd=lab).code == 3
    assert kickbuild("verify", drive).code == 0


@needs_root()
def test_places_that_are_no_drives(lab: Path, drive: Path) -> None:
    inside = drive / "inside"
    inside.mkdir()
    cases: list[tuple[str | Path, str]] = [
        (inside, "is a directory inside the filesystem that is mounted on"),
        ("/dev/shm", "no disk that could be plugged"),
        ("/proc", "no disk that could be plugged"),
    ]
    for place, says in cases:
        done = kickbuild("prepare", "web.toml", "--to", place, cwd=lab)
        assert done.code == 5, done.err
        assert says in done.err
    absent = kickbuild("prepare", "web.toml", "--to", lab / "absent", cwd=lab)
    assert absent.code == 3
    assert "Traceback" not in absent.err


@needs_root()
def test_a_cloned_drive_is_refused(lab: Path, drive: Path, tmp_path: Path) -> None:
    os.sync()
    clone, mount = tmp_path / "clone.ext4", tmp_path / "clone"
    clone.write_bytes((tmp_path / "drive.ext4").read_bytes())
    loop = subprocess.run(
        ["losetup", "--find", "--show", clone], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        done = kickbuild("prepare", "web.toml", "--to", drive, cwd=lab)
        assert done.code == 5
        assert f"and by {loop}" in done.err
        assert not mount.exists()
    finally:
        subprocess.run(["losetup", "-d", loop], check=True)


def test_options_that_contradict(lab: Path) -> None:
    for words in (
        ["--to", "x", "--image", "y"],
        [],
        ["--to", "x", "--size", "1GiB"],
        ["--image", "x", "--size", "big"],
    ):
        done = kickbuild("plan", "web.toml", *words, cwd=lab)
        assert done.code == 2, done.err
    kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab)
    done = kickbuild("prepare", "web.toml", "--image", "r.img", "--size", "1GiB", cwd=lab)
    assert (done.code, "for a new image" in done.err) == (5, True)


def test_labels(lab: Path) -> None:
    profile(lab, more='[drive]\nfind_by = "label"\nlabel = "REBUILD"\n')
    done = kickbuild("prepare", "web.toml", "--image", "r.img", "--json", cwd=lab)
    assert done.json["filesystem"]["label"] == "REBUILD"
    assert done.json["profiles"][0]["arguments"][0] == "inst.ks=hd:LABEL=REBUILD:/kickbuild/web/ks.cfg"
    for label in ("OEMDRV", "OTHER", "MY DISK"):
        refused = kickbuild("plan", "web.toml", "--image", "new.img", "--label", label, cwd=lab)
        assert refused.code == 5, refused.err


def test_an_iso_over_4_gib(tmp_path: Path) -> None:
    filler = tmp_path / "filler"
    with filler.open("wb") as file:
        file.truncate(4200 * MIB)
    make_iso(tmp_path / "install.iso", "rocky9", sparse=True, extra={"AppStream/Packages/filler": filler})
    filler.unlink()
    profile(tmp_path)
    vfat = kickbuild("plan", "web.toml", "--image", "r.img", "--fs", "vfat", cwd=tmp_path)
    assert vfat.code == 5
    assert "vfat holds none above 4 GiB" in vfat.err
    done = kickbuild("prepare", "web.toml", "--image", "r.img", cwd=tmp_path)
    assert done.code == 0, done.err
    assert kickbuild("verify", "r.img", cwd=tmp_path).code == 0
    (tmp_path / "r.img").unlink()


@pytest.mark.parametrize("fs", ["vfat", pytest.param("xfs", marks=needs_root())])
def test_other_filesystems(lab: Path, fs: str) -> None:
    assert kickbuild("prepare", "web.toml", "--image", "r.img", "--fs", fs, cwd=lab).code == 0
    verified = kickbuild("verify", "r.img", "--json", cwd=lab)
    assert verified.code == 0, verified.out
    assert verified.json["drive"]["type"] == fs


def test_rhel_5_is_refused_with_the_reason(tmp_path: Path) -> None:
    make_iso(tmp_path / "install.iso", "centos5")
    profile(tmp_path)
    done = kickbuild("plan", "web.toml", "--image", "r.img", cwd=tmp_path)
    assert done.code == 3
    assert "by kernel name alone" in done.err


def test_verify_what_is_no_drive(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(os.urandom(100_000))
    (tmp_path / "empty").mkdir()
    for place in ("noise", "empty", "absent"):
        done = kickbuild("verify", place, cwd=tmp_path)
        assert done.code == 3, done.out + done.err
        assert "Traceback" not in done.err


def test_a_damaged_manifest(lab: Path) -> None:
    kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab)
    subprocess.run(
        ["debugfs", "-w", "-R", "rm /kickbuild/manifest.json", f"r.img?offset={MIB}"],
        cwd=lab,
        check=True,
        capture_output=True,
    )
    missing = kickbuild("verify", "r.img", cwd=lab)
    assert missing.code == 3
    assert "no rebuild drive" in missing.err
    again = kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab)
    assert again.code == 0, again.err
    assert kickbuild("verify", "r.img", cwd=lab).code == 0


@needs_root()
def test_two_runs_on_one_drive(lab: Path, drive: Path) -> None:
    with alone_at(drive):
        done = kickbuild("prepare", "web.toml", "--to", drive, cwd=lab)
    assert done.code == 5
    assert "another kickbuild is at work on" in done.err
    assert sorted(p.name for p in drive.iterdir()) == ["lost+found"]


@needs_root()
def test_a_manifest_from_outside_reaches_only_what_is_ours(lab: Path, drive: Path) -> None:
    assert kickbuild("prepare", "web.toml", "--to", drive, cwd=lab).code == 0
    (drive / "home").mkdir()
    (drive / "home" / "letter").write_text("dear")
    manifest = drive / "kickbuild" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"/rocky9.4/vmlinuz"', '"/home/letter"'))
    runs: list[list[str | Path]] = [
        ["remove", "web", "--from", drive],
        ["prepare", "web.toml", "--to", drive],
        ["verify", drive],
    ]
    for words in runs:
        done = kickbuild(*words, cwd=lab)
        assert done.code == 3, done.out
        assert "the manifest is damaged" in done.err
    assert (drive / "home" / "letter").read_text() == "dear"


@needs_root()
def test_a_manifest_that_says_something_else_than_the_drive(lab: Path, drive: Path) -> None:
    assert kickbuild("prepare", "web.toml", "--to", drive, cwd=lab).code == 0
    manifest = drive / "kickbuild" / "manifest.json"
    good = manifest.read_text()
    digest = json.loads(good)["profiles"]["web"]["digest"]
    changes: list[tuple[str, str, str]] = [
        (f'"digest": "{digest}"', f'"digest": "{"0" * len(digest)}"', "knows another version of the profile"),
        ('"/rocky9.4/vmlinuz"]', '"/rocky9.4/initrd.img"]', "/rocky9.4/vmlinuz: is needed by the profile web"),
        ('"/kickbuild/web/ks.cfg", ', "", "/kickbuild/web/ks.cfg: is needed by the profile web"),
    ]
    for old, new, says in changes:
        assert good.count(old) == 1
        manifest.write_text(good.replace(old, new))
        found = kickbuild("verify", drive)
        assert (found.code, says in found.out) == (1, True), found.out + found.err
    manifest.write_text(good)
    assert kickbuild("verify", drive).code == 0


@needs_root()
def test_what_changed_after_the_manifest_is_written_again(lab: Path, drive: Path) -> None:
    """By hand, or by a run that was killed between a file and the manifest: also where the size is the same."""
    assert kickbuild("prepare", "web.toml", "--to", drive, cwd=lab).code == 0
    for path in ("kickbuild/web/ks.cfg", "rocky9.4/vmlinuz", "rocky9.4/install.iso"):
        flip(drive / path)
        again = kickbuild("prepare", "web.toml", "--to", drive, "--json", cwd=lab).json
        assert f"/{path}" in {step["path"] for step in again["steps"] if step["action"] == "replace"}
        assert kickbuild("verify", drive).code == 0
        assert "nothing to do" in kickbuild("prepare", "web.toml", "--to", drive, cwd=lab).out


@needs_root()
def test_an_iso_that_others_use_is_written_again(lab: Path, drive: Path) -> None:
    profile(lab, "second")
    assert kickbuild("prepare", "web.toml", "second.toml", "--to", drive, cwd=lab).code == 0
    for more in ([], ["--recheck"]):
        flip(drive / "rocky9.4" / "install.iso")
        assert kickbuild("verify", drive).code == 1
        again = kickbuild("prepare", "web.toml", "--to", drive, *more, cwd=lab)
        assert again.code == 0, again.err
        assert kickbuild("verify", drive).code == 0


def test_every_pin_of_a_shared_iso_counts(lab: Path) -> None:
    right = hashlib.sha256((lab / "install.iso").read_bytes()).hexdigest()
    profile(lab, "second", source=f'sha256 = "{"0" * 64}"')
    for names in (["web.toml", "second.toml"], ["second.toml", "web.toml"]):
        done = kickbuild("prepare", *names, "--image", "r.img", cwd=lab)
        assert done.code == 3, done.err
        assert right in done.err
        assert not (lab / "r.img").exists()
    profile(lab, source=f'sha256 = "{right}"')
    done = kickbuild("plan", "web.toml", "second.toml", "--image", "r.img", cwd=lab)
    assert done.code == 5
    assert "pin different sha256 for the same ISO" in done.err


def test_nothing_is_taken_out_of_an_iso_that_is_not_the_pinned_one(lab: Path) -> None:
    data = (lab / "install.iso").read_bytes()
    profile(lab, source=f'sha256 = "{hashlib.sha256(data).hexdigest()}"')
    assert kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab).code == 0
    os.utime(lab / "install.iso", ns=(1, 1))
    same = kickbuild("plan", "web.toml", "--image", "r.img", "--json", cwd=lab).json
    assert {step["action"] for step in same["steps"]} == {"keep"}
    subprocess.run(
        ["debugfs", "-w", "-R", "rm /rocky9.4/vmlinuz", f"r.img?offset={MIB}"], cwd=lab, check=True, capture_output=True
    )
    (lab / "install.iso").write_bytes(data[:-1] + b"!")
    done = kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab)
    assert done.code == 3
    assert "but the profile pins" in done.err
    (lab / "install.iso").write_bytes(data)
    assert kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab).code == 0
    assert kickbuild("verify", "r.img", cwd=lab).code == 0


@needs_root()
@pytest.mark.parametrize("stray", ["rocky9.4/other.ISO", "rocky9.4/images/install.img"])
def test_what_an_installer_would_take_for_ours_is_refused(lab: Path, drive: Path, stray: str) -> None:
    path = drive / stray
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    done = kickbuild("prepare", "web.toml", "--to", drive, cwd=lab)
    assert done.code == 5
    assert f"/{stray}, which is not in its manifest" in done.err
    assert not (drive / "kickbuild").exists()
    path.unlink()
    assert kickbuild("prepare", "web.toml", "--to", drive, cwd=lab).code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--label", "SEVENTEEN-LETTERS"], "has more than the 16 bytes that ext4 holds"),
        (["--label", "TWELVE-BYTES", "--fs", "vfat"], "has more than the 11 bytes that vfat holds"),
        (["--label", "MY DISK"], "cannot have the label 'MY DISK'"),
        (["--label", "na\u00efve"], "cannot have the label"),
        (["--label", "A.B", "--fs", "vfat"], "cannot have the label 'A.B'"),
        (["--size", "1MiB"], "so few bytes"),
        (["--size", "20MiB", "--fs", "vfat"], "so few bytes"),
        (["--size", "900TiB"], "so many bytes"),
        (["--size", "999999999TiB"], "so many bytes"),
        (["--size", "3TiB", "--fs", "vfat"], "so many bytes"),
    ],
)
def test_images_that_cannot_be(lab: Path, words: list[str], says: str) -> None:
    for command in ("plan", "prepare"):
        done = kickbuild(command, "web.toml", "--image", "r.img", *words, cwd=lab)
        assert done.code == 5, done.err
        assert says in done.err
        assert " -" not in done.err.replace("--", "")
    assert not (lab / "r.img").exists()


def test_image_paths_that_lead_nowhere(lab: Path) -> None:
    (lab / "loop").symlink_to("loop")
    for path in ("x" * 300, "loop", "web.toml/r.img"):
        for words in (["prepare", "web.toml", "--image", path], ["verify", path], ["remove", "web", "--from", path]):
            done = kickbuild(*words, cwd=lab)
            assert done.code in {3, 5, 6}, done.err
            assert "Traceback" not in done.err


@needs_root()
def test_names_from_outside_command_no_terminal(lab: Path, drive: Path) -> None:
    assert kickbuild("prepare", "web.toml", "--to", drive, cwd=lab).code == 0
    for name in (b"\xff\xfe", b"a\nb: right", b"\x1b]0;x\x07"):
        (drive / "kickbuild" / os.fsdecode(name)).touch()
    found = kickbuild("verify", drive, "--quiet")
    assert found.code == 1, found.err
    assert len(found.out.splitlines()) == 4
    assert "\\udcff" in found.out
    assert found.out.replace("\n", "").isprintable()
    assert len(kickbuild("verify", drive, "--quiet", "--json").json["findings"]) == 3


def test_the_agent_of_a_prepared_image_runs(lab: Path) -> None:
    assert kickbuild("prepare", "web.toml", "--image", "r.img", cwd=lab).code == 0
    box = Box(lab / "made-up", EL9_UEFI)
    shutil.rmtree(box.drive)
    box.drive.mkdir()
    subprocess.run(["mount", "-o", f"loop,offset={MIB}", lab / "r.img", box.drive], check=True)
    try:
        manifest = json.loads((box.drive / "kickbuild/manifest.json").read_text())
        assert "/kickbuild/agent" in manifest["files"]
        assert (box.drive / "kickbuild/agent").stat().st_mode & 0o777 == 0o755
        box.blkid(f"UUID={manifest['drive']['uuid']}", "sdb1")
        before = box.tree("/boot")
        checked = box.run("check", "--full", "--json")
        assert (checked.code, checked.err) == (0, ""), checked.out
        armed = box.run("arm", "--json")
        assert (armed.code, armed.json["target"]) == (0, "sda"), armed.out
        assert box.next_boot() == "kickbuild-web"
        assert box.run("disarm").code == 0
        assert box.tree("/boot") == before
        box.run("arm")
    finally:
        subprocess.run(["umount", box.drive], check=True)
    # What the agent has written down on the drive is no finding.
    assert kickbuild("verify", "r.img", cwd=lab).code == 0
