"""KB903 unknown-ignore."""

from __future__ import annotations

from kickbuild.lint.rule import Example, Rule, levels

RULE = Rule(
    code="KB903",
    name="unknown-ignore",
    summary="An ignore comment names a rule that does not exist.",
    why="A mistyped code silences nothing, and nobody notices.",
    hint="`kickbuild validate --list-rules` lists them",
    levels=levels("W"),
    bad=(Example(text="»clearpart --none  # kickbuild: ignore=KB1001 -- a slip\n"),),
    good=(Example(text="clearpart --all  # kickbuild: ignore=KB101 -- a lab box with one disk\n"),),
    of_text=True,
)
