"""KB824 keyboard-invalid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.keymaps import is_console_keymap, is_layout
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("keyboard"):
        if not line.has_variables:
            yield from _unknown(line)


def _unknown(line: Statement) -> Iterator[Hit]:
    for word in line.arguments[:1]:
        if word.text and not is_console_keymap(word.text) and not is_layout(word.text):
            yield line.hit(f"{word.text} is no keyboard that is known here", word)
    for option in line.all_options("--vckeymap"):
        if option.value and not is_variable(option.value) and not is_console_keymap(option.value):
            yield line.hit(f"{option.value} is no console keymap that is known here", option)
    for option in line.all_options("--xlayouts"):
        for layout in option.values:
            if not is_layout(layout):
                yield line.hit(f"{layout} is no X layout that is known here", option)


RULE = Rule(
    code="KB824",
    name="keyboard-invalid",
    summary="The keyboard is none that is known by this name.",
    why=(
        "The console keeps the American layout, and a password with a letter or sign that is elsewhere on it cannot be "
        "typed."
    ),
    hint="`localectl list-keymaps` and `localectl list-x11-keymap-layouts` list them: us, gb, de, jp",
    levels=levels("W", strict="W"),
    bad=(
        Example(text="»keyboard en\n"),
        Example(text="»keyboard --vckeymap=english --xlayouts=us\n"),
        Example(text="»keyboard --xlayouts=uk\n"),
        Example(text="»keyboard --xlayouts='us,germany (nodeadkeys)'\n"),
    ),
    good=(
        Example(text="keyboard us\n"),
        Example(text="keyboard uk\n"),
        Example(text="keyboard --vckeymap=de-nodeadkeys --xlayouts='de (nodeadkeys)','us'\n"),
        Example(text="keyboard de-latin1-nodeadkeys\n", release="rhel6"),
        Example(text="keyboard --vckeymap=us --xlayouts=''\n"),
        Example(text="keyboard {{ layout }}\n"),
    ),
    check=_check,
)
