"""Whether a whole fleet may be rebuilt: every reason against it at once, or one token that stands for all plans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kickbuild.errors import Problem, UsageError
from kickbuild.trigger.answer import clean
from kickbuild.trigger.plan import fleet_token_of
from kickbuild.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: The first box alone, then a tenth of them, then half: ``serial`` of the playbook.
BATCHES: Final = (1, "10%", "50%")
_PERCENT: Final = re.compile(r"([0-9]{1,3})%")


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What would be done to a fleet.

    ``hosts`` are rebuilt, in this order; ``done`` were rebuilt by the run that is resumed, and are left alone.
    ``token`` stands for the plans of ``hosts``, empty where ``refusals`` tells why nothing is done.
    """

    hosts: tuple[str, ...]
    done: tuple[str, ...]
    batches: tuple[tuple[str, ...], ...]
    refusals: tuple[Problem, ...]
    rows: tuple[dict[str, Any], ...]
    token: str

    @property
    def lines(self) -> list[str]:
        """The plan in words, without control characters."""
        lines = [
            f"{len(self.hosts)} {_boxes(len(self.hosts))} would be rebuilt" if self.hosts else "no box would be rebuilt"
        ]
        rows = {row["host"]: row for row in self.rows}
        for number, batch in enumerate(self.batches, start=1):
            name = "the canary" if number == 1 and len(batch) == 1 else f"{len(batch)} {_boxes(len(batch))}"
            lines.append(f"batch {number}: {name}")
            lines += [f"  {_row(rows[host])}" for host in batch if host in rows]
        lines += [f"left alone, rebuilt by this run already: {', '.join(self.done)}"] if self.done else []
        return [clean(line) for line in lines]


def _boxes(count: int) -> str:
    return "box" if count == 1 else "boxes"


def _row(row: Mapping[str, Any]) -> str:
    words = [f"{row['host']} ({row['name']})" if row["name"] not in {"", row["host"]} else row["host"]]
    size = f", {format_size(row['target_bytes'])}" if row["target_bytes"] else ""
    words.append(f"erases {row['target_words'] or row['target'] or 'a disk'}{size}")
    words.append(f"installs {row['release']} as {row['profile']}")
    if row["target_mounts"]:
        words.append(f"loses {row['target_mounts']}")
    if row["keep"]:
        words.append(f"keeps {', '.join(row['keep'])}")
    return "; ".join(words)


def plan_fleet(
    infos: Mapping[str, Mapping[str, Any]],
    *,
    groups: Mapping[str, Sequence[str]],
    protected: Sequence[str] = (),
    allowed: Sequence[str] = (),
    serial: object = BATCHES,
    resumed: Mapping[str, Mapping[str, Any]] | None = None,
) -> FleetPlan:
    """Return the plan of a fleet from what each box told: the results of ``rebuild_info``, by host.

    ``resumed`` are the reports of the run that is resumed, by host. Raises UsageError for a ``serial`` or a group that
    makes no sense.
    """
    done = tuple(host for host in infos if _is_done(infos[host], (resumed or {}).get(host, {})))
    left_alone = set(done)
    hosts = tuple(host for host in infos if host not in left_alone)
    refusals = [*_unready(infos, hosts), *_doubles(infos, hosts)]
    refusals += _whole_groups(set(infos), groups, protected, allowed)
    ready = {host: infos[host] for host in hosts if infos[host].get("ready") is True and "plan" in infos[host]}
    rows = tuple({"host": host, **{key: ready[host]["plan"][key] for key in _SHOWN}} for host in ready)
    token = "" if refusals else fleet_token_of(str(info["token"]) for info in ready.values())
    # Ansible makes its batches of all hosts of the play, also of those that are left alone.
    found = (tuple(host for host in batch if host not in left_alone) for batch in batches(tuple(infos), serial))
    return FleetPlan(hosts, done, tuple(batch for batch in found if batch), tuple(refusals), rows, token)


#: What a row of the plan tells of a box.
_SHOWN: Final = (
    *("name", "profile", "release", "digest", "drive_uuid", "target", "target_words", "target_bytes", "target_mounts"),
    *("loader", "config", "keep", "token"),
)


def _is_done(info: Mapping[str, Any], report: Mapping[str, Any]) -> bool:
    """Whether a box runs the very system that the resumed run has made: the stamp bears the id of that arming."""
    arming = report.get("id")
    return bool(arming) and (info.get("status") or {}).get("system_id") == arming


def _unready(infos: Mapping[str, Mapping[str, Any]], hosts: Iterable[str]) -> Iterable[Problem]:
    for host in hosts:
        info = infos[host]
        if info.get("unreachable") or info.get("failed") or "plan" not in info:
            said = clean(" ".join(str(info.get("msg") or "it was not checked").split()))
            yield Problem(said, where=host, hint="take the host out of the list, or mend it")
        elif info.get("ready") is not True:
            for finding in info["plan"]["findings"]:
                if finding["severity"] == "error":
                    yield Problem(finding["message"], where=f"{host}: {finding['id']}", hint=finding["hint"])


def _doubles(infos: Mapping[str, Mapping[str, Any]], hosts: Iterable[str]) -> Iterable[Problem]:
    """Two names for one box would rebuild it twice, and a canary would be none."""
    seen: dict[str, str] = {}
    for host in hosts:
        boot = (infos[host].get("plan") or {}).get("boot_id", "")
        if boot and boot in seen:
            yield Problem(f"is the same box as {seen[boot]}", where=host, hint="name each box once in the inventory")
        seen.setdefault(boot, host)


def _whole_groups(
    play: set[str], groups: Mapping[str, Sequence[str]], protected: Sequence[str], allowed: Sequence[str]
) -> Iterable[Problem]:
    for name in dict.fromkeys((*protected, *allowed)):
        if name not in groups:
            raise UsageError(f"the inventory has no group {name}", hint="kickbuild_protected_groups names groups")
    for name in dict.fromkeys(protected):
        members = set(groups[name])
        if members and members <= play and name not in allowed:
            yield Problem(
                f"the play would take all of it at once ({len(members)} hosts)",
                where=f"group {name}",
                hint=f"use --limit; where it is meant: --whole-group {name}, or kickbuild_whole_groups of the playbook",
            )


def batches(hosts: Sequence[str], serial: object) -> tuple[tuple[str, ...], ...]:
    """Return the batches that Ansible makes of hosts by ``serial``: the last size goes on to the end."""
    sizes = list(serial) if isinstance(serial, list | tuple) else [serial]
    counts = [_count(size, len(hosts)) for size in sizes] or [len(hosts)]
    found: list[tuple[str, ...]] = []
    left = list(hosts)
    while left:
        count = counts[min(len(found), len(counts) - 1)]
        found.append(tuple(left[:count]))
        left = left[count:]
    return tuple(found)


def _count(size: object, hosts: int) -> int:
    percent = _PERCENT.fullmatch(size) if isinstance(size, str) else None
    if percent is not None:
        # ansible.utils.helpers.pct_to_int: at least one.
        return max(1, int(int(percent[1]) / 100 * hosts))
    if isinstance(size, str) and size.isdecimal():
        size = int(size)
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        return size
    raise UsageError(f"{clean(repr(size), most=40)} is no size of a batch", hint="serial: [1, 10%, 50%]")
