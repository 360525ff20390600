"""KB706 unrendered-template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.hit import Hit
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart


_HINTS = {
    "jinja2": "check what it becomes: kickbuild validate --vars FILE, with its variables in TOML, YAML or JSON",
    "": "fill it in first and check what comes out",
}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    mark = kickstart.template
    if mark is None:
        return
    if mark.is_structure:
        language = f" ({mark.language})" * bool(mark.language)
        message = f"this is a template{language} that nobody has rendered: only its text was checked"
        hint = _HINTS.get(mark.language, "render it first and check what comes out")
    else:
        message = "something has yet to fill in a value here: what depends on it was not checked"
        hint = _HINTS[""]
    yield Hit(mark.source, mark.line, message, mark.start + 1, mark.end + 1, hint)


RULE = Rule(
    code="KB706",
    name="unrendered-template",
    summary="The file is a template: something has to fill it in before an installer can read it.",
    why="An installer stops at its first line. What the kickstart will do cannot be told from the template.",
    levels=levels("W", "E"),
    bad=(
        Example(text="lang en_US.UTF-8\n»rootpw --iscrypted {{ root_hash }}\nclearprat --all\n"),
        Example(text="»{% if uefi %}\npart /boot/efi --fstype=efi --size=600\n{% endif %}\n"),
        Example(text="»<%# kind: provision %>\n<%= @host.name %>\n"),
        Example(text="rootpw --plaintext ${root_password}\n".replace("rootpw", "»rootpw")),
        Example(text="»rootpw %ROOTPW%\nurl --url=@URL@\n"),
        Example(text="lang en_US.UTF-8\n»$SNIPPET('network_config')\n"),
        Example(text="lang en_US.UTF-8\n»#if $getVar('x', '') != ''\nreboot\n#end if\n"),
        Example(text="lang en_US.UTF-8\n%post\n»<%= snippet 'x' %>\n%end\n"),
    ),
    good=(
        Example(text="rootpw --iscrypted $6$salt$" + "a" * 86 + "\n# see {{ this }} and ${that}\n#if you like\n"),
        Example(text="repo --name=a --baseurl=https://example.org/$releasever/$basearch/os/\n"),
        Example(
            text="%post\ndocker ps --format '{{.Names}}'\necho ${HOME} %DATE% @HOST@\nprintf '<%s>{%s}' a b\n%end\n"
        ),
        Example(text='network --hostname=a --ip=192.0.2.1\nuser --name=o --gecos="100% @home"\n'),
    ),
    check=_check,
    of_text=True,
)
