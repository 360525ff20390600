"""KB710 include-over-http."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.kickstart import Resolution
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for inclusion in kickstart.inclusions:
        if inclusion.resolution is Resolution.REMOTE and inclusion.path.startswith(("http://", "ftp://")):
            scheme = inclusion.path.partition(":")[0]
            message = f"commands are fetched over {scheme}, from whoever answers"
            yield inclusion.statement.hit(message, inclusion.statement.words[1])


RULE = Rule(
    code="KB710",
    name="include-over-http",
    summary="A part of the kickstart is fetched over a connection that nobody vouches for.",
    why="Whoever answers on that network decides what is erased, who may log in and what is run as root.",
    hint="put the file beside the kickstart, or fetch it over https",
    levels=levels("W", "E"),
    bad=(
        Example(text="»%include http://example.org/base.ks\n"),
        Example(text="%packages\n»%include ftp://example.org/packages.ks\n%end\n"),
    ),
    good=(Example(text="%include https://example.org/base.ks\n# %include http://example.org/base.ks\n"),),
    check=_check,
)
