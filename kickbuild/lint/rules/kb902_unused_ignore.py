"""KB902 unused-ignore."""

from __future__ import annotations

from kickbuild.lint.rule import Example, Rule, levels

RULE = Rule(
    code="KB902",
    name="unused-ignore",
    summary="An ignore comment silences nothing.",
    why="It will silence the next mistake of that kind, which nobody has looked at.",
    hint="remove the comment",
    levels=levels("W"),
    bad=(Example(text="»clearpart --none  # kickbuild: ignore=KB101 -- once it was --all\n"),),
    good=(Example(text="# kickbuild: ignore=clearpart-all-disks -- a lab box with one disk\nclearpart --all\n"),),
)
