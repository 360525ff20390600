"""What tells a template from a kickstart, and that nothing is said of what it will become."""

from __future__ import annotations

import pytest

from kickbuild.lint.edits import WITHOUT_BOM, applied_bytes
from kickbuild.lint.engine import Settings, check
from kickbuild.lint.hit import Edit
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import make_source
from kickbuild.lint.statement import is_variable, make_statement
from kickbuild.lint.template_marks import template_mark

TEMPLATES = {
    "jinja2": "lang en_US.UTF-8\nrootpw {{ pw }}\n{% for d in disks %}\npart / --ondisk={{ d }}\n{% endfor %}\n",
    "ERB": "<%# kind: provision -%>\nlang en_US.UTF-8\nrootpw <%= root_pass %>\n%post\n<%= snippet 'x' %>\n%end\n",
    "Cheetah": "lang en_US.UTF-8\n#if $disk == 'a'\nclearprat\n#end if\n$SNIPPET('network_config')\n",
    "xCAT": "lang en_US.UTF-8\nurl --url http://#TABLE:noderes:$NODE:nfsserver#/a\n#INCLUDE:#ENV:ROOT#/x#\n",
    "SSI": 'lang en_US.UTF-8\nnetwork --device eth0 <!--#exec cgi="/bin/x" -->\n',
}


@pytest.mark.parametrize("language", TEMPLATES)
@pytest.mark.parametrize("release", ["rhel6", "rhel9"])
def test_a_template_that_nobody_rendered_is_one_finding(language: str, release: str) -> None:
    text = TEMPLATES[language]
    found = check(make_source("x.ks", text.encode()), Settings(release=choose_release(release)))
    assert [finding.code for finding in found.findings] == ["KB706"], found.findings
    assert language in found.findings[0].message


def test_faults_of_the_text_are_told_of_a_template_too() -> None:
    text = "{% if a %}\r\nrootpw {{ b }}\r\n<<<<<<< HEAD\r\n"
    found = check(make_source("x.ks", text.encode()), Settings())
    assert {finding.code for finding in found.findings} == {"KB705", "KB706", "KB713"}


@pytest.mark.parametrize(
    "text",
    [
        "# {{ a }} {% if b %} <%= c %> ${d}\n",
        "#if you want that\n#set it to 1\n#for all\n",
        "%post\ndocker ps --format '{{.Names}}'\nprintf '<%s>{%s}' a b\nrpm --qf '%{name}' -q a\n%end\n",
        "repo --name=a --baseurl=https://example.org/$releasever/${basearch}/\n",
        "rootpw --iscrypted $6$salt$" + "a" * 86 + "\n",
    ],
)
def test_what_only_looks_like_a_template_is_none(text: str) -> None:
    assert template_mark((make_source("x.ks", text.encode()),)) is None


def test_a_hash_is_no_variable() -> None:
    assert not is_variable("$6$salt$abc./DEF")
    assert not is_variable("--password=$y$j9T$salt$abc")
    assert is_variable("$HOME")
    assert is_variable("$6$salt$abc $x")


def test_what_begins_with_dashes_is_no_value_of_an_option() -> None:
    source = make_source("x.ks", b"authconfig --useshadow --enablemd5 --passalgo sha512\n")
    line = make_statement(source, 1, source.document.commands[0].words)
    assert [(option.name, option.value) for option in line.options] == [
        ("--useshadow", None),
        ("--enablemd5", None),
        ("--passalgo", "sha512"),
    ]


def test_a_byte_order_mark_goes_only_by_its_own_edit() -> None:
    source = make_source("x.ks", b"\xef\xbb\xbflang a\xff\r\n")
    assert applied_bytes(source, []) == source.bytes == b"\xef\xbb\xbflang a\xff\r\n"
    assert applied_bytes(source, [WITHOUT_BOM]) == b"lang a\xff\r\n"
    assert applied_bytes(source, [Edit(0, 4, "text")]) == b"\xef\xbb\xbftext a\xff\r\n"
