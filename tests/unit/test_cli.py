"""The command line: help, exit codes, errors without tracebacks, JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from command import environment, kickbuild

from kickbuild.cli.main import _COMMANDS, cli

if TYPE_CHECKING:
    from pathlib import Path

SUBCOMMANDS = [[name] for name in _COMMANDS] + [["profile", "check"], ["profile", "schema"], ["entry", "append"]]
HASH = "$6$saltsalt$fCrh8nUGWG1kaWS0cBxg4tHqtdI/.vguU6L92utUDE2uuLboegIJMic.sfv7QYLSrG3dfTzYL584/rt2BJn400"


@pytest.mark.parametrize("command", [[], *SUBCOMMANDS], ids=" ".join)
def test_help_fits_a_terminal_and_says_something(command: list[str]) -> None:
    result = CliRunner().invoke(cli, [*command, "--help"], terminal_width=80)
    assert result.exit_code == 0, result.output
    assert max(len(line) for line in result.output.splitlines()) <= 80
    assert "  --help" in result.output or "--help" in result.output


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_overview_agrees_with_the_command(name: str) -> None:
    command = cli.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    assert command.help
    assert command.name == name
    assert _COMMANDS[name][2].endswith(".")


@pytest.mark.parametrize("name", sorted(set(_COMMANDS) - {"init", "profile", "entry", "fleet"}))
def test_every_command_with_a_result_speaks_json(name: str) -> None:
    command = cli.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    assert "--json" in {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("name", ["disarm", "plan", "render", "run"])
def test_every_command_for_fleets_speaks_json(name: str) -> None:
    result = CliRunner().invoke(cli, ["fleet", name, "--help"], terminal_width=80)
    assert "--json" in result.output


def test_usage_errors_exit_with_2(tmp_path: Path) -> None:
    for words in (["frobnicate"], ["plan"], ["--nonsense"], ["remove", "x"]):
        done = kickbuild(*words, cwd=tmp_path)
        assert done.code == 2
        assert "Traceback" not in done.err


def test_init_leaves_what_is_there(tmp_path: Path) -> None:
    assert kickbuild("init", cwd=tmp_path).code == 0
    text = (tmp_path / "rebuild.toml").read_text()
    again = kickbuild("init", cwd=tmp_path)
    assert again.code == 5
    assert "exists already" in again.err
    assert (tmp_path / "rebuild.toml").read_text() == text
    assert kickbuild("init", "--stdout", cwd=tmp_path).out == text
    assert kickbuild("init", tmp_path / "no" / "such" / "x.toml").code == 6
    checked = kickbuild("profile", "check", "rebuild.toml", "--json", cwd=tmp_path, KICKBUILD_ROOT_HASH=HASH)
    assert checked.code == 0
    assert checked.json[0]["ok"] is True


def test_profile_check_says_all_of_several_files(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("schema = 1\n")
    (tmp_path / "b.toml").write_bytes(b"\xff")
    done = kickbuild("profile", "check", "a.toml", "b.toml", "absent.toml", cwd=tmp_path)
    assert done.code == 3
    for text in ("a.toml: name: is required", "b.toml:1: is not UTF-8", "absent.toml: cannot be read"):
        assert text in done.err
    as_json = kickbuild("profile", "check", "a.toml", "b.toml", "--json", cwd=tmp_path)
    assert [entry["ok"] for entry in as_json.json] == [False, False]


@pytest.mark.parametrize("command", [("profile", "check"), ("inspect",)])
def test_a_file_that_may_not_be_read_cannot_be_used(tmp_path: Path, command: tuple[str, ...]) -> None:
    """It is no mistake on the command line. (Root may read it, and finds nothing in it.)"""
    file = tmp_path / "x"
    file.touch(mode=0)
    done = kickbuild(*command, file)
    assert done.code == 3
    assert str(file) in done.err


def test_the_schema_is_json() -> None:
    schema = kickbuild("profile", "schema").json
    assert schema["title"] == "kickbuild profile"
    assert schema["required"] == ["schema", "name", "source", "target"]


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line in which ``kickbuild`` is this one."""
    line = f'kickbuild() {{ "{sys.executable}" -m kickbuild "$@"; }}; {command}'
    return subprocess.run(
        ["bash", "-c", line], env=environment(), cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("command", "code"), [("profile schema", 0), ("profile check a.toml", 3), ("releases rocky99", 0)]
)
@pytest.mark.parametrize("reader", ["| head -1", "| true", "2>&1 | true", ">&-", "2>&-", ">&- 2>&- <&-", "2>/dev/full"])
def test_the_exit_code_is_that_of_the_work_whoever_reads(tmp_path: Path, command: str, code: int, reader: str) -> None:
    (tmp_path / "a.toml").write_text("schema = 1\n")
    # The reader is gone before the first word.
    done = shell(f"{{ sleep 0.3; kickbuild {command}; echo $? >code; }} {reader}", tmp_path)
    assert (tmp_path / "code").read_text() == f"{code}\n"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["profile schema", "releases", "--help"])
def test_a_result_that_cannot_be_written_is_an_error(tmp_path: Path, command: str) -> None:
    done = shell(f"kickbuild {command} >/dev/full", tmp_path)
    assert done.returncode == 6
    assert done.stderr == "kickbuild: error: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_json_is_json_in_every_locale_and_with_names_that_are_no_text(tmp_path: Path, locale: str) -> None:
    name = os.fsdecode(b"\xc3\xa9\xff.toml")
    done = kickbuild("profile", "check", name, "--json", cwd=tmp_path, LC_ALL=locale, PYTHONUTF8="0")
    assert json.loads(done.out.encode("utf-8", "strict"))[0]["ok"] is False


@pytest.mark.parametrize("locale", ["C", "POSIX", "tr_TR.UTF-8", "ja_JP.eucJP", ""])
def test_odd_locales(tmp_path: Path, locale: str) -> None:
    (tmp_path / "é.toml").write_text("schema = 1\nname = 'é'\n", encoding="utf-8")
    done = kickbuild("profile", "check", "é.toml", cwd=tmp_path, LC_ALL=locale, PYTHONUTF8="0")
    assert done.code == 3
    assert "Traceback" not in done.err
    assert ".toml:2: name" in done.err


def test_a_bug_says_that_it_is_one(tmp_path: Path) -> None:
    code = "import kickbuild.cli.main as m; m._COMMANDS['x'] = ('nowhere', 'x', 'x'); m.main(['x'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 70
    assert b"please report it" in done.stderr


def test_no_colour_and_no_bar_without_a_terminal(tmp_path: Path) -> None:
    done = kickbuild("releases", cwd=tmp_path)
    assert "\x1b" not in done.out + done.err


def test_heavy_imports_wait_until_they_are_needed() -> None:
    """What makes --help slow must not be imported for it; the time itself is measured by scripts/bench."""
    code = (
        "import sys; from kickbuild.cli.main import run; run(['--help']); "
        "heavy = {'pydantic', 'pycdlib', 'pykickstart', 'jinja2', 'rich', 'pyudev', 'subprocess'}; "
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_drives_lists_disks() -> None:
    done = kickbuild("drives", "--json")
    assert done.code == 0
    assert all({"name", "serial", "wwn", "model"} <= set(disk) for disk in json.loads(done.out))


@pytest.mark.parametrize(
    ("words", "code"), [("releases > /dev/full", 6), ("releases >&-", 0), ("releases 2>&-", 0), ("plan x 2>&-", 2)]
)
def test_outputs_that_take_nothing(words: str, code: int) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m kickbuild {words}', sys.executable], capture_output=True, check=False, env=environment()
    )
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
