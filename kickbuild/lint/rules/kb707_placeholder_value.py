"""KB707 placeholder-value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.placeholders import find_placeholder, find_placeholder_across
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.statements:
        raw = line.source.line_text(line.line) if line.generated is None else ""
        across = find_placeholder_across(raw)
        if across:
            yield line.hit(f"{line.name} has a placeholder, {across}")
            continue
        for word in line.words[1:]:
            value = word.text.partition("=")[2] if word.text.startswith("--") else word.text
            found = find_placeholder(value)
            if found:
                shown = f", {found}" if line.name not in {"rootpw", "sshpw"} else ""
                yield line.hit(f"{line.name} has a placeholder{shown}", word)
                break


RULE = Rule(
    code="KB707",
    name="placeholder-value",
    summary="A value is a placeholder that somebody was to replace.",
    why="The installer takes it as it stands: the password is CHANGEME, the mirror does not exist.",
    hint="write the value",
    levels=levels("W", "E"),
    bad=(
        Example(text="»rootpw --plaintext CHANGEME\n"),
        Example(text="»rootpw --iscrypted <ROOT HASH>\n"),
        Example(text="»url --url=http://YOUR_MIRROR.example.org/rhel9\n"),
        Example(text="»network --bootproto=static --ip=xxx --netmask=xxx\n"),
        Example(text="»part / --size=4096 --ondisk=<insert-drive>\n"),
        Example(text="»user --name=ops --password=replace_me\n"),
    ),
    good=(
        Example(text='# rootpw CHANGEME\nuser --name=exchange --gecos="Jo <jo@example.org>"\n'),
        Example(text="url --url=https://mirror.example.org/your-town/replacements/\n"),
        Example(text="%post\necho CHANGEME\n%end\nnetwork --hostname=interchange.example.org\n"),
    ),
    check=_check,
)
