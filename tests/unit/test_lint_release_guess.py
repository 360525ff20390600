"""A release that the file names is told from one that is only guessed."""

from __future__ import annotations

import pytest

from kickbuild.kickstart.document import parse_document
from kickbuild.lint.release import choose_release, find_lint_release


@pytest.mark.parametrize(("text", "name"), [("#version=RHEL9\n", "ks.cfg"), ("lang en_US\n", "rocky9.ks")])
def test_a_release_that_is_named_is_no_guess(text: str, name: str) -> None:
    assert not find_lint_release(parse_document(text), name).is_guessed


@pytest.mark.parametrize("text", ["lang en_US\n", "install\n"])
def test_a_release_found_by_commands_is_a_guess(text: str) -> None:
    assert find_lint_release(parse_document(text), "ks.cfg").is_guessed


def test_a_release_that_is_asked_for_is_no_guess() -> None:
    assert not choose_release("rhel9", "--release").is_guessed
