"""How a rebuild reports on itself while it goes on. The library knows no terminal: it talks to this observer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kickbuild.trigger.plan import BoxPlan


class Watch(Protocol):
    """Observes the steps of a rebuild, one at a time."""

    def begin(self, step: str, text: str) -> None:
        """A step begins: ``step`` is its name for programs, ``text`` says what is done."""

    def still(self, text: str) -> None:
        """What was seen last while the step goes on."""

    def end(self, text: str) -> None:
        """The step has ended well: ``text`` says with what."""

    def fail(self, text: str) -> None:
        """The step has ended, and not well."""

    def note(self, text: str) -> None:
        """Something that the user should know."""

    def confirm(self, plan: BoxPlan) -> None:
        """Ask whether the plan is meant; raises RefusedError where it is not."""
