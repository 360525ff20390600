"""What boxes leave on a drive: it is kickbuild's, but no manifest can know it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kickbuild.agent import LEFT_BY_AGENT
from kickbuild.build import layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kickbuild.drive.tree import Node

#: How a rebuild went and why it was refused, the installer's logs, and what of the old system is kept meanwhile.
_LEFT: Final = re.compile(
    r"/kickbuild/[a-z0-9][a-z0-9-]{0,62}/(last-refusal\.log|rebuild\.state|(log|keep)/.+)", re.DOTALL
)


def is_left_by_box(path: str) -> bool:
    """Tell whether a box leaves such a file on a drive."""
    return _LEFT.fullmatch(path) is not None or path.rpartition("/")[2] in LEFT_BY_AGENT


def left_of(names: Iterable[str], nodes: Mapping[str, Node]) -> dict[str, int]:
    """Return the paths of what boxes left of some profiles, and their bytes, in the order in which they should go.

    What is kept of a system counts only as long as its keep.state is there, which therefore goes first.
    """
    homes = tuple(f"{layout.profile_directory(name)}/" for name in names)
    found = [path for path, node in nodes.items() if path.startswith(homes) and not node.is_directory]
    ours = [path for path in found if is_left_by_box(path)]
    return {path: nodes[path].size for path in sorted(ours, key=lambda p: (not p.endswith("/keep.state"), p))}
