"""Triggering a rebuild: check, confirm, check again, arm, reboot. What follows the reboot is ``wait``.

Until the reboot everything can be taken back, and is: by an error, a broken connection or Ctrl-C.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kickbuild.errors import HostError, KickbuildError, LackingError, Problem, RefusedError
from kickbuild.trigger import remote
from kickbuild.trigger.answer import clean
from kickbuild.trigger.box import may_be_armed, refusal, taken_back
from kickbuild.trigger.host import HostKind
from kickbuild.trigger.outcome import Outcome, Result
from kickbuild.trigger.plan import is_carried_out, plan_box, token
from kickbuild.trigger.record import Record, drop_record, save_record
from kickbuild.trigger.ssh import Ssh
from kickbuild.trigger.transport import ReachError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.trigger.answer import Answer
    from kickbuild.trigger.box import Box
    from kickbuild.trigger.plan import BoxPlan
    from kickbuild.trigger.watch import Watch

#: Seconds that a box may take to begin its shutdown.
_REBOOT = 60.0


@dataclass(frozen=True, slots=True)
class Wish:
    """Which profile, and whether the ISO is read to its end."""

    profile: str = ""
    full: bool = False


def look(box: Box, wish: Wish) -> BoxPlan:
    """Return the plan for a box as it is today; raises HostError where the agent does not tell enough for one."""
    check = box.ask("check", profile=wish.profile, full=wish.full)
    plan = plan_box(box.host.text, check)
    lacking = [name for name in ("host", "boot_id", "profile", "digest") if not getattr(check, name)]
    if plan.ready and lacking:
        raise HostError(
            f"the agent does not tell the box's {', '.join(lacking)}",
            where=box.host.text,
            hint="prepare the drive again: the agent on it is then newer",
        )
    return plan


def ready_plan(box: Box, wish: Wish) -> BoxPlan:
    """Return the plan for a box that can be carried out; raises RefusedError with every reason where it cannot."""
    plan = look(box, wish)
    if not plan.ready:
        raise refusal(plan.findings, box.host)
    return plan


class Rebuild:
    """One rebuild of one box up to the reboot; ``waits`` where somebody is going to wait for it.

    ``arms`` is whether the box may be armed by this, ``reboots`` whether the reboot was asked for.
    """

    def __init__(self, box: Box, watch: Watch, wish: Wish, *, waits: bool = False) -> None:
        self.box = box
        self.waits = waits
        self.watch = watch
        self.wish = wish
        self.arms = False
        self.reboots = False
        # Without a network in between nothing comes late.
        self._ticket = secrets.token_hex(16) if box.host.kind is HostKind.SSH else ""

    def run(self) -> Record:
        """Bring a box to reboot into its rebuild; return what is to be remembered of it.

        Raises RefusedError, or what else went wrong, with the box as it was: or the message says what is different.
        KeyboardInterrupt goes on to the caller; ``arms`` and ``reboots`` then tell what the box is like.
        """
        plan = self._confirmed()
        with self._taking_back(plan):
            answer = self._arm(plan)
            record = Record(self.box.host.text, answer.id, plan.boot_id, plan.profile, "ssh_host_keys" in plan.keep)
            save_record(record)
            self.watch.end(answer.summary)
            self.watch.begin("reboot", "telling the box to reboot")
            self._reboot(plan)
            self.watch.end("it reboots")
            return record

    def arm(self) -> Answer:
        """Bring a box to be armed, and no further; raises as ``run`` does."""
        plan = self._confirmed()
        with self._taking_back(plan):
            answer = self._arm(plan)
            self.watch.end(answer.summary)
            return answer

    def _confirmed(self) -> BoxPlan:
        # What ssh asks is asked before a clock runs on the terminal.
        self.box.transport.ready()
        self.watch.begin("check", "checking the box, its drive and its boot loader")
        plan = ready_plan(self.box, self.wish)
        if self.waits:
            self._require_quiet_way()
        self.watch.end(f"ready, by {self.box.agent}")
        self.watch.confirm(plan)
        self.watch.begin("check-again", "checking that nothing has changed since")
        again = ready_plan(self.box, self.wish)
        if token(again) != token(plan):
            raise RefusedError(
                "the plan is no longer the one that was confirmed; nothing was armed",
                where=self.box.host.text,
                hint="look at the new plan",
            )
        self.watch.end("the plan is the same")
        return plan

    @contextlib.contextmanager
    def _taking_back(self, plan: BoxPlan) -> Iterator[None]:
        """Disarm the box where the block fails before the reboot was asked for."""
        try:
            self.arms = True
            yield
        except RefusedError:
            # The agent has written nothing.
            self.arms = False
            raise
        except (KickbuildError, KeyboardInterrupt) as error:
            if self.reboots:
                raise
            self.watch.begin("disarm", "taking it back")
            back = taken_back(self.box, plan.name, self._ticket)
            if not back.is_sure:
                self.watch.fail(back.words)
                if isinstance(error, KickbuildError):
                    raise HostError(*error.problems, Problem(back.words, where=self.box.host.text)) from error
                raise
            self.arms = False
            drop_record(self.box.host)
            self.watch.end(back.words)
            raise

    def _require_quiet_way(self) -> None:
        """Raise LackingError where the box asks questions that nobody could answer while it is waited for."""
        ssh = self.box.transport
        if not isinstance(ssh, Ssh):
            return
        try:
            ssh.run_once(remote.BOOT_ID, timeout=_REBOOT)
        except ReachError as error:
            raise LackingError(
                f"waiting for the box needs a login that asks nothing: {error.problems[0].message}",
                where=self.box.host.text,
                hint="use a key, with ssh-agent where it has a passphrase; or --no-wait",
            ) from error

    def _arm(self, plan: BoxPlan) -> Answer:
        self.watch.begin("arm", "arming the Rebuild entry for one boot")
        answer = self.box.ask("arm", profile=plan.profile, full=self.wish.full, ticket=self._ticket)
        if answer.found("error"):
            raise refusal(answer.findings, self.box.host)
        if not is_carried_out(plan, answer):
            raise HostError("what was armed is not what was planned", where=self.box.host.text)
        return answer

    def _reboot(self, plan: BoxPlan) -> None:
        self.box.transport.ready()
        # From here on nobody can be sure that the box does not go down.
        self.reboots = True
        try:
            done = self.box.transport.run(remote.REBOOT_THIS, [plan.boot_id], timeout=_REBOOT)
        except (ReachError, HostError):
            # The connection broke, as it does when a box goes down; the wait will tell.
            return
        if done.code != 0:
            self.reboots = False
            if done.code == remote.OTHER_BOOT:
                raise HostError("another boot runs than the one that was checked", where=self.box.host.text)
            said = clean(done.stderr.decode("utf-8", "replace").strip().replace("\n", " / "), most=300)
            raise HostError(f"the box does not take the command to reboot: {said}", where=self.box.host.text)


def interrupted(rebuild: Rebuild) -> str:
    """Return what a box is like whose rebuild was interrupted."""
    host = rebuild.box.host
    if rebuild.reboots:
        return f"the box rebuilds on: `kickbuild wait {host.text}` or `kickbuild status {host.text}` tells"
    armed = f"; it may be armed, and {may_be_armed(host)}" if rebuild.arms else ""
    return f"{host.text} was not rebooted{armed}"


def on_its_way(record: Record, *, waits: bool) -> Result:
    """Return the result of a rebuild for which nobody waits."""
    hint = f"kickbuild wait {record.host} tells what became of it" if waits else "this machine goes down now"
    return Result(Outcome.ON_ITS_WAY, "the box reboots into its rebuild", hint=hint)
