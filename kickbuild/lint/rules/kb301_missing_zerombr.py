"""KB301 missing-zerombr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.edits import insert_before
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not kickstart.is_complete or kickstart.has("zerombr"):
        return
    clearing = kickstart.first("clearpart")
    if clearing is None or clearing.has("--none"):
        return
    hit = clearing.hit("there is no zerombr: a disk without a partition table stops the installation")
    is_ours = clearing.generated is None
    yield hit.with_fix(insert_before(clearing.source, clearing.line, "zerombr")) if is_ours else hit


RULE = Rule(
    code="KB301",
    name="missing-zerombr",
    summary="clearpart without zerombr stops at a disk that has no partition table.",
    why=(
        "A new or wiped disk has no partition table. RHEL 6 asks a person what to do with it; newer installers leave "
        "it alone and fail for want of room."
    ),
    hint="add the line `zerombr`",
    levels=levels("I", "W"),
    bad=(Example(text="lang en_US\nrootpw --lock\n»clearpart --all --drives=sda\nautopart\n"),),
    good=(
        Example(text="lang en_US\nrootpw --lock\nzerombr\nclearpart --all --drives=sda\nautopart\n"),
        Example(text="lang en_US\nrootpw --lock\n%include /tmp/from-somewhere\nclearpart --all --drives=sda\n"),
    ),
    check=_check,
    fixable=True,
)
