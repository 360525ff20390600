"""One boot of a machine: QEMU from its start until the guest is off, reboots, or is stopped. Nothing outlives that.

Serial line and control channel are sockets without a name, so that no file is left and two rehearsals never meet.
QMP: docs/interop/qmp-spec.rst and qapi/ of QEMU.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from kickbuild.errors import ToolError
from kickbuild.rehearse.console import Event, Sign
from kickbuild.rehearse.machine import qemu_argv
from kickbuild.rehearse.png import look_alike, png_of_ppm
from kickbuild.run import start

if TYPE_CHECKING:
    import subprocess
    import threading
    from collections.abc import Callable

    from kickbuild.rehearse.console import Console
    from kickbuild.rehearse.machine import Machine
    from kickbuild.rehearse.scratch import Workplace

_POLL: Final = 0.2
_ASK_EVERY: Final = 0.5
_CHUNK: Final = 1 << 16
#: A control channel that says more than this in one message is not QEMU's.
_LONGEST_MESSAGE: Final = 4 << 20
_NOT_QMP: Final = "QEMU's control channel says something that is not QMP"
#: Bytes that must have gone to a disk before its writes are an installer's: a boot loader clears its choice in one KiB.
_INSTALLER_WRITES: Final = 4096
_PATIENCE_AT_END: Final = 3.0
_MOST_SCREENSHOTS: Final = 12
#: When the guest's screen is worth a picture.
_PICTURED: Final = frozenset(
    {
        Sign.ENTRY,
        Sign.INSTALLER,
        Sign.STAND_IN,
        Sign.PANIC,
        Sign.GUARD,
        Sign.INSTALLED,
        Sign.WRITES,
        Sign.OLD_SYSTEM,
        Sign.NEW_SYSTEM,
    }
)


class Ending(StrEnum):
    """Why a boot ended."""

    REBOOT = "rebooted"
    OFF = "switched itself off"
    REACHED = "reached a system"
    CUT = "had its power cut"
    DEADLINE = "did not come to an end before the deadline"
    DIED = "ended because QEMU failed"
    FULL = "was stopped because no room was left for what it wrote"
    STOPPED = "was stopped"
    BROKEN = "could not be played to its end"


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A picture of the guest's screen, as PNG."""

    seconds: float
    caption: str
    png: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is looked at while a machine runs: its console, the clock, and what ends it."""

    console: Console
    began: float
    """``time.monotonic`` at the scenario's beginning."""
    deadline: float
    """Seconds after which the scenario ends."""
    stop: threading.Event
    cut_at_writes_to: int | None = None
    """The disk at whose first writes by an installer the power is cut."""
    cut_at_words: str = ""
    """What the console says when the power is to be cut."""
    disks: tuple[str, ...] = ()
    """What each disk of the machine is, in words."""
    pictures: list[Screenshot] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BootEnd:
    """How one boot ended, and what QEMU itself complained of."""

    ending: Ending
    complaints: str


def boot_once(machine: Machine, watch: Watch, place: Workplace, *, program: str) -> BootEnd:
    """Run QEMU until the machine is off. Raises LackingError and ToolError where it cannot be started."""
    said = place.file()
    serial, serial_of_qemu = socket.socketpair()
    control, control_of_qemu = socket.socketpair()
    output = os.open(said, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    ends = (serial_of_qemu.fileno(), control_of_qemu.fileno())
    try:
        argv = qemu_argv(machine, program=program, serial=ends[0], control=ends[1])
        process = start(argv, descriptors=ends, output=output)
        serial_of_qemu.close()
        control_of_qemu.close()
        try:
            ending = _Session(process, serial, control, watch, place).follow()
            last = _tail(output) or _parting(process.poll())
        finally:
            process.kill()
            process.wait()
        return BootEnd(ending, last)
    finally:
        os.close(output)
        for end in (serial, serial_of_qemu, control, control_of_qemu):
            end.close()


def _tail(output: int) -> str:
    size = os.fstat(output).st_size
    return os.pread(output, _CHUNK, max(0, size - _CHUNK)).decode("utf-8", "replace").strip()


def _parting(status: int | None) -> str:
    """Return in words how a process ended that said nothing; empty where it runs or ended well."""
    if not status:
        return ""
    return f"it ended by signal {-status}" if status < 0 else f"it ended with status {status}, without a word"


class _Session:
    """The conversation with one QEMU."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        serial: socket.socket,
        control: socket.socket,
        watch: Watch,
        place: Workplace,
    ) -> None:
        self._process, self._serial, self._control = process, serial, control
        self._watch, self._place = watch, place
        self._answers: dict[int, Callable[[Any], None]] = {}
        self._number = 0
        self._received = b""
        self._heard = b""
        self._asked = 0.0
        self._ending: Ending | None = None
        self._leave_at = float("inf")
        self._wrote = False
        self._screen = place.file()
        self._asked_screen = 0
        self._shown = b""

    def follow(self) -> Ending:
        """Read and answer until the end."""
        with selectors.DefaultSelector() as selector:
            for end, take in ((self._serial, self._hear), (self._control, self._control_said)):
                end.setblocking(False)
                selector.register(end, selectors.EVENT_READ, take)
            self._ask("qmp_capabilities")
            while True:
                ready = selector.select(_POLL)
                for key, _ in ready:
                    if not key.data():
                        selector.unregister(key.fileobj)
                if self._process.poll() is not None and not ready:
                    return self._how_it_ended()
                now = time.monotonic()
                if self._watch.stop.is_set():
                    return Ending.STOPPED
                if now > self._watch.began + self._watch.deadline and self._ending is None:
                    self._picture("at the deadline")
                    self._ending, self._leave_at = Ending.DEADLINE, now + _PATIENCE_AT_END
                if now > self._leave_at:
                    return self._ending or Ending.OFF
                self._look(now)

    def _how_it_ended(self) -> Ending:
        if self._ending is not None:
            return self._ending
        return Ending.OFF if self._process.returncode == 0 else Ending.DIED

    def _hear(self) -> bool:
        data = self._read(self._serial)
        words = self._watch.cut_at_words
        if words and words in self._last_words(data):
            self._ask("quit")
            self._end(Ending.CUT)
        for event in self._watch.console.feed(data, self._seconds()) if data else ():
            if event.sign in _PICTURED:
                self._picture(event.text)
            if event.sign in {Sign.OLD_SYSTEM, Sign.NEW_SYSTEM}:
                self._end(Ending.REACHED)
        return bool(data)

    def _last_words(self, data: bytes) -> str:
        self._heard = (self._heard + data)[-_CHUNK:]
        return self._heard.decode("utf-8", "replace")

    def _control_said(self) -> bool:
        data = self._read(self._control)
        self._received += data
        if len(self._received) > _LONGEST_MESSAGE:
            raise ToolError(_NOT_QMP)
        *lines, self._received = self._received.split(b"\n")
        try:
            for line in lines:
                if line.strip():
                    self._take(json.loads(line))
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise ToolError(_NOT_QMP) from error
        return bool(data)

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            answer = self._answers.pop(message["id"], None)
            if answer is not None and "return" in message:
                answer(message["return"])
        elif message.get("event") == "SHUTDOWN":
            reason = message.get("data", {}).get("reason", "")
            if self._ending is None:
                self._ending = Ending.REBOOT if reason == "guest-reset" else Ending.OFF
                if reason.startswith("host-"):
                    # Somebody here ended it: a signal, or a word on another control channel.
                    self._ending = Ending.DIED
        elif message.get("event") == "BLOCK_IO_ERROR" and message.get("data", {}).get("nospace"):
            self._ending = Ending.FULL
            self._leave_at = 0.0

    def _look(self, now: float) -> None:
        """Ask now and then how much was written to the disks."""
        if now - self._asked < (_ASK_EVERY if self._watch.cut_at_writes_to is None else _POLL) or self._wrote:
            return
        self._asked = now
        self._ask("query-blockstats", then=self._take_statistics)

    def _take_statistics(self, disks: list[dict[str, Any]]) -> None:
        wanted = self._watch.cut_at_writes_to
        for disk in disks:
            name, written = disk.get("device", ""), disk["stats"]["wr_bytes"]
            if not name.startswith("disk") or written < _INSTALLER_WRITES or self._wrote:
                continue
            if wanted is None or name == f"disk{wanted}":
                self._wrote = True
                self._watch.console.add(
                    Event(self._seconds(), Sign.WRITES, f"something is written to the {self._named(name)}")
                )
                if wanted is not None:
                    # QEMU then hands the disks what the guest wrote, in its order, and nothing of the guest's memory.
                    self._watch.console.add(Event(self._seconds(), Sign.POWER_CUT, "the power is cut"))
                    self._ask("quit")
                    self._end(Ending.CUT)

    def _named(self, name: str) -> str:
        number = int(name.removeprefix("disk"))
        return self._watch.disks[number] if number < len(self._watch.disks) else name

    def _end(self, ending: Ending) -> None:
        if self._ending is None:
            self._ending = ending
            self._leave_at = time.monotonic() + _PATIENCE_AT_END
            if ending is Ending.REACHED:
                self._ask("quit")

    def _picture(self, caption: str) -> None:
        """Ask for the screen; what is said while QEMU makes its picture has the same one."""
        if len(self._watch.pictures) >= _MOST_SCREENSHOTS or self._asked_screen in self._answers:
            return
        file, seconds = self._screen, self._seconds()

        def take(_: object) -> None:
            with contextlib.suppress(OSError, ValueError):
                shown = file.read_bytes()
                if not look_alike(shown, self._shown):
                    self._shown = shown
                    self._watch.pictures.append(Screenshot(seconds, caption, png_of_ppm(shown)))

        self._asked_screen = self._ask("screendump", {"filename": str(file)}, then=take)

    def _ask(
        self, command: str, arguments: dict[str, Any] | None = None, *, then: Callable[[Any], None] | None = None
    ) -> int:
        self._number += 1
        if then is not None:
            self._answers[self._number] = then
        message = {"execute": command, "id": self._number} | ({"arguments": arguments} if arguments else {})
        # A QEMU that is gone, or that does not listen, is noticed elsewhere.
        with contextlib.suppress(OSError):
            self._control.send(json.dumps(message).encode() + b"\n")
        return self._number

    def _read(self, end: socket.socket) -> bytes:
        try:
            return end.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return b""
        except ConnectionError:
            return b""

    def _seconds(self) -> float:
        return time.monotonic() - self._watch.began
