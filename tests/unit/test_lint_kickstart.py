"""What is known of a kickstart as a whole."""

from __future__ import annotations

import pytest

from kickbuild.lint.read import Reading, read_kickstart
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import make_source

WHOLE = "lang en_US.UTF-8\nrootpw --lock\nautopart\n"


@pytest.mark.parametrize(
    "text",
    [
        "{{ source }}\n",
        "{% if vm %}\npoweroff\n{% endif %}\n",
        "$SNIPPET('network')\n",
        "<% if vm %>\n",
        "@@NETWORK@@\n",
        "%PARTITIONS%\n",
        "#if $getVar('vm', '')\npoweroff\n#end if\n",
        "#INCLUDE:#ENV:XCATROOT#/share/base#\n",
        "nfs --server=#TABLE:site:key=master:value# --dir=/x\n",
        "%{ for part in parts ~}\npart ${part}\n%{ endfor ~}\n",
    ],
)
def test_a_template_is_known_by_what_stands_in_place_of_commands(text: str) -> None:
    kickstart = read_kickstart(make_source("x.ks", (WHOLE + text).encode()), Reading(release=choose_release("rhel9")))
    assert kickstart.is_template
    assert not kickstart.is_complete


@pytest.mark.parametrize(
    "text",
    [
        "#set the root password\n# if $x is set, so be it\n#if you want more, write it\n",
        "%post\n#if [ $x ]; then\n{{ x }}\n%end\n",
        "url --url=https://r.lan/$basearch/\n",
    ],
)
def test_a_value_or_a_script_makes_no_template(text: str) -> None:
    kickstart = read_kickstart(make_source("x.ks", (WHOLE + text).encode()), Reading(release=choose_release("rhel9")))
    assert not kickstart.is_template
    assert kickstart.is_complete


def statements(text: str, release: str = "rhel9") -> list[tuple[str, list[tuple[str, str | None]]]]:
    kickstart = read_kickstart(make_source("x.ks", text.encode()), Reading(release=choose_release(release)))
    return [(one.name, [(option.name, option.value) for option in one.options]) for one in kickstart.statements]


def test_an_abbreviated_option_is_the_one_that_the_installer_takes_it_for() -> None:
    text = "clearpart --al --dri=sda\nselinux --disab\npart / --ondi sda --gr\npartition / --siz=1\n"
    assert statements(text) == [
        ("clearpart", [("--all", None), ("--drives", "sda")]),
        ("selinux", [("--disabled", None)]),
        ("part", [("--ondisk", "sda"), ("--grow", None)]),
        ("part", [("--size", "1")]),
    ]


def test_an_abbreviation_of_several_options_or_of_none_stays_what_it_is() -> None:
    assert statements("clearpart --\npart / --on=sda\nfoo --al\ncdrom --al\n") == [
        ("clearpart", []),
        ("part", [("--on", "sda")]),
        ("foo", [("--al", None)]),
        ("cdrom", [("--al", None)]),
    ]


def test_what_a_script_writes_may_be_abbreviated_too() -> None:
    text = '%include /tmp/disks\n%pre\necho "clearpart --al --drive=" > /tmp/disks\n%end\n'
    assert statements(text) == [("clearpart", [("--all", None), ("--drives", "")])]
