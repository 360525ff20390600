from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kickbuild.cli.main import run
from kickbuild.releases.rows import FACTS
from kickbuild.releases.table import RELEASES

if TYPE_CHECKING:
    import pytest


def test_the_matrix_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["releases"]) == 0
    shown = capsys.readouterr().out
    assert max(len(line) for line in shown.splitlines()) <= 80
    lines = {" ".join(line.split()) for line in shown.splitlines()}
    assert "EL5 EL6 EL7 EL8 EL9 EL10 Fedora" in lines
    assert "ks=hd:UUID=X:/ks.cfg no yes yes yes yes yes yes" in lines
    assert "--drives=A|B no no 7.3+ yes yes yes yes" in lines
    assert "EL6 Red Hat Enterprise Linux 6, CentOS 6" in lines
    assert "Fedora Fedora 38 to 43" in lines
    assert "UUID and LABEL both work" in shown
    assert all(fact.label in shown for fact in FACTS if fact.in_matrix)


def test_one_release(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["releases", "rocky9.4"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("Rocky Linux 9.4: kickbuild prepares it.\n")
    assert "  ks=hd:UUID=X:/ks.cfg: yes\n      rhel-9:dracut/anaconda-lib.sh:208\n" in shown.out
    assert shown.err == ""


def test_one_release_that_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["releases", "rhel5"]) == 0
    assert "kickbuild refuses it: " in capsys.readouterr().out


def test_a_newer_release_has_a_notice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["releases", "rocky12"]) == 0
    assert "newer than this kickbuild" in capsys.readouterr().err


def test_what_is_no_release(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["releases", "debian12"]) == 3
    assert "'debian12' is not a release" in capsys.readouterr().err


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["releases", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert [release["id"] for release in value["releases"]] == [release.id for release in RELEASES]
    assert len(value["facts"]) == len(FACTS)
    for fact in value["facts"]:
        assert list(fact["families"]) == value["families"]
        assert all(family["source"] for family in fact["families"].values())
    assert "UUID=" in value["releases"][-1]["capabilities"]["source_devices"]
    assert run(["releases", "rhel8.2", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["facts_of"] == "rhel8"
    assert value["capabilities"]["ignoredisk_hides_source"] is True
