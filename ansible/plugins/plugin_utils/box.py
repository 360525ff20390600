# SPDX-License-Identifier: GPL-2.0-or-later
"""A box by an Ansible connection: the same agent and the same judgement as ``kickbuild trigger``, by another way.

The box needs no Python: the agent is one program for its sh. It is put into the temporary directory that Ansible makes
for the task, and is run by the connection's own become.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from kickbuild.errors import KickbuildError
    from kickbuild.run import Completed
    from kickbuild.trigger.answer import MOST_BYTES, clean
    from kickbuild.trigger.box import Box
    from kickbuild.trigger.host import Host, HostKind
    from kickbuild.trigger.plan import plan_box, token
    from kickbuild.trigger.ssh import UNPROVEN
    from kickbuild.trigger.transport import Reach, ReachError
except ImportError as error:
    KICKBUILD_IMPORT_ERROR: ImportError | None = error

    def clean(text: str, **_options: object) -> str:
        """Stand in for kickbuild's."""
        return text

    class KickbuildError(Exception):
        """Stand in for kickbuild's, so that the modules can say that it is missing."""

        problems: tuple[Any, ...] = ()

    class ReachError(KickbuildError):
        """Stand in for kickbuild's."""

else:
    KICKBUILD_IMPORT_ERROR = None


def require_kickbuild() -> None:
    """Raise AnsibleActionFail where kickbuild is not there, or too old."""
    if KICKBUILD_IMPORT_ERROR is not None:
        raise AnsibleActionFail(
            f"kickbuild cannot be imported by the Python of Ansible, {sys.executable}: {KICKBUILD_IMPORT_ERROR}. "
            "Install it there: pip install kickbuild"
        )


def said(error: KickbuildError) -> str:
    """Return every problem of an error with its way out, a line for each."""
    lines = []
    for problem in error.problems:
        place = f"{problem.where}: " if problem.where else ""
        hint = f" ({problem.hint})" if problem.hint else ""
        lines.append(f"{place}{problem.message}{hint}")
    return "\n".join(lines)


def as_data(value: Any) -> Any:
    """Return a value of kickbuild's as what JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_data(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [as_data(entry) for entry in value]
    return value


class Way:
    """kickbuild's way to a box, by the connection of an Ansible task."""

    def __init__(self, action: BoxAction, name: str, root: str) -> None:
        self.host = Host(HostKind.SSH, name)
        self.user_known_hosts = "~/.ssh/known_hosts"
        self._folder = ""
        self._action = action
        self._root = root
        self._agent = ""

    @property
    def has_drive_commands(self) -> bool:
        """Whether the agent on the drive may be asked; the one of a mounted system's drive is another system's."""
        return not self._root

    def ready(self) -> None:
        """Ansible connects when a command is run."""

    def run(self, program: str, words: Any = (), *, stdin: bytes = b"", timeout: float) -> Any:  # noqa: ARG002 - tasks have one
        """Run one of kickbuild's fixed programs on the box, by become. Raises ReachError."""
        return self._run(program, words, stdin, sudoable=True)

    def run_once(self, program: str, words: Any = (), *, stdin: bytes = b"", timeout: float) -> Any:  # noqa: ARG002 - tasks have one
        """Run a program by a new connection: a look whether the box is there."""
        self.close()
        return self._run(program, words, stdin, sudoable=False)

    def run_unproven(self, program: str, words: Any = (), *, stdin: bytes = b"", timeout: float) -> Any:  # noqa: ARG002 - tasks have one
        """Run a program on whoever answers by ssh, without become, so that no password goes there.

        Its host key is accepted for this one look, into ``known_hosts``.
        """
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="kickbuild-")
        self.known_hosts.unlink(missing_ok=True)
        self.close()
        try:
            with self._action.unproven([*UNPROVEN, f"UserKnownHostsFile={self.known_hosts}"]):
                return self._run(program, words, stdin, sudoable=False)
        finally:
            self.close()

    @property
    def known_hosts(self) -> Path:
        """The host keys of whoever answered last."""
        return Path(self._folder or "/nonexistent") / "known_hosts"

    def configuration(self) -> dict[str, str]:
        """Return where the user's known hosts are, in the words of ``ssh -G``."""
        return {"userknownhostsfile": self.user_known_hosts, "hashknownhosts": "no"}

    def forget(self) -> None:
        """Remove what this way has on the controller."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def _run(self, program: str, words: Any, stdin: bytes, *, sudoable: bool) -> Any:
        # Time is bounded by Ansible's own timeouts, of the task and of the connection.
        words = [*words, *(["--root", self._root] if self._root and words else [])]
        if self._root and not words:
            program = program.replace("/proc/", f"{shlex.quote(self._root)}/proc/")
        command = " ".join(["sh", "-c", shlex.quote(program), "kickbuild", *(shlex.quote(word) for word in words)])
        try:
            if stdin:
                # Not by standard input: with it there is no terminal, and the sudo of old releases wants one.
                command = f"{command} < {shlex.quote(self._put(stdin))}"
            done = self._action.command(command, sudoable=sudoable)
        except AnsibleConnectionFailure as error:
            raise self._unreached(error) from error
        if self._action.is_lost(done):
            raise self._unreached(done["stderr"] or done["stdout"])
        out, err = done["stdout"].encode("utf-8", "replace"), done["stderr"].encode("utf-8", "replace")
        return Completed(done["rc"], out[-MOST_BYTES:], err[-MOST_BYTES:])

    def close(self) -> None:
        """Forget the connection, and what was put over it: the next command makes another one."""
        self._agent = ""
        self._action.forget_connection()

    def _put(self, data: bytes) -> str:
        if not self._agent:
            self._agent = self._action.put(data)
        return self._agent

    def _unreached(self, error: object) -> ReachError:
        text = clean(" ".join(to_text(error).split()), most=500)
        is_other = "HOST IDENTIFICATION HAS CHANGED" in text or "Host key verification failed" in text
        reach = Reach.OTHER_KEY if is_other else Reach.AWAY
        return ReachError(f"cannot be reached: {text}", reach=reach, where=self.host.text, hint="")


class ControllerAction(ActionBase):
    """An action on the controller, which reaches no box. ``ONE_OF`` are arguments of which exactly one is given."""

    _requires_connection = False
    _supports_check_mode = True
    ARGUMENTS: ClassVar[dict[str, Any]] = {}
    ONE_OF: ClassVar[list[str]] = []

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do it, and tell everything that goes wrong in kickbuild's own words."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        require_kickbuild()
        one_of = [self.ONE_OF] if self.ONE_OF else []
        arguments = self.validate_argument_spec(
            argument_spec=self.ARGUMENTS, required_one_of=one_of, mutually_exclusive=one_of
        )[1]
        try:
            result.update(self.act(arguments, task_vars or {}))
        except KickbuildError as error:
            result.update(failed=True, msg=said(error))
        return result

    def act(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the task."""
        raise NotImplementedError


class BoxAction(ActionBase):
    """An action on one box, done with the agent."""

    # With it, Ansible would reach for the box before the action begins, and a box that reboots is not there.
    TRANSFERS_FILES = False
    #: Whether a box that cannot be reached fails the task, so that a rescue sees it, instead of leaving the play.
    MUST_BE_REACHED = True
    ARGUMENTS: ClassVar[dict[str, Any]] = {}

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do it, and tell everything that goes wrong in kickbuild's own words."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        require_kickbuild()
        arguments = self.validate_argument_spec(argument_spec=self.ARGUMENTS | ROOT)[1]
        self.name = str((task_vars or {}).get("inventory_hostname", "box"))
        self.way = Way(self, self.name, arguments["root"])
        self.box = Box(self.way)
        try:
            result.update(self.act(arguments))
        except ReachError as error:
            if not self.MUST_BE_REACHED:
                raise AnsibleConnectionFailure(said(error)) from error
            result.update(failed=True, unreached=True, msg=said(error))
        except KickbuildError as error:
            result.update(failed=True, msg=said(error))
        finally:
            self.way.forget()
            self._clean_up()
        return result

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the task."""
        raise NotImplementedError

    def plan(self, answer: Any) -> dict[str, Any]:
        """Return the plan that an answer to check makes, with its token."""
        plan = plan_box(self.name, answer)
        return as_data(plan) | {"ready": plan.ready, "token": token(plan)}

    def command(self, line: str, *, sudoable: bool = True) -> dict[str, Any]:
        """Run a line of shell on the box, by become where that is asked for."""
        return self._low_level_execute_command(line, sudoable=sudoable, encoding_errors="replace")

    @contextlib.contextmanager
    def unproven(self, options: list[str]) -> Iterator[None]:
        """Let ssh talk to whoever answers while the block runs. Raises ReachError where the way is not ssh."""
        if self._connection.transport.rpartition(".")[2] != "ssh":
            raise ReachError("only ssh has host keys", reach=Reach.OTHER_KEY, where=self.name, hint="")
        names = ("ssh_args", "password")
        kept = {name: self._connection.get_option(name) for name in names}
        words = " ".join(shlex.quote(word) for option in options for word in ("-o", option))
        # Of an option that is given twice, ssh takes the first.
        self._connection.set_option("ssh_args", f"{words} {kept['ssh_args'] or ''}")
        self._connection.set_option("password", None)
        try:
            yield
        finally:
            for name, value in kept.items():
                self._connection.set_option(name, value)

    def is_lost(self, done: dict[str, Any]) -> bool:
        """Whether a command ended because the way to the box did."""
        return done["rc"] == 255 and self._connection.transport.rpartition(".")[2] == "ssh"

    def put(self, data: bytes) -> str:
        """Put a file on the box, and return its path."""
        shell = self._connection._shell
        if not shell.tmpdir:
            self._make_tmp_path()
        path = shell.join_path(shell.tmpdir, "agent")
        self._transfer_data(path, data)
        self._fixup_perms2((shell.tmpdir, path), execute=False)
        return path

    def forget_connection(self) -> None:
        """Close what is kept of the connection: after a reboot it leads nowhere."""
        self._connection._shell.tmpdir = None
        try:
            self._connection.reset()
        except (AttributeError, AnsibleError):
            self._connection.close()

    def _clean_up(self) -> None:
        # Where the box is gone, what was put there is in its temporary directory.
        with contextlib.suppress(AnsibleError, OSError):
            self.cleanup(force=True)


#: What every action on a box takes.
ROOT: dict[str, Any] = {"root": {"type": "str", "default": ""}}
