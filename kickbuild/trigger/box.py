"""A box and its agent: which agent answers, what it is asked, and what a refusal means."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.errors import HostError, KickbuildError, LackingError, Problem, RefusedError, UsageError
from kickbuild.trigger import remote
from kickbuild.trigger.answer import Finding, clean, parse_answer

if TYPE_CHECKING:
    from kickbuild.trigger.answer import Answer
    from kickbuild.trigger.host import Host
    from kickbuild.trigger.transport import Transport

#: Seconds that a command may take: check and arm read the kernel and the initrd, --full reads the ISO.
_TIMES: Final = {"status": 120.0, "report": 300.0, "check": 900.0, "arm": 1800.0, "disarm": 600.0}
_FULL: Final = 7200.0
#: What the agent's exit statuses mean (templates/agent/main.sh).
_FINDINGS: Final = 1
_USAGE: Final = 2
_LACKS: Final = 4
_REFUSED: Final = 5
_FAILED: Final = 6


class Box:
    """A box that is asked by one way. The first question finds the agent; the next ones go to the same."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._pushed: bool | None = None if transport.has_drive_commands else True

    @property
    def host(self) -> Host:
        """Which box it is."""
        return self.transport.host

    @property
    def agent(self) -> str:
        """Which agent answers: the drive's own, or this kickbuild's; empty before the first question."""
        return {None: "", True: "the agent of this kickbuild", False: "the agent on the drive"}[self._pushed]

    def ask(
        self, command: str, *, profile: str = "", full: bool = False, dry_run: bool = False, ticket: str = ""
    ) -> Answer:
        """Return what the agent answers to a command, whether that is good news or not.

        An arm does nothing any more once a disarm has come with the same ``ticket``, letters and digits of chance.
        Raises HostError where no answer comes, LackingError where the agent cannot work at all.
        """
        words = remote.agent_words(command, profile=profile, full=full, dry_run=dry_run)
        timeout = _FULL if full else _TIMES[command]
        if self._pushed is None and command in {"arm", "disarm"}:
            # A question that changes nothing finds out whom to ask.
            self.ask("status")
        if self._pushed is None:
            answer = self._first(words, timeout)
            if answer is not None:
                return answer
        program, agent = remote.RUN_FROM_DRIVE, b""
        if self._pushed:
            agent, sha256 = remote.pushed_agent()
            program, words = remote.RUN_PUSHED, [sha256, *words]
        if ticket:
            program, words = remote.with_ticket(program, command), [ticket, *words]
        done = self.transport.run(program, words, stdin=agent, timeout=timeout)
        return self._read(done.code, done.stdout, done.stderr)

    def _first(self, words: list[str], timeout: float) -> Answer | None:
        """Return the answer of the agent on the drive; None where another one must be asked."""
        done = self.transport.run(remote.RUN_FROM_DRIVE, words, timeout=timeout)
        if done.code not in {remote.NO_AGENT, _USAGE}:
            answer = self._read(done.code, done.stdout, done.stderr)
            if answer.version:
                self._pushed = False
                return answer
        # There is none, or one that is too old to say what it is.
        self._pushed = True
        return None

    def _read(self, code: int, stdout: bytes, stderr: bytes) -> Answer:
        where = self.host.text
        said = [clean(line, most=300) for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        last = " / ".join(said[-2:]) or "it says nothing"
        # A login script may have said something all the same.
        has_answer = stdout.startswith(b"{") or b"\n{" in stdout
        if not stdout.strip() or (_is_of_sudo(last) and not has_answer):
            raise self._silence(code, last)
        if code not in {0, _FINDINGS, _LACKS, _REFUSED, _FAILED}:
            raise HostError(f"the agent ended with status {code}: {last}", where=where)
        return parse_answer(stdout, where=where)

    def _silence(self, code: int, last: str) -> KickbuildError:
        where = self.host.text
        if _is_of_sudo(last):
            return LackingError(
                f"sudo does not let the agent run: {last}",
                where=where,
                hint="--sudo needs a rule with NOPASSWD and without requiretty; or be root there",
            )
        if code == _USAGE:
            return UsageError(f"the agent does not understand: {last}", where=where)
        if code == _LACKS:
            return LackingError(f"the agent cannot work: {last}", where=where)
        message = {
            remote.NO_ROOM: f"the agent could not be put into a temporary directory: {last}",
            remote.DAMAGED: "the agent arrived damaged, and was not run",
            remote.WITHDRAWN: "no directory could be made in /run, or the arming was taken back before it began",
            remote.NO_AGENT: "the rebuild drive is no longer mounted where it was",
        }.get(code, f"no agent answered (status {code}): {last}")
        return HostError(message, where=where, hint="is there a sh, and is /tmp writable?")


def _is_of_sudo(said: str) -> bool:
    return said.startswith("sudo: ") or " sudo: " in said


#: How often a box is asked to disarm when the connection breaks, and the seconds between.
_TRIES: Final = 3
_PAUSE: Final = 1.0
#: Seconds for which an agent may still be at work there that was started by a connection that broke.
_BUSY: Final = 1800.0


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What came of disarming: ``words`` tell, ``is_sure`` is whether nothing is armed now."""

    words: str
    is_sure: bool


def taken_back(box: Box, name: str = "", ticket: str = "") -> TakenBack:
    """Disarm a box, which calls itself ``name`` where that is known; never raises an expected failure.

    With the ticket of an arming that may still be on its way, that arming is void.

    An agent that still arms holds its lock, and goes on when its connection breaks: it is waited for.
    """
    deadline = time.monotonic() + _BUSY
    tries = 0
    while True:
        # What was on its way when a connection broke has begun by then.
        time.sleep(_PAUSE)
        try:
            answer = box.ask("disarm", ticket=ticket)
        except KickbuildError as error:
            said, is_busy = error.problems[0].message, False
        else:
            errors = answer.found("error")
            if name and answer.host not in ("", name):
                errors = (Finding("box.other", "error", f"another box answers, {answer.host}"), *errors)
            if not errors:
                return TakenBack("it was disarmed and runs as before" if answer.changed else "nothing is armed", True)
            said, is_busy = errors[0].message, any(finding.id == "agent.busy" for finding in errors)
        tries += not is_busy
        if tries >= _TRIES or time.monotonic() > deadline:
            return TakenBack(f"it could NOT be disarmed ({said}): {may_be_armed(box.host)}", False)


def may_be_armed(host: Host) -> str:
    """Return what is to be said of a box that nobody knows to be disarmed."""
    return f"its next boot may rebuild it; `kickbuild disarm {host.text}`"


def refusal(findings: tuple[Finding, ...], host: Host) -> KickbuildError:
    """Return every reason for which an agent does not do what it is asked, its errors, as one error."""
    findings = tuple(finding for finding in findings if finding.severity == "error")
    problems = [Problem(f.message, where=f"{host.text}: {f.id}", hint=f.hint) for f in findings]
    if any(f.id in {"privileges", "tools.missing"} for f in findings):
        return LackingError(*problems)
    if any(f.id in {"arm.failed", "disarm.failed"} for f in findings):
        return HostError(*problems)
    return RefusedError(*problems)
