"""What README offers to CI and editors, tried: the examples are read from README itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kickbuild.cli.main import run as kickbuild
from kickbuild.lint.config import read_config
from kickbuild.lint.finding import LintProfile, Severity

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## Validate your kickstarts in CI")[2].partition("\n## Exit codes")[0]
BAD = "lang en_US.UTF-8\nclearpart --all --initlabel\npart / --size=large\n"


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


def example(language: str, word: str) -> str:
    return next(text for text in examples(language) if word in text)


def run(*words: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT")}
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**environment, **more},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def require(*words: str | Path, cwd: Path = ROOT) -> None:
    done = run(sys.executable, "-m", *words, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hooks_are_what_pre_commit_takes() -> None:
    require("pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")


def test_the_action_and_the_examples_are_what_their_hosts_take(tmp_path: Path) -> None:
    (tmp_path / "workflow.yml").write_text(example("yaml", "runs-on"))
    (tmp_path / ".gitlab-ci.yml").write_text(example("yaml", "codequality"))
    (tmp_path / "hooks.yaml").write_text(example("yaml", "repos:"))
    require("check_jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")
    require("check_jsonschema", "--builtin-schema", "vendor.github-workflows", tmp_path / "workflow.yml")
    require(
        *("check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
        tmp_path / ".gitlab-ci.yml",
    )
    require("pre_commit", "validate-config", tmp_path / "hooks.yaml")


def test_the_examples_name_what_there_is() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    steps = yaml.safe_load(example("yaml", "runs-on"))["jobs"]["validate"]["steps"]
    assert set(steps[1]["with"]) <= set(action["inputs"])
    assert steps[2]["with"]["sarif_file"] == steps[1]["with"]["sarif"]
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in yaml.safe_load(example("yaml", "repos:"))["repos"][0]["hooks"]} <= hooks
    assert "kickbuild-validate-fix" in hooks


def problem_matcher() -> dict[str, Any]:
    tasks = json.loads(example("json", "problemMatcher"))
    found: dict[str, Any] = tasks["tasks"][0]["problemMatcher"]["pattern"]
    return found


def test_the_problem_matcher_reads_compiler_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a b.ks").write_text(BAD)
    kickbuild(["validate", "--format", "gcc", "--no-shellcheck", "a b.ks"])
    lines = capsys.readouterr().out.splitlines()
    pattern = problem_matcher()
    assert lines
    for line in lines:
        match = re.fullmatch(pattern["regexp"].removeprefix("^").removesuffix("$"), line)
        assert match, line
        assert match[pattern["file"]] == "a b.ks"
        assert match[pattern["line"]].isdigit()
        assert match[pattern["severity"]] in {"error", "warning", "note"}
        assert match[pattern["code"]].startswith("KB")


def test_the_configuration_in_readme_is_read(tmp_path: Path) -> None:
    path = tmp_path / ".kickbuild.toml"
    path.write_text(example("toml", "fail_on"))
    config = read_config(path)
    assert config.fail_on is Severity.ERROR
    assert config.severities == {"KB301": None, "KB104": Severity.ERROR}
    assert config.rules_for(tmp_path / "ks" / "rhel8" / "x.ks").release == "rhel8"
    images = config.rules_for(tmp_path / "images" / "x.ks")
    assert (images.profile, images.ignore, images.vars) == (LintProfile.VM_IMAGE, ("KB101",), "images/vars.toml")


def test_the_comments_in_readme_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.ks").write_text(example("", "ignore-file") + "lang en_US.UTF-8\nreboot\n")
    kickbuild(["validate", "--json", "--no-shellcheck", "x.ks"])
    document = json.loads(capsys.readouterr().out)
    codes = {finding["code"] for finding in document["findings"]}
    assert not codes & {"KB101", "KB301", "KB901", "KB902", "KB903"}
    assert document["files"][0]["ignored"] == 2


def test_every_command_in_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ks/a.ks", "web.ks", "lab/b.cfg"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(BAD)
    commands = [line for text in examples("console") for line in text.splitlines() if line.startswith("$ kickbuild")]
    assert len(commands) == 7
    for line in commands:
        words = line.partition("#")[0].replace("'", "").split()[2:]
        assert kickbuild(words) in {0, 1}, (line, capsys.readouterr().err)


# The real thing: environments are built.


@pytest.mark.install
def test_pre_commit_runs_the_hooks(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    run("git", "init", "-q", cwd=project)
    (project / "bad.ks").write_bytes(b"lang en_US.UTF-8\ntimezone UTC --utc\nclearpart --all\npart / --size=large\n")
    (project / "notes.txt").write_text("clearpart --all\n")
    run("git", "add", ".", cwd=project)
    home = {"PRE_COMMIT_HOME": str(tmp_path / "home")}
    words = [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT)]
    done = run(*words, "kickbuild-validate", "--all-files", "--verbose", cwd=project, **home)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "bad.ks:3:1: warning: clearpart erases" in done.stdout
    assert "notes.txt" not in done.stdout
    done = run(*words, "kickbuild-validate-fix", "--all-files", cwd=project, **home)
    assert "files were modified by this hook" in done.stdout
    assert b"zerombr\nclearpart --all\n" in (project / "bad.ks").read_bytes()


@pytest.mark.install
def test_the_action_runs(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (tmp_path / "ks").mkdir()
    (tmp_path / "ks" / "bad one.ks").write_text(BAD)
    inputs = {name: str(setting["default"]) for name, setting in action["inputs"].items()}
    inputs |= {"paths": "ks/*.ks ks", "sarif": "out.sarif"}
    known = {f"inputs.{name}": value for name, value in inputs.items()} | {"github.action_path": str(ROOT)}
    codes = []
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash"
        settings = {
            name: re.sub(r"\$\{\{ (\S+) \}\}", lambda match: known[match[1]], value)
            for name, value in step["env"].items()
        }
        done = run(
            *("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]),
            cwd=tmp_path,
            **settings,
            GITHUB_ACTIONS="true",
            RUNNER_TEMP=str(tmp_path / "temp"),
        )
        codes.append(done.returncode)
    assert codes == [0, 1], done.stdout + done.stderr
    assert "::warning file=ks/bad one.ks,line=2," in done.stdout
    assert json.loads((tmp_path / "out.sarif").read_text())["version"] == "2.1.0"
