"""The scripts at an installation's end: what the rebuild leaves on the drive and in the new system.

``%post`` gives the new system back what the profile keeps, and the Rebuild entry, and tells it and the drive how the
rebuild ended; ``%onerror`` tells the drive of a failure. Both are made of ``templates/kickstart/drive.sh`` and the
guard's own functions; before them stand the values that they work with, each quoted for the shell.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from kickbuild import resources
from kickbuild.kickstart.document import is_one_section
from kickbuild.kickstart.guard import guard_program, preamble, rebuild_values

if TYPE_CHECKING:
    from kickbuild.drive.ref import DriveRef

AFTER_BEGIN: Final = "# kickbuild after begins: the new system gets what is kept, and the drive is told how it ended"
AFTER_END: Final = "# kickbuild after ends"
#: Behind ``AFTER_BEGIN`` where the kickstart's last line had no line end.
JOINED: Final = " (the line above had no line end)"
_OF_THE_GUARD: Final = (
    *("read_file", "lower", "device_of", "mounts", "within", "now", "is_read_only", "is_plain", "value_of", "armed_id"),
    *("state_text", "joined", "put_text"),
)


def after_section(
    *, profile_name: str, profile_digest: str, source: DriveRef, release: str, keep: tuple[str, ...], onerror: bool
) -> str:
    """Return the sections between marks, without a line end after the last line.

    ``release`` is the release's name on the drive; ``onerror`` tells whether its installer knows ``%onerror``.
    """
    values = rebuild_values(profile_name, profile_digest, release, source) | {"KB_KEEP": ",".join(keep)}
    if any("\n" in value for value in values.values()):
        raise ValueError("a value of more than one line could end its section")
    head = preamble(values)
    sections = ["%post --nochroot --log=/tmp/kickbuild-after.log", f"{head}{after_program('after')}", "%end"]
    if onerror:
        sections += ["%onerror --log=/tmp/kickbuild-onerror.log", f"{head}{after_program('failed')}", "%end"]
    return "\n".join([AFTER_BEGIN, *sections, AFTER_END])


@cache
def after_program(name: str) -> str:
    """Return the program of ``%post`` (``after``) or of ``%onerror`` (``failed``), which is the same for every profile.

    Raises ValueError where a line of it would end its section.
    """
    home = resources.templates() / "kickstart"
    ground, own = ((home / f"{part}.sh").read_text(encoding="utf-8") for part in ("drive", name))
    shared = [resources.shell_function(guard_program(), function) for function in _OF_THE_GUARD]
    program = "\n".join([ground, "# The guard's own functions.\n", *shared, own]).rstrip()
    if not is_one_section(f"%post\n{program}\n%end\n"):
        raise ValueError(f"a line of {name}.sh ends its section")
    return program
