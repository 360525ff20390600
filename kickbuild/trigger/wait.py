"""Waiting for a box that was told to reboot: it leaves, it returns, and proves what it is.

The box's clock is never asked. Boot ids tell whether it has booted, the arming's id whether it is the new system.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kickbuild.errors import KickbuildError
from kickbuild.trigger import remote
from kickbuild.trigger.answer import parse_boot_id
from kickbuild.trigger.box import Box, taken_back
from kickbuild.trigger.outcome import Outcome, Result, duration, is_new_system, old_system_because
from kickbuild.trigger.transport import Reach, ReachError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kickbuild.run import Completed
    from kickbuild.trigger.answer import Answer
    from kickbuild.trigger.host import Host
    from kickbuild.trigger.record import Record
    from kickbuild.trigger.ssh import Ssh
    from kickbuild.trigger.watch import Watch

#: A look comes later and later after the one before, up to this many times the first wait.
_SLOWEST: Final = 4
#: Looks at the old system that must say the same: a slow drive may not be there at the first.
_SAME_LOOKS: Final = 2
_OTHER_KEY: Final = "it answers with another host key, and nothing proves that it is the new system"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: until the box must have left, until it must be back, between two looks."""

    leave: float = 300.0
    back: float = 3600.0
    look: float = 5.0


class Unproven:
    """A way to whoever answers under the box's name, to hear whether it can prove what it is."""

    def __init__(self, ssh: Ssh) -> None:
        self.host: Host = ssh.host
        self._ssh = ssh
        # Who answered at an earlier look, such as an installer, may have had a key that is no more.
        ssh.known_hosts.unlink(missing_ok=True)

    @property
    def has_drive_commands(self) -> bool:
        """A box has its own mounts."""
        return True

    def ready(self) -> None:
        """Nobody knows before a command is run."""

    def run(self, program: str, words: Sequence[str] = (), *, stdin: bytes = b"", timeout: float) -> Completed:
        """Run a program there; the arming's id is never part of one."""
        return self._ssh.run_unproven(program, words, stdin=stdin, timeout=timeout)

    def close(self) -> None:
        """Nothing is held."""


class Waiting:
    """One wait for one box, from the moment at which it was told to reboot."""

    #: Whether it goes on with an earlier wait: how long the rebuild took is then not known.
    is_resumed = False

    def __init__(self, ssh: Ssh, record: Record, watch: Watch, limits: Limits) -> None:
        self.ssh = ssh
        ssh.may_ask = False
        self.record = record
        self.watch = watch
        self.limits = limits
        self._started = time.monotonic()
        self._has_left = False
        self._seen = "it has not answered yet"
        self._old: tuple[str, int] = ("", 0)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._started

    def run(self) -> Result:
        """Wait until the box is back, or a deadline has passed."""
        self.watch.begin("leave", "waiting for the box to leave")
        pause = self.limits.look
        while True:
            result = self._look()
            if result is not None:
                return self._told(result)
            if self.seconds > self.limits.back:
                return self._told(self._never_returned())
            if not self._has_left and self.seconds > self.limits.leave:
                return self._told(self._never_left())
            time.sleep(pause)
            pause = min(pause * 1.3, self.limits.look * _SLOWEST)

    def _told(self, result: Result) -> Result:
        (self.watch.end if result.outcome is Outcome.REBUILT else self.watch.fail)(result.summary)
        return result

    def _look(self) -> Result | None:
        """Return what has become of it, None while that is open."""
        try:
            boot = parse_boot_id(self.ssh.run_once(remote.BOOT_ID, timeout=60).stdout)
        except ReachError as error:
            if error.reach is Reach.OTHER_KEY:
                return self._other_key()
            # Denied: it goes down and lets nobody in any more, or it comes up and does not let us in.
            said = error.problems[0].message
            if error.reach is Reach.AWAY:
                self._left("it is away")
                said = f"no answer ({said.rpartition(': ')[2]})"
            self._saw(said)
            return None
        except KickbuildError as error:
            self._saw(str(error))
            return None
        if not boot:
            self._saw("it answers, and does not tell which boot it runs")
            return None
        if boot == self.record.boot_id:
            if self._has_left:
                # The network was away, and not the box.
                self._has_left = False
                self.watch.begin("leave", "waiting for the box to leave")
            self._saw("it still runs the system that was told to reboot")
            return None
        self._left("it has booted")
        return self._judge(boot)

    def _saw(self, text: str) -> None:
        self._seen = text
        self.watch.still(text)

    def _left(self, text: str) -> None:
        if not self._has_left:
            self._has_left = True
            self.watch.end(text)
            self.watch.begin("return", "waiting for the box to return")

    def _judge(self, boot: str) -> Result | None:
        """Return what a box that has booted, and is who it was, says of itself."""
        try:
            self.ssh.close()
            box = Box(self.ssh)
            status = box.ask("status")
            if is_new_system(status, self.record.id):
                return self._rebuilt(status)
            if not self.record.boot_id and status.state == "armed" and status.id == self.record.id:
                self._saw("it is armed, and has not booted since")
                return None
            if any(finding.id == "box.installer" for finding in box.ask("check").findings):
                self._saw("it runs the installer")
                return None
        except KickbuildError as error:
            self._saw(f"it has booted, but: {error.problems[0].message}")
            return None
        reason = old_system_because(status, self.record.id)
        known, times = self._old
        same = known == f"{boot} {reason}"
        self._old = (f"{boot} {reason}", times + 1 if same else 1)
        self._saw(f"it runs its old system: {reason}")
        if self._old[1] < _SAME_LOOKS:
            return None
        return self._came_home(box, status, reason)

    def _rebuilt(self, status: Answer) -> Result:
        title = status.system_release or "the new system"
        took = "" if self.is_resumed else f" in {duration(self.seconds)}"
        text = f"rebuilt{took}: {title}, profile {status.system_profile or self.record.profile}"
        return Result(Outcome.REBUILT, text, self.seconds, status=status)

    def _came_home(self, box: Box, status: Answer, reason: str) -> Result:
        host = self.record.host
        hint = f"`kickbuild report {host}` shows the installer's logs"
        if status.state == "armed" and status.id == self.record.id:
            hint = f"{taken_back(box).words}; {hint}"
        elif status.state == "spent":
            hint += f"; `kickbuild disarm {host}` takes out what is left of the arming"
        text = f"came back with the old system: {reason}"
        return Result(Outcome.OLD_SYSTEM, text, self.seconds, hint, status)

    def _other_key(self) -> Result | None:
        """Return the result where what answers with another key proves that it is the new system."""
        self._left("it answers with another host key")
        try:
            status = Box(Unproven(self.ssh)).ask("status")
        except KickbuildError as error:
            self._saw(f"{_OTHER_KEY}: {error.problems[0].message}")
            return None
        if not is_new_system(status, self.record.id):
            self._saw(_OTHER_KEY)
            return None
        if not self.record.keeps_host_keys:
            return replace(self._rebuilt(status), has_new_key=True)
        text = "the new system is there, but with another host key, although the profile keeps the old one"
        hint = f"look at /kickbuild/{self.record.profile}/log on the drive for what became of the keys"
        return Result(Outcome.OTHER_KEY, text, self.seconds, hint, status)

    def _never_returned(self) -> Result:
        text = f"the box did not return within {duration(self.limits.back)}; seen last: {self._seen}"
        hint = (
            "its console, or the drive in another machine (/kickbuild/*/last-refusal.log, rebuild.state, log), tells"
            f" more; `kickbuild wait {self.record.host}` goes on waiting"
        )
        return Result(Outcome.NEVER_RETURNED, text, self.seconds, hint, is_open=True)

    def _never_left(self) -> Result:
        after = taken_back(Box(self.ssh))
        text = f"the box did not leave within {duration(self.limits.leave)}: {self._seen}; {after.words}"
        hint = f"kickbuild status {self.record.host} tells whether it is armed; what holds up its shutdown?"
        return Result(Outcome.NEVER_LEFT, text, self.seconds, hint, is_open=not after.is_sure)
