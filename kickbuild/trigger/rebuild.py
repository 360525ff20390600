"""Triggering a rebuild: check, confirm, check again, arm, reboot. What follows the reboot is ``wait``.

Until the reboot everything can be taken back, and is: by an error, a broken connection or Ctrl-C.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kickbuild.errors import HostError, KickbuildError, RefusedError
from kickbuild.trigger import remote
from kickbuild.trigger.answer import clean
from kickbuild.trigger.box import refusal, taken_back
from kickbuild.trigger.outcome import Outcome, Result
from kickbuild.trigger.plan import plan_box, token
from kickbuild.trigger.record import Record, save_record
from kickbuild.trigger.transport import ReachError

if TYPE_CHECKING:
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


def look(box: Box, wish: Wish) -> tuple[BoxPlan, Answer]:
    """Return the plan for a box, and the status that it has today. Raises what the agent's errors mean."""
    status = box.ask("status")
    check = box.ask("check", profile=wish.profile, full=wish.full)
    plan = plan_box(box.host.text, check)
    lacking = [name for name in ("host", "boot_id", "profile", "digest") if not getattr(check, name)]
    if plan.ready and lacking:
        raise HostError(
            f"the agent does not tell the box's {', '.join(lacking)}",
            where=box.host.text,
            hint="prepare the drive again: the agent on it is then newer",
        )
    return plan, status


def require_ready(plan: BoxPlan, box: Box, check: Answer | None = None) -> None:
    """Raise RefusedError with every reason where a plan cannot be carried out."""
    if not plan.ready:
        raise refusal(check or _as_answer(plan), box.host)


def _as_answer(plan: BoxPlan) -> Answer:
    from kickbuild.trigger.answer import Answer

    return Answer("check", findings=plan.findings)


class Rebuild:
    """One rebuild of one box up to the reboot."""

    def __init__(self, box: Box, watch: Watch, wish: Wish) -> None:
        self.box = box
        self.watch = watch
        self.wish = wish
        self.reboots = False

    def run(self) -> Record:
        """Bring a box to reboot into its rebuild; return what is to be remembered of it.

        Raises RefusedError, or what else went wrong, with the box as it was: or the message says what is different.
        KeyboardInterrupt goes on to the caller; ``reboots`` then tells whether the reboot was asked for.
        """
        self.watch.begin("check", "checking the box, its drive and its boot loader")
        plan, _ = look(self.box, self.wish)
        require_ready(plan, self.box)
        self.watch.end(f"ready, by {self.box.agent}")
        self.watch.confirm(plan)
        self.watch.begin("check-again", "checking that nothing has changed since")
        again, _ = look(self.box, self.wish)
        require_ready(again, self.box)
        if token(again) != token(plan):
            raise RefusedError(
                "the plan is no longer the one that was confirmed; nothing was armed",
                where=self.box.host.text,
                hint="look at the new plan",
            )
        self.watch.end("the plan is the same")
        try:
            return self._go(plan)
        except (KickbuildError, KeyboardInterrupt) as error:
            if not self.reboots:
                self._take_back(error)
            raise

    def _go(self, plan: BoxPlan) -> Record:
        self.watch.begin("arm", "arming the Rebuild entry for one boot")
        answer = self.box.ask("arm", profile=plan.profile, full=self.wish.full)
        if answer.found("error"):
            raise refusal(answer, self.box.host)
        if (answer.digest, answer.boot_id, answer.host) != (plan.digest, plan.boot_id, plan.name) or not answer.id:
            raise HostError("what was armed is not what was planned", where=self.box.host.text)
        record = Record(self.box.host.text, answer.id, plan.boot_id, plan.profile, "ssh_host_keys" in plan.keep)
        save_record(record)
        self.watch.end(answer.summary)
        self.watch.begin("reboot", "telling the box to reboot")
        self._reboot()
        self.watch.end("it reboots")
        return record

    def _reboot(self) -> None:
        self.box.transport.ready()
        # From here on nobody can be sure that the box does not go down.
        self.reboots = True
        try:
            done = self.box.transport.run(remote.REBOOT, timeout=_REBOOT)
        except (ReachError, HostError):
            # The connection broke, as it does when a box goes down; the wait will tell.
            return
        if done.code != 0:
            self.reboots = False
            said = clean(done.stderr.decode("utf-8", "replace").strip().replace("\n", " / "), most=300)
            raise HostError(f"the box does not take the command to reboot: {said}", where=self.box.host.text)

    def _take_back(self, error: BaseException) -> None:
        if isinstance(error, RefusedError):
            # The agent has written nothing.
            return
        self.watch.begin("disarm", "taking it back")
        self.watch.end(taken_back(self.box))


def on_its_way(record: Record, *, waits: bool) -> Result:
    """Return the result of a rebuild for which nobody waits."""
    hint = f"kickbuild wait {record.host} tells what became of it" if waits else "this machine goes down now"
    return Result(Outcome.ON_ITS_WAY, "the box reboots into its rebuild", hint=hint)
