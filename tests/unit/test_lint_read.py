"""What a kickstart includes: files, chains, circles, what a %pre writes, and what nobody can know."""

from __future__ import annotations

from pathlib import Path

import pytest

from kickbuild.lint.engine import Settings, check
from kickbuild.lint.finding import LintProfile
from kickbuild.lint.kickstart import Kickstart, Resolution
from kickbuild.lint.read import Reading, read_kickstart
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import make_source

RHEL9 = choose_release("rhel9")


def kickstart(folder: Path, text: str, known: tuple[str, ...] = (), **files: str) -> Kickstart:
    for name, content in files.items():
        path = folder / f"{name}.ks"
        path.write_text(content, encoding="utf-8")
    return read_kickstart(make_source(str(folder / "x.ks"), text.encode()), Reading(release=RHEL9, known=known))


def resolutions(found: Kickstart) -> list[Resolution]:
    return [inclusion.resolution for inclusion in found.inclusions]


def names(found: Kickstart) -> list[str]:
    return [statement.name for statement in found.statements]


def test_files_stand_where_they_are_included(tmp_path: Path) -> None:
    found = kickstart(tmp_path, "lang a\n%include a.ks\nreboot\n", a="zerombr\n%include b.ks\ntext\n", b="cdrom\n")
    assert names(found) == ["lang", "zerombr", "cdrom", "text", "reboot"]
    assert resolutions(found) == [Resolution.FILE] * 2
    chain = found.sources[2].chain
    assert [(Path(place.file).name, place.line) for place in chain] == [("x.ks", 2), ("a.ks", 2)]


def test_a_path_may_be_absolute_or_below_another_directory(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.ks").write_text("zerombr\n%include b.ks\n")
    (tmp_path / "sub" / "b.ks").write_text("cdrom\n")
    found = kickstart(tmp_path, f"%include {tmp_path}/c.ks\n%include sub/a.ks\n", c="text\n")
    # The test's own directory is below /tmp, and what is there only the installer knows.
    known = names(found)
    assert known[-2:] == ["zerombr", "cdrom"]


def test_fragments_of_ksappend_are_followed(tmp_path: Path) -> None:
    found = kickstart(tmp_path, "lang a\n%ksappend a.ks\nreboot\n", a="zerombr\n")
    assert names(found) == ["lang", "%ksappend", "zerombr", "reboot"]


def test_circles_and_depths_end(tmp_path: Path) -> None:
    found = kickstart(tmp_path, "%include a.ks\n", a="%include b.ks\n", b="lang a\n%include a.ks\n%include x.ks\n")
    assert resolutions(found).count(Resolution.LOOP) >= 1
    assert "lang" in names(found)
    deep = {f"d{number}": f"%include d{number + 1}.ks\n" for number in range(30)}
    assert Resolution.TOO_DEEP in resolutions(kickstart(tmp_path, "%include d0.ks\n", (), **deep))
    wide = kickstart(tmp_path, "%include leaf.ks\n" * 300, leaf="lang a\n")
    assert resolutions(wide).count(Resolution.FILE) < 110
    assert resolutions(wide)[-1] is Resolution.TOO_DEEP


def test_two_files_that_include_each_other_many_times_end_soon(tmp_path: Path) -> None:
    found = kickstart(
        tmp_path, "%include a.ks\n" * 20, a="%include b.ks\n" * 20, b="%include c.ks\n" * 20, c="lang a\n"
    )
    assert len(found.sources) <= 101


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%include none.ks", Resolution.MISSING),
        ("%include /tmp/part", Resolution.MISSING),
        ("%include /run/install/x.ks", Resolution.MISSING),
        ("%include ${name}.ks", Resolution.MISSING),
        ("%include", Resolution.MISSING),
        ("%include .", Resolution.MISSING),
        ("%include http://a/b.ks", Resolution.REMOTE),
        ("%include nfs:a:/b.ks", Resolution.REMOTE),
        ("%include /usr/share/known/b.ks", Resolution.KNOWN),
        ('%include "none', Resolution.MISSING),
    ],
)
def test_what_cannot_be_followed(line: str, expected: Resolution, tmp_path: Path) -> None:
    found = kickstart(tmp_path, f"lang a\n{line}\n", ("/usr/share/known/*",))
    assert resolutions(found) == [expected]
    assert not found.is_complete


def test_what_a_pre_writes_is_read(tmp_path: Path) -> None:
    text = "zerombr\nlang a\n%include /tmp/part\n%pre\ncat > /tmp/part <<EOF\npart / --size=1\nEOF\n%end\n"
    found = kickstart(tmp_path, text)
    assert resolutions(found) == [Resolution.WRITTEN]
    part = found.first("part")
    assert part is not None
    assert (part.line, part.generated is not None, part.get("--size")) == (6, True, "1")
    assert found.source.line_text(part.line)[part.words[0].start : part.words[0].end] == "part"
    assert found.is_complete


def test_what_a_pre_writes_in_part_leaves_the_rest_open(tmp_path: Path) -> None:
    text = (
        '%include /tmp/part\nlang a\nzerombr\n%pre\nmake-it /tmp/part\necho "part / --ondisk=$d" >> /tmp/part\n%end\n'
    )
    found = kickstart(tmp_path, text)
    assert resolutions(found) != [Resolution.MISSING]
    text = "%include /tmp/part\n%pre\nsome-tool --out /tmp/part\n%end\n"
    assert resolutions(kickstart(tmp_path, text)) == [Resolution.PARTLY_WRITTEN]


def test_packages_come_from_files_too(tmp_path: Path) -> None:
    found = kickstart(tmp_path, "%packages\n@core\n%include a.ks\n-vim # why\n%end\n", a="nano\n# x\n@^minimal\n")
    assert [(p.name, p.kind, p.is_excluded) for p in found.packages] == [
        ("core", "group", False),
        ("nano", "package", False),
        ("minimal", "environment", False),
        ("vim", "package", True),
    ]
    assert [inclusion.section for inclusion in found.inclusions] == ["%packages"]


def test_a_finding_in_an_include_says_how_it_came_in(tmp_path: Path) -> None:
    (tmp_path / "a.ks").write_text("clearpart --all\n")
    source = make_source(str(tmp_path / "x.ks"), b"lang a\n%include a.ks\n")
    found = check(source, Settings(release=RHEL9, profile=LintProfile.REBUILD)).findings
    one = next(finding for finding in found if finding.code == "KB101")
    assert (Path(one.file).name, one.line) == ("a.ks", 1)
    assert [(Path(place.file).name, place.line) for place in one.chain] == [("x.ks", 2)]


def test_a_piece_of_a_kickstart_lacks_nothing(tmp_path: Path) -> None:
    assert kickstart(tmp_path, "part / --size=1\npart swap --size=1\n").is_fragment
    assert not kickstart(tmp_path, "lang a\npart / --size=1\nreboot\n").is_fragment
