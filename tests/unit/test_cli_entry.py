from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import needs_root, needs_tools

from kickbuild.boot.entry import BootEntry
from kickbuild.boot.loaders import LOADERS, BootLoader
from kickbuild.cli.main import run
from kickbuild.drive.ref import parse_ref

SAMPLES = Path(__file__).parents[1] / "data" / "boot"
SAMPLE_NAMES = sorted(path.name for path in SAMPLES.iterdir())
LEGACY = """\
# Copy from the drive into /boot: /rocky9/vmlinuz as kickbuild-web-vmlinuz
title Rebuild web
\troot @BOOT@
\tkernel @PREFIX@/kickbuild-web-vmlinuz ks=hd:UUID=1234-ABCD:/kickbuild/web/ks.cfg
\tinitrd @PREFIX@/kickbuild-web-initrd.img
"""
GRUB2 = """\
menuentry 'Rebuild web' --class kickbuild --unrestricted --id kickbuild-web {
\tlinux /vmlinuz
}
"""
BLS = "title Rebuild web\nversion 0-kickbuild-web\nlinux /kickbuild-web-vmlinuz\ninitrd /kickbuild-web-initrd.img\n"
GRUB_CONF = "default=0\ntimeout=5\ntitle Old\n\troot (hd0,0)\n\tkernel /vmlinuz-1 ro root=/dev/sda2\n"


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    home = tmp_path / "drive" / "kickbuild" / "web"
    home.mkdir(parents=True)
    for name, text in {"grub-legacy": LEGACY, "grub2": GRUB2, "bls": BLS}.items():
        (home / f"entry.{name}").write_text(text)
    return tmp_path / "drive"


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    path = tmp_path / "boot"
    (path / "grub").mkdir(parents=True)
    (path / "loader/entries").mkdir(parents=True)
    return path


@pytest.fixture
def conf(boot: Path) -> Path:
    path = boot / "grub/grub.conf"
    path.write_text(GRUB_CONF)
    return path


def kickbuild(*words: str | Path) -> int:
    return run([str(word) for word in words])


def append(file: Path, drive: Path, *more: str) -> int:
    return kickbuild("entry", "append", file, "--drive", drive, *more)


def remove(file: Path, *more: str) -> int:
    return kickbuild("entry", "remove", file, "--name", "web", *more)


def backup(file: Path) -> Path:
    return file.with_name(f"{file.name}.kickbuild-backup")


def leftovers(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if "partial" in path.name]


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_samples_come_back_to_the_byte(name: str, tmp_path: Path, drive: Path) -> None:
    before = (SAMPLES / name).read_bytes()
    loader = "grub2" if name.endswith(".cfg") else "grub-legacy"
    file = tmp_path / name
    file.write_bytes(before)
    assert append(file, drive, "--loader", loader) == 0
    once = file.read_bytes()
    assert once.startswith(before)
    assert once != before
    assert append(file, drive, "--loader", loader) == 0
    assert file.read_bytes() == once
    assert remove(file) == 0
    assert file.read_bytes() == before == backup(file).read_bytes()


def test_grub_conf(conf: Path, drive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert append(conf, drive) == 0
    shown = capsys.readouterr()
    assert "appended the entry kickbuild-web" in shown.out
    assert "boot partition (hd0,0), as in the other entries" in shown.err
    assert f"{conf.parent.parent}/kickbuild-web-vmlinuz is not there yet" in shown.err
    filled = LEGACY.replace("@BOOT@", "(hd0,0)").replace("@PREFIX@", "")
    assert conf.read_text() == f"{GRUB_CONF}### BEGIN kickbuild-web ###\n{filled}### END kickbuild-web ###\n"
    assert append(conf, drive) == 0
    assert "unchanged" in capsys.readouterr().out
    assert not leftovers(conf.parent)


@pytest.mark.parametrize(
    ("stanzas", "options", "partition", "prefix"),
    [
        ("title A\nroot (hd0,1)\nkernel /boot/vmlinuz\n", [], "(hd0,1)", "/boot"),
        ("title A\nroot (hd0,1)\nkernel --no-mem-option /boot/vmlinuz\n", [], "(hd0,1)", "/boot"),
        ("title A\nroot=(hd0,1)\nkernel=/vmlinuz\n", [], "(hd0,1)", ""),
        ("title A\nkernel (hd1,0)/vmlinuz\n", [], "(hd1,0)", ""),
        ("title W\nrootnoverify (hd0,0)\nchainloader +1\ntitle A\nroot (hd0,2)\nkernel /vmlinuz\n", [], "(hd0,2)", ""),
        ("title A\nroot (hd0,1)\nkernel /vmlinuz\n", ["--boot-prefix", "/boot/"], "(hd0,1)", "/boot"),
        ("title A\nroot (hd0,1)\nkernel /boot/vmlinuz\n", ["--boot-prefix", ""], "(hd0,1)", ""),
        ("title W\nrootnoverify (hd0,0)\n", ["--boot-partition", "(hd0,0)"], "(hd0,0)", "/boot"),
        (
            "title A\nroot (hd0,1)\nkernel /boot/x\ntitle B\nroot (hd1,0)\nkernel /x\n",
            ["--boot-partition", "(hd1,0)"],
            "(hd1,0)",
            "",
        ),
    ],
)
def test_where_the_kernels_are(
    conf: Path, drive: Path, stanzas: str, options: list[str], partition: str, prefix: str
) -> None:
    conf.write_text(stanzas)
    assert append(conf, drive, *options) == 0
    ours = conf.read_text().removeprefix(stanzas)
    assert f"\troot {partition}\n" in ours
    assert f"\tkernel {prefix}/kickbuild-web-vmlinuz " in ours
    assert f"\tinitrd {prefix}/kickbuild-web-initrd.img\n" in ours


@pytest.mark.parametrize(
    ("stanzas", "options"),
    [
        ("title A\nroot (hd0,1)\nkernel /x\ntitle B\nroot (hd1,0)\nkernel /x\n", []),
        ("title A\nkernel /x\n", []),
        ("title W\nrootnoverify (hd0,0)\n", []),
        ("title A\nroot (hd0,1)\nkernel /x\ntitle B\nroot (hd0,1)\nkernel /boot/x\n", []),
        ("title A\nroot (hd0,1)\nkernel /linux/x\n", []),
        (GRUB_CONF, ["--boot-partition", "sda1"]),
        (GRUB_CONF, ["--boot-partition", "(hd0,0)\nroot (hd1,0)"]),
        (GRUB_CONF, ["--boot-prefix", "boot x"]),
        (GRUB_CONF, ["--name", "../web"]),
    ],
)
def test_what_cannot_be_known_is_asked_for(
    conf: Path, drive: Path, stanzas: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(stanzas)
    assert append(conf, drive, *options) == 2
    assert "hint: " in capsys.readouterr().err
    assert conf.read_text() == stanzas
    assert not backup(conf).exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("default=1\n" + GRUB_CONF.partition("\n")[2], 5),
        ("fallback 0 1\n" + GRUB_CONF, 5),
        ("default=7\n" + GRUB_CONF.partition("\n")[2], 0),
        ("default saved\n" + GRUB_CONF.partition("\n")[2], 0),
    ],
)
def test_an_entry_that_would_be_booted_unasked_is_refused(conf: Path, drive: Path, text: str, code: int) -> None:
    conf.write_text(text)
    assert append(conf, drive) == code
    assert (conf.read_text() == text) == (code == 5)


def test_an_empty_grub_conf_is_refused(conf: Path, drive: Path) -> None:
    conf.write_text("")
    assert append(conf, drive, "--boot-partition", "(hd0,0)") == 5


def test_a_link_stays_a_link(conf: Path, drive: Path, tmp_path: Path) -> None:
    link = tmp_path / "etc.conf"
    link.symlink_to(conf)
    conf.chmod(0o640)
    assert append(link, drive) == 0
    assert link.is_symlink()
    assert b"kickbuild-web" in conf.read_bytes()
    assert backup(conf).read_text() == GRUB_CONF
    assert {stat.S_IMODE(path.stat().st_mode) for path in (conf, backup(conf))} == {0o640}


@needs_root()
def test_the_owner_is_kept(conf: Path, drive: Path) -> None:
    os.chown(conf, 1234, 2345)
    assert append(conf, drive) == 0
    assert {(path.stat().st_uid, path.stat().st_gid) for path in (conf, backup(conf))} == {(1234, 2345)}


def test_the_backup_is_from_before_the_first_change(conf: Path, drive: Path) -> None:
    backup(conf).write_text("of long ago")
    append(conf, drive)
    (drive / "kickbuild/web/entry.grub-legacy").write_text(LEGACY.replace("Rebuild web", "Rebuild now"))
    append(conf, drive)
    assert b"Rebuild now" in conf.read_bytes()
    assert backup(conf).read_text() == GRUB_CONF


def test_dry_run_prints_a_diff_that_patch_takes(
    conf: Path, drive: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    conf.write_bytes(GRUB_CONF.rstrip().encode() + b" \xff")
    before = conf.read_bytes()
    assert append(conf, drive, "--dry-run") == 0
    diff = capfdbinary.readouterr().out
    assert conf.read_bytes() == before
    assert not backup(conf).exists()
    append(conf, drive)
    assert b"\n\\ No newline at end of file\n" in diff
    after = conf.read_bytes()
    assert after.endswith(b"".join(line[1:] for line in diff.splitlines(True)[3:] if line.startswith(b"+"))[-200:])


@needs_tools("patch")
def test_patch_takes_the_diff(conf: Path, drive: Path) -> None:
    conf.write_text(GRUB_CONF.rstrip())
    words = [sys.executable, "-m", "kickbuild", "entry", "append", str(conf), "--drive", str(drive)]
    diff = subprocess.run([*words, "--dry-run"], check=True, capture_output=True).stdout
    patched = conf.with_name("patched")
    patched.write_bytes(conf.read_bytes())
    subprocess.run(["patch", "-s", str(patched)], input=diff, check=True)
    subprocess.run(words, check=True, capture_output=True)
    assert patched.read_bytes() == conf.read_bytes()


def test_json(conf: Path, drive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(conf, drive, "--json", "--dry-run")
    planned = json.loads(capsys.readouterr().out)
    append(conf, drive, "--json")
    done = json.loads(capsys.readouterr().out)
    assert planned.pop("diff").startswith("--- ")
    assert {**planned, "changed": True, "backup": str(backup(conf))} == done
    assert done["action"] == "appended"
    assert done["boot_partition"] == "(hd0,0)"
    remove(conf, "--json")
    assert json.loads(capsys.readouterr().out)["action"] == "removed"
    remove(conf, "--json")
    assert json.loads(capsys.readouterr().out)["action"] == "unchanged"


def test_custom_cfg_is_created_and_goes_again(boot: Path, drive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = boot / "grub/custom.cfg"
    assert append(file, drive, "--dry-run") == 0
    assert "--- /dev/null" in capsys.readouterr().out
    assert not file.exists()
    assert append(file, drive) == 0
    assert GRUB2 in file.read_text()
    assert not backup(file).exists()
    assert remove(file) == 0
    assert not file.exists()
    assert remove(file) == 0
    assert "unchanged" in capsys.readouterr().out


def test_an_empty_custom_cfg_stays(boot: Path, drive: Path) -> None:
    file = boot / "grub/custom.cfg"
    file.touch()
    append(file, drive)
    remove(file)
    assert file.read_bytes() == b""


def test_a_created_custom_cfg_with_other_lines_stays(boot: Path, drive: Path) -> None:
    file = boot / "grub/custom.cfg"
    append(file, drive)
    file.write_bytes(b"set timeout=3\n" + file.read_bytes())
    remove(file)
    assert file.read_bytes() == b"set timeout=3\n"


def test_a_bls_entry_has_a_file_of_its_own(boot: Path, drive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = boot / "loader/entries/linux.conf"
    other.write_text("title Linux\nlinux /vmlinuz\n")
    assert append(other, drive) == 3
    assert "holds another entry" in capsys.readouterr().err
    file = boot / "loader/entries/kickbuild-web.conf"
    assert append(file, drive) == 0
    assert BLS in file.read_text()
    assert append(file, drive) == 0
    assert remove(file) == 0
    assert not file.exists()


def test_the_name_of_the_file_tells_the_loader(boot: Path, drive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    menu = boot / "grub/menu.lst"
    menu.write_text(GRUB_CONF)
    assert append(menu, drive) == 0
    (boot / "grub/grub.cfg").write_text("menuentry old {\n}\n")
    assert append(boot / "grub/grub.cfg", drive) == 2
    assert f"use {boot}/grub/custom.cfg" in capsys.readouterr().err
    link = boot / "link.cfg"
    link.symlink_to("grub/grub.cfg")
    assert append(link, drive) == 2
    assert append(boot / "grub/other", drive) == 2
    assert "--loader" in capsys.readouterr().err
    assert append(boot / "grub/other", drive, "--loader", "grub2") == 0


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.name)
def test_what_prepare_writes_is_taken(loader: BootLoader, boot: Path, drive: Path) -> None:
    entry = BootEntry(
        id="kickbuild-web",
        title="Rebuild: title kernel linux menuentry 'x'",
        drive=parse_ref("UUID=1234-ABCD"),
        kernel="/rocky9/vmlinuz",
        initrd="/rocky9/initrd.img",
        kickstart="/kickbuild/web/ks.cfg",
        arguments=("inst.ks=hd:UUID=1234-ABCD:/kickbuild/web/ks.cfg", "console=ttyS0"),
    )
    (drive / "kickbuild/web" / loader.file_name).write_text(loader.render(entry))
    file = boot / "the-file"
    file.write_text(GRUB_CONF if loader.name == "grub-legacy" else "")
    before = file.read_text()
    assert append(file, drive, "--loader", loader.name) == 0
    assert "@" not in file.read_text()
    assert (
        kickbuild(
            "entry", "append", file, "--from", drive / "kickbuild/web" / loader.file_name, "--loader", loader.name
        )
        == 0
    )
    assert remove(file) == 0
    assert file.read_text() == before


def test_an_entry_from_a_file(conf: Path, tmp_path: Path) -> None:
    entry = tmp_path / "stanza"
    entry.write_text(LEGACY)
    assert kickbuild("entry", "append", conf, "--from", entry) == 0
    assert b"BEGIN kickbuild-web" in conf.read_bytes()
    assert kickbuild("entry", "append", conf, "--from", entry, "--name", "db") == 0
    assert b"BEGIN kickbuild-db" in conf.read_bytes()
    entry.write_text(LEGACY.replace("kickbuild-web", "mine"))
    assert kickbuild("entry", "append", conf, "--from", entry) == 2


@pytest.mark.parametrize("text", [GRUB2, BLS, "", "hello\n", "title\0kernel"])
def test_an_entry_for_another_loader_is_refused(conf: Path, tmp_path: Path, text: str) -> None:
    entry = tmp_path / "stanza"
    entry.write_text(text)
    assert kickbuild("entry", "append", conf, "--from", entry, "--name", "web") == 3
    assert conf.read_text() == GRUB_CONF


def test_the_drive_must_have_the_entry(conf: Path, drive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert append(conf, drive / "kickbuild") == 3
    assert "is not a rebuild drive" in capsys.readouterr().err
    assert append(conf, drive, "--name", "db") == 3
    assert "it has web" in capsys.readouterr().err
    other = drive / "kickbuild/db"
    other.mkdir()
    (other / "entry.grub-legacy").write_text(LEGACY.replace("web", "db"))
    assert append(conf, drive) == 2
    assert "db, web" in capsys.readouterr().err
    assert kickbuild("entry", "append", conf) == 2
    assert kickbuild("entry", "append", conf, "--drive", drive, "--from", conf) == 2


@pytest.mark.parametrize("command", ["append", "remove"])
def test_files_that_are_none(boot: Path, drive: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(file: Path, fact: str) -> None:
        assert (append(file, drive) if command == "append" else remove(file)) == 3
        error = capsys.readouterr().err
        assert fact in error
        assert "hint: " in error

    refused(boot / "grub/grub.conf", "does not exist")
    refused(boot / "absent/custom.cfg", "does not exist")
    (boot / "custom.cfg").mkdir()
    refused(boot / "custom.cfg", "is a directory")
    (boot / "grub/menu.lst").write_bytes(b"\0\1\2")
    refused(boot / "grub/menu.lst", "NUL bytes")
    os.mkfifo(boot / "grub/custom.cfg")
    refused(boot / "grub/custom.cfg", "is not a regular file")
    (boot / "loop").symlink_to("loop")
    refused(boot / "loop/custom.cfg", "loop")
    (boot / "grub/grub.conf").symlink_to("/absent/grub.conf")
    refused(boot / "grub/grub.conf", "/absent")
    with (boot / "loader/entries/big.conf").open("wb") as big:
        big.truncate(1 << 30)
    refused(boot / "loader/entries/big.conf", "too many")
    refused(Path("/dev/null/custom.cfg"), "/dev/null")


def test_damage_is_shown_with_file_and_line(conf: Path, drive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conf.write_text(GRUB_CONF + "### BEGIN kickbuild-web ###\n")
    assert append(conf, drive) == 3
    assert f"{conf}: line 6: the entry kickbuild-web has no END marker" in capsys.readouterr().err
    assert remove(conf) == 3


def test_removing_tells_when_the_default_counted_the_entry(
    conf: Path, drive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    append(conf, drive)
    later = conf.read_text().replace("default=0", "default=2") + "title Later\n\troot (hd0,0)\n\tkernel /x\n"
    conf.write_text(later)
    assert remove(conf) == 0
    assert "default=2" in capsys.readouterr().err
    assert conf.read_text().startswith("default=2\n")


def test_where_nobody_may_write(drive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert append(Path("/sys/custom.cfg"), drive) == 4
    assert "hint: run it as a user who may write there" in capsys.readouterr().err


# The second run is the one that lacks permission; the first one imports what that user may not read.
_AS_NOBODY = """\
import os, sys
from kickbuild.cli.main import run
run([*sys.argv[1:], "--dry-run"])
os.setuid(65534)
sys.exit(run(sys.argv[1:]))
"""


@needs_root()
def test_without_permission() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        conf, entry = Path(place) / "grub.conf", Path(place) / "entry"
        conf.write_text(GRUB_CONF)
        entry.write_text(LEGACY)
        words = [sys.executable, "-c", _AS_NOBODY, "entry", "append", str(conf), "--from", str(entry)]
        refused = subprocess.run(words, check=False, capture_output=True, text=True)
        assert refused.returncode == 4, refused.stderr
        assert "hint: run it as a user who may write there" in refused.stderr
        assert conf.read_text() == GRUB_CONF
        assert sorted(path.name for path in Path(place).iterdir()) == ["entry", "grub.conf"]
