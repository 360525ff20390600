"""A broken profile with stand-ins for what is broken, so that the rest of it can still be judged.

What only a whole table or the whole profile can tell is told once every value is valid. A stand-in is as present as
what it stands for: nothing that it stands for is reported as missing.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kickbuild.profile.positions import Path

_HASH: Final = "$6$saltsalt$standinstandin"
#: Keys without lists' numbers -> a valid value; every other key is left out instead. ``{}`` is the number in the list.
_STAND_INS: Final[dict[tuple[str, ...], Any]] = {
    ("schema",): 1,
    ("name",): "stand-in",
    ("source",): {"iso": "stand-in.iso"},
    ("source", "iso"): "stand-in.iso",
    ("drive", "label"): "STAND-IN",
    ("target",): {"only_other_disk": True},
    **{("target", key): "stand-in" for key in ("serial", "wwn", "by_id", "by_path", "model")},
    ("target", "only_other_disk"): True,
    ("system", "root_password_hash"): _HASH,
    ("system", "root_password_hash", "env"): "STAND_IN",
    ("system", "root_password_hash", "file"): "stand-in",
    ("user", "name"): "stand-in-{}",
    ("user", "password_hash"): _HASH,
    ("user", "password_hash", "env"): "STAND_IN",
    ("user", "password_hash", "file"): "stand-in",
    ("network", "interface", "device"): "stand-in-{}",
    ("network", "interface", "mac"): "52:54:00:00:00:00",
    ("network", "interface", "address"): "192.0.2.1/24",
    ("network", "interface", "bond", "devices"): ["stand-in"],
    ("storage", "part"): [{"mount": "/", "size": "1GiB"}],
    ("storage", "part", "mount"): "/stand-in-{}",
    ("storage", "part", "size"): "1GiB",
    ("storage", "lines"): ["autopart"],
    ("script", "file"): "stand-in",
    ("script", "inline"): "",
}


def with_stand_ins(data: dict[str, Any], broken: Iterable[Path]) -> dict[str, Any]:
    """Return a profile's values with a stand-in at each of the ``broken`` paths, or nothing where none is needed."""
    mended = copy.deepcopy(data)
    for path in broken:
        _put_stand_in(mended, _to_key(path))
    return mended


def _to_key(path: Path) -> Path:
    """Return the path of the key whose value holds what is broken: an element of a list has none of its own."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path


def _put_stand_in(data: dict[str, Any], path: Path) -> None:
    *above, key = path
    table: Any = data
    for step in above:
        inside = step in table if isinstance(table, dict) else isinstance(table, list) and isinstance(step, int)
        if not inside:
            return  # a stand-in for all of it stands there already
        table = table[step]
    if not isinstance(table, dict):
        return
    words = tuple(step for step in path if isinstance(step, str))
    value = copy.deepcopy(_STAND_INS.get(words))
    if value is None:
        table.pop(key, None)
    else:
        number = next((step for step in reversed(path) if isinstance(step, int)), 0)
        table[key] = value.format(number) if isinstance(value, str) else value
