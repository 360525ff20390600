"""The collection's playbooks, played by ansible-runner: what happens comes back as events. Only here is its API."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from kickbuild import resources
from kickbuild.errors import LackingError, UsageError
from kickbuild.fleet.inventory import INSTALL
from kickbuild.trigger.answer import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COLLECTION: Final = "kickbuild.rebuild"
#: Options of ansible-playbook that ask a person who cannot answer there, and what to use instead.
_ASKING: Final = {
    "-K": "--become-password-file",
    "--ask-become-pass": "--become-password-file",
    "-k": "--connection-password-file",
    "--ask-pass": "--connection-password-file",
    "-J": "--vault-password-file",
    "--ask-vault-password": "--vault-password-file",
    "--ask-vault-pass": "--vault-password-file",
    "--step": "kickbuild_serial",
}


@dataclass(frozen=True, slots=True)
class Event:
    """What became of a task on a host: ``kind`` is ok, failed or unreachable, ``action`` has no collection's name."""

    kind: str
    host: str
    action: str
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A playbook of the collection, and for whom."""

    playbook: str
    inventory: tuple[str, ...]
    limit: str = ""
    check: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    """More words for ansible-playbook."""


@dataclass(frozen=True, slots=True)
class Played:
    """How it ended: Ansible's exit status, whether a signal of this process stopped it, and its last lines."""

    code: int
    stopped: bool
    last: str


def play(wish: Play, heard: Callable[[Event], None], tick: Callable[[], None]) -> Played:
    """Play a playbook to its end. ``heard`` gets what happens, ``tick`` is called about every second.

    SIGINT, SIGTERM and SIGHUP stop it. Raises LackingError without ansible-runner or ansible-core, UsageError for
    arguments that would ask a person.
    """
    runner = _require_runner()
    for word in wish.arguments:
        name = word.partition("=")[0]
        if name in _ASKING:
            raise UsageError(f"{name} asks, and nobody can answer there", hint=f"use {_ASKING[name]}")
    stop = _Stop(tick)
    with tempfile.TemporaryDirectory(prefix="kickbuild-fleet-") as folder, stop:
        collections = Path(folder, "collections")
        home = collections / "ansible_collections" / "kickbuild"
        home.mkdir(parents=True)
        (home / "rebuild").symlink_to(resources.collection(), target_is_directory=True)
        done = runner.run(
            private_data_dir=folder,
            project_dir=os.getcwd(),  # noqa: PTH109 - ansible.cfg and relative paths are the user's
            playbook=f"{COLLECTION}.{wish.playbook}",
            cmdline=shlex.join(_words(wish)),
            extravars=dict(wish.variables),
            envvars=_environment(collections),
            event_handler=lambda raw: _tell(raw, heard),
            cancel_callback=stop.asked,
            quiet=True,
        )
        code = done.rc if isinstance(done.rc, int) else 1
        return Played(code, stop.is_asked, _last_lines(Path(done.config.artifact_dir)))


def _require_runner() -> Any:
    try:
        # What ansible-runner starts; a directory called ansible is not it.
        import_module("ansible.release")
        import ansible_runner
    except ImportError as error:
        raise LackingError("ansible-core or ansible-runner is not installed", hint=INSTALL) from error
    return ansible_runner


class _Stop:
    """Signals that stop a playbook, instead of this process in the middle of it."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._before: dict[int, Any] = {}
        self.is_asked = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _heard(self, number: int, frame: object) -> None:  # noqa: ARG002 - the signature that signal wants
        self.is_asked = True

    def asked(self) -> bool:
        """Whether to stop."""
        self._tick()
        return self.is_asked


def _words(wish: Play) -> list[str]:
    words = [word for source in wish.inventory for word in ("-i", source)]
    words += ["--limit", wish.limit] if wish.limit else []
    words += ["--check"] if wish.check else []
    return [*words, *wish.arguments]


def _environment(collections: Path) -> dict[str, str]:
    # ansible-playbook lies beside this Python where both came with pip.
    beside = str(Path(sys.executable).parent)
    known = os.environ.get("ANSIBLE_COLLECTIONS_PATH") or "~/.ansible/collections:/usr/share/ansible/collections"
    return {
        "PATH": f"{beside}:{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_COLLECTIONS_PATH": f"{collections}:{known}",
        # ansible-runner would switch it off.
        "ANSIBLE_HOST_KEY_CHECKING": os.environ.get("ANSIBLE_HOST_KEY_CHECKING", "True"),
        # Half an inventory is none, and what Ansible says of it is told in plain words.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
        "ANSIBLE_NOCOLOR": "True",
        "ANSIBLE_FORCE_COLOR": "False",
    }


_KINDS: Final = {"runner_on_ok": "ok", "runner_on_failed": "failed", "runner_on_unreachable": "unreachable"}


def _tell(raw: Mapping[str, Any], heard: Callable[[Event], None]) -> bool:
    """Pass an event on; return whether ansible-runner is to keep it as a file, which nobody reads."""
    data = raw.get("event_data") or {}
    kind = _KINDS.get(str(raw.get("event")))
    if kind is not None:
        action = str(data.get("resolved_action") or data.get("task_action") or "").rpartition(".")[2]
        result = data.get("res")
        heard(Event(kind, str(data.get("host", "")), action, result if isinstance(result, dict) else {}))
    return False


def _last_lines(artifacts: Path) -> str:
    """Return what Ansible said last, for a failure of Ansible's own."""
    for name in ("stderr", "stdout"):
        try:
            with (artifacts / name).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 65536))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            continue
        lines = [clean(line) for line in text.splitlines() if line.strip()]
        # After a word that it does not know, all of its help follows.
        lines = [line for line in lines if "ansible-playbook: error: " in line] or lines
        if lines:
            return " / ".join(lines[-3:])
    return "it said nothing"
