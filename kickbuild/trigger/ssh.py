"""The way to a box by the OpenSSH client, with the user's own configuration, keys and known hosts."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from kickbuild.errors import HostError, UsageError
from kickbuild.run import Completed, run_bounded
from kickbuild.trigger.answer import MOST_BYTES, clean
from kickbuild.trigger.remote import BOOT_ID, remote_command
from kickbuild.trigger.transport import Reach, ReachError, bounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kickbuild.trigger.host import Host

#: The exit status with which ssh tells a failure of its own.
_SSH_FAILED: Final = 255
#: Bytes of the name of a socket: the least that a system takes is 104, and ssh adds 17 of its own while it makes one.
_SOCKET: Final = 80
#: Seconds after which a connection that nobody uses ends by itself, also where this process is killed.
_PERSIST: Final = 60
#: What no configuration may add to a connection that is only there to run one command.
_PLAIN: Final = (
    *("RequestTTY=no", "RemoteCommand=none", "PermitLocalCommand=no", "ClearAllForwardings=yes", "ForwardAgent=no"),
    *("ForwardX11=no", "LogLevel=ERROR", "ConnectTimeout=10", "ServerAliveInterval=15", "ServerAliveCountMax=3"),
    f"ControlPersist={_PERSIST}",
)
#: A connection to whoever answers: it proves nothing, so it is given nothing but a signature of a public key, which is
#: of no use in any other connection.
UNPROVEN: Final = (
    *("StrictHostKeyChecking=accept-new", "GlobalKnownHostsFile=/dev/null", "PreferredAuthentications=publickey"),
    *("PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "GSSAPIAuthentication=no", "BatchMode=yes"),
    *("HostbasedAuthentication=no", "ForwardAgent=no", "UpdateHostKeys=no", "HashKnownHosts=no", "CheckHostIP=no"),
    *("VerifyHostKeyDNS=no", "IgnoreUnknown=*", "KnownHostsCommand=none", "ControlPath=none"),
)
_OTHER_KEY: Final = re.compile(r"HOST IDENTIFICATION HAS CHANGED|Host key verification failed|host key is known for")


@dataclass(frozen=True, slots=True)
class SshOptions:
    """What the user says about the way: ``-o`` options, another configuration file, and sudo on the box."""

    options: tuple[str, ...] = ()
    config: Path | None = None
    sudo: bool = False

    def words(self) -> list[str]:
        """Return them as words for ssh; raises UsageError where one is no option."""
        words = [] if self.config is None else ["-F", os.fspath(self.config)]
        for option in self.options:
            if not re.fullmatch(r"[A-Za-z0-9]+[= ][^\x00-\x1f\x7f]+", option):
                raise UsageError(f"{option!r} is no option of ssh", hint="-o NAME=VALUE, as in ssh_config(5)")
            words += ["-o", option]
        return words


class Ssh:
    """The way to one box. A context manager: what it has opened and made is gone at the end.

    The first connection is kept for the commands that follow (ControlMaster, in a directory of its own). Only it may
    ask for a passphrase, on the terminal where there is one.
    """

    def __init__(self, host: Host, options: SshOptions) -> None:
        self.host = host
        #: Whether a question of ssh's (a passphrase, a password) may be put on the terminal.
        self.may_ask = _has_terminal()
        self._sudo = options.sudo
        self._given = options.words()
        self._folder = _private_folder()
        self._socket = self._folder / "m"
        self.known_hosts = self._folder / "known_hosts"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def has_drive_commands(self) -> bool:
        """A box has its own mounts."""
        return True

    def run(self, program: str, words: Sequence[str] = (), *, stdin: bytes = b"", timeout: float) -> Completed:
        """Run a program on the box, by the connection that is kept."""
        self.ready()
        return self._call(self._kept("no"), program, words, stdin=stdin, timeout=timeout)

    def run_once(self, program: str, words: Sequence[str] = (), *, stdin: bytes = b"", timeout: float) -> Completed:
        """Run a program by a new connection that asks nobody anything: a look whether the box is there."""
        options = ["-o", "ControlPath=none", "-o", "BatchMode=yes"]
        return self._call(options, program, words, stdin=stdin, timeout=timeout)

    def run_unproven(self, program: str, words: Sequence[str] = (), *, stdin: bytes = b"", timeout: float) -> Completed:
        """Run a program on whoever answers; the host key goes into ``known_hosts``, a file of this object's own."""
        options = [word for option in (*UNPROVEN, f"UserKnownHostsFile={self.known_hosts}") for word in ("-o", option)]
        return self._call(options, program, words, stdin=stdin, timeout=timeout)

    def close(self) -> None:
        """End the connection that is kept."""
        if self._socket.exists():
            run_bounded(self._line(["-o", f"ControlPath={self._socket}", "-O", "exit"]), timeout=10, most=MOST_BYTES)

    def configuration(self) -> dict[str, str]:
        """Return what ssh makes of its configuration for this box: words in lower case -> values (``ssh -G``)."""
        done = run_bounded(self._line(["-G"]), timeout=30, most=MOST_BYTES)
        rows = (line.partition(" ") for line in done.text.splitlines())
        return {name: value for name, _, value in rows}

    def _kept(self, master: str) -> list[str]:
        words = ["-o", f"ControlPath={self._socket}", "-o", f"ControlMaster={master}"]
        return words if self.may_ask and master == "yes" else [*words, "-o", "BatchMode=yes"]

    def ready(self) -> None:
        """Make sure that the kept connection is there; the first time this may ask on the terminal."""
        if self._socket.exists():
            alive = run_bounded(
                self._line(["-o", f"ControlPath={self._socket}", "-O", "check"]), timeout=10, most=MOST_BYTES
            )
            if alive.code == 0:
                return
            self._socket.unlink(missing_ok=True)
        done = run_bounded(
            [*self._line(self._kept("yes")), "true"], timeout=300, most=MOST_BYTES, detached=not self.may_ask
        )
        if done.code == _SSH_FAILED or done.stopped:
            raise self._failure(done)

    def _call(
        self, options: Sequence[str], program: str, words: Sequence[str], *, stdin: bytes, timeout: float
    ) -> Completed:
        # A new system may have no rule for sudo yet; that it has booted is to be seen all the same.
        command = remote_command(program, words, sudo=self._sudo and program != BOOT_ID)
        done = run_bounded([*self._line(options), command], timeout=timeout, most=MOST_BYTES, stdin=stdin)
        if done.code == _SSH_FAILED:
            raise self._failure(done)
        return bounded(done, self.host, timeout)

    def _line(self, options: Sequence[str]) -> list[str]:
        plain = [word for option in _PLAIN for word in ("-o", option)]
        # Of an option that is given twice, ssh takes the first.
        return ["ssh", *options, *self._given, *plain, "--", self.host.text]

    def _failure(self, done: Completed) -> HostError:
        lines = [clean(line) for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        said = " / ".join(lines[-2:]) or "ssh says nothing"
        if any(_OTHER_KEY.search(line) for line in lines):
            message, reach = f"ssh does not know its host key: {said}", Reach.OTHER_KEY
            hint = f"ssh {self.host.text} tells more: connect by hand once, and compare the key's fingerprint"
        elif any("Permission denied" in line or "Too many authentication failures" in line for line in lines):
            message, reach = f"the box lets nobody in: {said}", Reach.DENIED
            hint = f"`ssh {self.host.text} true` must work"
        else:
            message, reach = f"the box cannot be reached: {said}", Reach.AWAY
            hint = f"`ssh {self.host.text} true` must work"
        return ReachError(message, reach=reach, where=self.host.text, hint=hint)


def _private_folder() -> Path:
    """Return a new directory that is this user's alone, with a name short enough for a socket in it."""
    for place in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir()):
        # ssh would take more than letters for something else.
        if place and re.fullmatch(r"[A-Za-z0-9/_.-]+", place) and len(place) + len("/kb-12345678/m") <= _SOCKET:
            try:
                return Path(tempfile.mkdtemp(prefix="kb-", dir=place))
            except OSError:
                continue
    return Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
