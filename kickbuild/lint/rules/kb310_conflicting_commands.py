"""KB310 conflicting-commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement

#: Commands of which one at most has an effect, by the name that they count for.
_GROUPS: Final = (
    {"reboot": "reboot", "poweroff": "poweroff", "shutdown": "poweroff", "halt": "halt"},
    {"text": "text", "cmdline": "cmdline", "graphical": "graphical"},
)


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if kickstart.is_template:
        return
    for group in _GROUPS:
        earlier: Statement | None = None
        # What a script writes may be one branch of several, and a file that includes another may mean to override it.
        for line in kickstart.all(*group):
            if line.generated is not None or line.source is not kickstart.source:
                continue
            if earlier is not None and group[line.name] != group[earlier.name]:
                yield line.hit(f"{line.name} overrides {earlier.name} in line {earlier.line}: the last one counts")
            earlier = line


RULE = Rule(
    code="KB310",
    name="conflicting-commands",
    summary="Two commands contradict each other; the last one counts.",
    why="What somebody wrote down is silently not done: a machine that was to be switched off starts again.",
    hint="keep one of them",
    levels=levels("W"),
    bad=(
        Example(text="reboot\nlang en_US.UTF-8\n»poweroff\n"),
        Example(text="cmdline\n»text\n"),
        Example(text="graphical\n»cmdline\n"),
    ),
    good=(
        Example(text="reboot\ntext\nlang en_US.UTF-8\n"),
        Example(text="poweroff\nshutdown\n"),
        Example(text="text\ntext\n"),
        Example(text="%include base.ks\nreboot\n", files={"base.ks": "poweroff\n"}),
        Example(text="{% if vm %}\npoweroff\n{% else %}\nreboot\n{% endif %}\n"),
        Example(text="#if $getVar('vm', '')\npoweroff\n#else\nreboot\n#end if\n"),
        Example(
            text=(
                "%include /tmp/end\n%pre\nif [ -d /sys/x ]; then\n  echo reboot > /tmp/end\nelse\n"
                "  echo poweroff > /tmp/end\nfi\n%end\n"
            )
        ),
    ),
    check=_check,
)
