"""What the rules stand on: files within limits, which files and which release are meant, baselines, templates."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kickbuild.errors import UsageError
from kickbuild.lint.baseline import Baseline, fingerprint, read_baseline, write_baseline
from kickbuild.lint.discover import find_files
from kickbuild.lint.engine import Settings, check
from kickbuild.lint.finding import Finding, Severity
from kickbuild.lint.migration import migration_rows
from kickbuild.lint.release import LintRelease, find_lint_release
from kickbuild.lint.source import LIMIT, LONGEST_LINE, MOST_LINES, make_source, read_bytes
from kickbuild.lint.suppress import find_ignores
from kickbuild.lint.template import is_template, render_source

# Files


def test_what_is_too_large_is_cut_at_a_line_and_said() -> None:
    big = make_source("x", b"# a long line, to be sure: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx end\n" * (LIMIT // 60))
    assert "larger than 2 MiB" in big.excess
    assert big.text.endswith(" end")
    many = make_source("x", b"\n" * (MOST_LINES + 1))
    assert f"more than {MOST_LINES} lines" in many.excess
    assert len(many.document.lines) == MOST_LINES
    wide = make_source("x", b"lang a\n#" + b"x" * LONGEST_LINE + b"\nlang b\n")
    assert "line 2" in wide.excess
    assert [line.text for line in wide.document.lines] == ["lang a", "", "lang b"]
    assert not make_source("x", b"\n" * MOST_LINES).excess


def test_a_byte_order_mark_is_kept_apart() -> None:
    source = make_source("x", b"\xef\xbb\xbflang a\n")
    assert (source.bom, source.text, source.bytes) == (True, "lang a\n", b"\xef\xbb\xbflang a\n")
    assert make_source("x", b"\xff\xfe").bytes == b"\xff\xfe"


@given(st.binary(max_size=80))
def test_no_byte_is_lost(data: bytes) -> None:
    assert make_source("x", data).bytes == data


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, says in (
        (tmp_path / "pipe", "no regular file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "none", "No such file"),
        (Path("\0"), "cannot be read"),
    ):
        with pytest.raises(UsageError, match=says):
            read_bytes(path)
    (tmp_path / "big").write_bytes(b"x" * (LIMIT + 9))
    assert len(read_bytes(tmp_path / "big")) == LIMIT + 1


def test_which_files_are_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a/x.ks", "a/ks.cfg", "a/b/web-ks.cfg", "a/b/y.ks.j2", "a/node_modules/z.ks", "a/.hidden/z.ks"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("")
    Path("a/app.cfg").write_text("lang = en\n[network]\n")
    Path("a/like.cfg").write_text("lang en_US\nnetwork --bootproto=dhcp\n")
    Path("a/loop").symlink_to("..")
    below = ["a/b/web-ks.cfg", "a/b/y.ks.j2", "a/ks.cfg", "a/like.cfg", "a/x.ks"]
    assert sorted(map(str, find_files(["a"]))) == below
    assert sorted(map(str, find_files(["a", "a/x.ks", "a/*.ks"]))) == below, "each once"
    assert [str(path) for path in find_files(["a/app.cfg"])] == ["a/app.cfg"], "a file that is named is meant"
    assert [str(path) for path in find_files(["a"], ["a/b/*", "*.cfg"])] == ["a/x.ks"]
    assert [str(path) for path in find_files(["a/x.ks"], ["*.ks"])] == ["a/x.ks"], "a file that is named is meant"
    for names in (["none"], ["a/x.ks", "*.none"], ["a/node_modules/none"]):
        with pytest.raises(UsageError):
            find_files(names)
    Path("broken.ks").symlink_to("nowhere")
    assert find_files(["broken.ks"]) == (Path("broken.ks"),), "reading it will tell"


# Releases


def release_of(text: str = "", name: str = "x.ks") -> LintRelease:
    return find_lint_release(make_source(name, text.encode()).document, name)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("#version=RHEL9", "rhel9"),
        ("# version=RHEL7", "rhel7"),
        ("#version=rhel8", "rhel8"),
        ("#version=F38", "fedora38"),
        ("#version=FC14", "fedora14"),
        ("#platform=x86, AMD64, or Intel EM64T\n#version=RHEL6", "rhel6"),
        ("#version=EL-8", "rhel8"),
        ("lang en_US\n#version=RHEL8", "rhel8"),
        # What cannot be is passed over.
        ("#version=DEVEL", "rhel10"),
        ("#platform=x86, AMD64, or Intel EM64T", "rhel10"),
        ("#version 9", "rhel10"),
        ("echo #version=RHEL8", "rhel10"),
    ],
)
def test_the_line_that_names_a_release(line: str, expected: str) -> None:
    release = release_of(f"{line}\nlang en_US.UTF-8\n")
    assert release.id == expected
    if expected != "rhel10":
        assert "from `#" in release.why


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("centos7.ks", "centos7"),
        ("centos-7-x86_64.ks", "centos7"),
        ("ks/CentOS-6.5/ks.cfg", "centos6.5"),
        ("rhel79.ks", "rhel7.9"),
        ("rocky-9.4-minimal.cfg", "rocky9.4"),
        ("rockylinux8.ks", "rocky8"),
        ("almalinux-10.gcp-x86_64.ks", "alma10"),
        ("http__almalinux-8.aws.ks", "alma8"),
        ("oraclelinux9/ks.cfg", "oracle9"),
        ("ol8.ks", "oracle8"),
        ("fedora-42-server.ks", "fedora42"),
        ("f41.ks", "fedora41"),
        ("el9-base.ks", "rhel9"),
        ("centos-stream-9.ks", "centos-stream9"),
        ("c:\\ks\\rhel8\\x.ks", "rhel8"),
        # Names that only look like one.
        ("model9.ks", "rhel10"),
        ("tool8.ks", "rhel10"),
        ("half2.ks", "rhel10"),
        ("f.ks", "rhel10"),
        ("rhel99.ks", "rhel9.9"),
    ],
)
def test_the_name_of_a_file_names_a_release(name: str, expected: str) -> None:
    assert release_of("lang en_US.UTF-8\n", name).id == expected


def test_commands_tell_the_newest_release_that_knows_them() -> None:
    assert release_of("install\nlang en_US\n").id == "rhel8"
    assert release_of("key --skip\ninstall\n").id == "rhel6"
    assert release_of("authconfig --enableshadow\n").id == "rhel9"
    why = release_of("langsupport en_US\n").why
    assert release_of("langsupport en_US\n").level == 5
    assert "`langsupport`" in why
    assert "nothing in the file tells" in release_of("lang en_US\n").why


def test_the_line_counts_more_than_the_name_and_the_name_more_than_the_commands() -> None:
    assert release_of("#version=RHEL8\ninstall\n", "centos7.ks").id == "rhel8"
    assert release_of("key --skip\n", "centos7.ks").id == "centos7"


def test_a_release_that_is_too_new_is_taken_for_the_newest_and_that_is_said() -> None:
    release = release_of("#version=RHEL99\n")
    assert (release.handler, release.level) == ("RHEL10", 10)
    assert "newer than this kickbuild" in release.why


# Ignore comments


def ignores(text: str) -> list[tuple[int, tuple[int, ...] | None, tuple[str, ...], str]]:
    found = find_ignores(make_source("x.ks", text.encode()))
    return [(i.line, tuple(sorted(i.lines)) if i.lines is not None else None, i.codes, i.reason) for i in found]


def test_ignore_comments() -> None:
    assert ignores("clearpart --all # kickbuild: ignore=KB101 -- a lab\n") == [(1, (1,), ("KB101",), "a lab")]
    assert ignores("# kickbuild: ignore=KB101, x-y\n# why\n\nlang a\n")[0][1:3] == ((1, 3), ("KB101", "x-y"))
    assert ignores("#kickbuild:ignore-file=KB101--no\n")[0][1] is None
    assert ignores("  # kickbuild: ignore = KB101\nlang a\n") == [(1, (1, 2), ("KB101",), "")]
    assert ignores("# kickbuild: ignores=KB101\n# kickbuild: ignore\n# kickbuild:\n") == []
    assert ignores("# kickbuild: ignore=KB101") == [(1, (0, 1), ("KB101",), "")]


def test_a_comment_within_a_script_speaks_for_the_script_s_line() -> None:
    text = "%pre\n# kickbuild: ignore=KB101 -- tried\nx\n%end\nclearpart --all\n"
    codes = [(f.line, f.code) for f in check(make_source("x.ks", text.encode()), Settings()).findings]
    assert (5, "KB101") in codes
    assert (2, "KB902") in codes


# Baselines


def finding(line: int, text: str = "clearpart --all", file: str = "/p/x.ks") -> Finding:
    return Finding(
        file=file, line=line, code="KB101", name="n", severity=Severity.ERROR, message="m", text=text
    )  # fmt: skip


def test_a_fingerprint_forgets_the_line_and_the_blanks_and_where_the_project_is() -> None:
    one = fingerprint(finding(1), Path("/p"))
    assert one == fingerprint(finding(9, "  clearpart\t--all "), Path("/p"))
    assert one == fingerprint(finding(1, file="/q/r/x.ks"), Path("/q/r"))
    assert one != fingerprint(finding(1, "clearpart --linux"), Path("/p"))
    assert one != fingerprint(finding(1, file="/p/y.ks"), Path("/p"))


def test_a_baseline_counts(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    findings = [finding(1, file=f"{tmp_path}/x.ks"), finding(2, file=f"{tmp_path}/x.ks")]
    assert write_baseline(path, findings) == 2
    baseline = read_baseline(path)
    assert "clearpart" not in path.read_text()
    more = [*findings, finding(3, file=f"{tmp_path}/x.ks")]
    new, old = baseline.split(more, Counter())
    assert (len(new), len(old)) == (1, 2)
    used: Counter[str] = Counter()
    assert [len(baseline.split([one], used)[0]) for one in more] == [0, 0, 1], "counted over all files"
    assert Baseline(tmp_path, Counter()).split(findings, Counter()) == (findings, [])


# Templates


def rendered(text: str, **values: object) -> list[tuple[int, str]]:
    source = render_source(make_source("x.ks", text.encode()), values)
    return list(zip(source.map, source.text.splitlines(), strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lang {{ a }}\nx\n", [(1, "lang 1"), (2, "x")]),
        ("{# a\nb #}\nx\n", [(3, "x")]),
        ("{% for i in [1, 2] %}\npart /{{ i }}\n{% endfor %}\ny\n", [(2, "part /1"), (2, "part /2"), (4, "y")]),
        ("{% if a %}\nx\n{% else %}\ny\n{% endif %}\nz\n", [(2, "x"), (6, "z")]),
        ("{% raw %}\n{{ a }}\n{% endraw %}\nx\n", [(1, ""), (2, "{{ a }}"), (4, "x")]),
        ("{% raw %}\n{% x\n{{\n{% endraw %}\ny {{ a }}\n", [(1, ""), (2, "{% x"), (3, "{{"), (5, "y 1")]),
        ("{{ 'a\\nb' }}\nx\n", [(1, "a"), (1, "b"), (2, "x")]),
        ("{% set b = [\n1,\n2] %}\nx {{ b[0] }}\n", [(4, "x 1")]),
        ("  {% if a %}\nx\n  {% endif %}\ny\n", [(2, "  x"), (4, "  y")]),
    ],
)
def test_lines_of_a_template(text: str, expected: list[tuple[int, str]]) -> None:
    assert rendered(text, a=1) == expected


def test_what_is_a_template() -> None:
    assert all(is_template(text) for text in ("{{ a }}", "x {% if %}", "{# no #}"))
    assert not any(is_template(text) for text in ("", "${a}", "{ a }", "awk '{print}'"))


# Moving to newer releases


def test_a_table_says_where_a_line_stops() -> None:
    source = make_source("x.ks", b"lang en_US.UTF-8\ninstall\nbogus\nautostep\n")
    rows = {row.text: row.marks for row in migration_rows(source, Settings())}
    assert rows["install"] == ("ok", "ok", "old", "ERROR", "ERROR")
    assert rows["bogus"] == ("ERROR",) * 5
    assert rows["autostep"][-1] == "ERROR"
    assert "lang en_US.UTF-8" not in rows
    assert migration_rows(make_source("x.ks", b"lang en_US.UTF-8\n"), Settings()) == ()
