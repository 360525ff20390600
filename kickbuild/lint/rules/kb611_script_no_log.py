"""KB611 script-no-log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.sections_of("%pre", "%post"):
        if section.is_empty or section.header.has("--log", "--logfile") or "/dev/tty" in section.text:
            continue
        whole = (command for command in section.commands if command.name in {"", "exec"})
        if not any(redirection.writes for command in whole for redirection in command.redirections):
            yield section.header_hit(f"what {section.name} says is kept nowhere")


RULE = Rule(
    code="KB611",
    name="script-no-log",
    summary="A script's messages are lost.",
    why=(
        "These installers show them on the third console for as long as they run. From RHEL 7 on they are kept in "
        "/var/log/anaconda."
    ),
    hint="write --log=/root/ks-post.log; in %pre, --log=/tmp/ks-pre.log",
    levels=levels("I", "W", vm="-"),
    bad=(Example(text="»%post\nyum -y update\n%end\n", release="rhel6"),),
    good=(
        Example(text="%post --log=/root/post.log\nyum -y update\n%end\n", release="rhel6"),
        Example(text="%post\n(\nyum -y update\n) > /root/post.log 2>&1\n%end\n", release="rhel6"),
        Example(text="%post\nexec > /dev/tty3\nyum -y update\n%end\n", release="rhel6"),
        Example(text="%post\ndnf -y update\n%end\n"),
    ),
    check=_check,
    until=6,
)
