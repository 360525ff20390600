"""KB901 ignore-without-reason."""

from __future__ import annotations

from kickbuild.lint.rule import Example, Rule, levels

RULE = Rule(
    code="KB901",
    name="ignore-without-reason",
    summary="An ignore comment does not say why.",
    why="Whoever reads the kickstart next year cannot tell whether the reason still holds.",
    hint="add it: # kickbuild: ignore=CODE -- reason",
    levels=levels("-", strict="E"),
    bad=(Example(text="»clearpart --all  # kickbuild: ignore=KB101\n"),),
    good=(Example(text="clearpart --all  # kickbuild: ignore=KB101 -- a lab box with one disk\n"),),
    of_text=True,
)
