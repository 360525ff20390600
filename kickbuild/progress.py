"""How long work reports on itself. The library knows no terminal: it talks to this observer."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Observes work that moves bytes."""

    def begin(self, label: str, total: int) -> None:
        """Start a task that will move ``total`` bytes; zero when that is not known."""

    def advance(self, amount: int) -> None:
        """Count ``amount`` more bytes of the current task; may be called from several threads."""

    def end(self) -> None:
        """Finish the current task."""

    def notice(self, text: str) -> None:
        """Tell the user one line that is not an error."""


class Silent:
    """A Progress that says nothing."""

    def begin(self, label: str, total: int) -> None:
        """Ignore."""

    def advance(self, amount: int) -> None:
        """Ignore."""

    def end(self) -> None:
        """Ignore."""

    def notice(self, text: str) -> None:
        """Ignore."""
