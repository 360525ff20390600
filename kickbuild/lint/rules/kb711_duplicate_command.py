"""KB711 duplicate-command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement


#: Commands of which the last one counts and the others are forgotten.
_ONCE = frozenset(
    {
        "authconfig",
        "authselect",
        "autopart",
        "bootloader",
        "cdrom",
        "clearpart",
        "firewall",
        "firstboot",
        "harddrive",
        "hmc",
        "keyboard",
        "lang",
        "liveimg",
        "logging",
        "nfs",
        "ostreecontainer",
        "ostreesetup",
        "rhsm",
        "rootpw",
        "selinux",
        "services",
        "syspurpose",
        "timezone",
        "url",
        "vnc",
        "xconfig",
        "zipl",
    }
)


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    before: dict[str, Statement] = {}
    for line in kickstart.statements:
        if line.name not in _ONCE or line.generated is not None:
            continue
        first = before.get(line.name)
        before[line.name] = line
        if first is None or _is_override(first, line) or _adds_up(first, line):
            continue
        same = [word.text for word in first.words] == [word.text for word in line.words]
        where = f"line {first.line}" if first.source is line.source else f"line {first.line} of {first.source.name}"
        if same:
            yield line.hit(f"{line.words[0].text} stands in {where} already", severity=Severity.INFO)
        else:
            yield line.hit(f"{line.words[0].text} stands in {where} already, and not all of that is kept")


def _is_override(first: Statement, line: Statement) -> bool:
    """Return whether a file sets anew what a file that it includes has set: that is what such files are for."""
    return len(first.source.chain) > len(line.source.chain)


def _adds_up(first: Statement, line: Statement) -> bool:
    """Return whether both count: services, where they set different lists."""
    return line.name == "services" and not {o.name for o in first.options} & {o.name for o in line.options}


RULE = Rule(
    code="KB711",
    name="duplicate-command",
    summary="A command that counts once stands there twice.",
    why="What both say counts as the last one says it; of the rest of the first one some options are forgotten, too.",
    hint="make one of the two",
    levels=levels("W"),
    bad=(
        Example(text="rootpw --lock\nlang en_US.UTF-8\n»rootpw --iscrypted *\n"),
        Example(text="bootloader --location=mbr\n»bootloader --append=quiet\n"),
        Example(text="services --enabled=sshd\n»services --enabled=chronyd\n"),
        Example(text="timezone UTC\n»timezone UTC\n"),
    ),
    good=(
        Example(text="network --device=eth0\nnetwork --device=eth1\nuser --name=a\nuser --name=b\n"),
        Example(text="repo --name=a --baseurl=https://a/\nrepo --name=b --baseurl=https://b/\n"),
        Example(text="services --enabled=sshd\nservices --disabled=kdump\n"),
        Example(text="%include base.ks\nlang de_DE.UTF-8\n", files={"base.ks": "lang en_US.UTF-8\n"}),
        Example(
            text=(
                "clearpart --none\n%include /tmp/d.ks\n%pre\nif true; then\necho clearpart --all > /tmp/d.ks\n"
                "else\necho clearpart --linux > /tmp/d.ks\nfi\n%end\n"
            )
        ),
    ),
    check=_check,
)
