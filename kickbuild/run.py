"""The one module that starts processes.

Every external program runs with a fixed locale and no standard input, is found by name, and when it is missing the
error names the package that brings it.
"""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kickbuild.errors import LackingError, ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: program -> (Debian package, RHEL-family package)
PACKAGES: dict[str, tuple[str, str]] = {
    "blkid": ("util-linux", "util-linux"),
    "debugfs": ("e2fsprogs", "e2fsprogs"),
    "e2fsck": ("e2fsprogs", "e2fsprogs"),
    "e2image": ("e2fsprogs", "e2fsprogs"),
    "fsck.vfat": ("dosfstools", "dosfstools"),
    "grub-mkimage": ("grub-common", "grub2-tools"),
    "losetup": ("mount", "util-linux"),
    "mcopy": ("mtools", "mtools"),
    "mdel": ("mtools", "mtools"),
    "mdir": ("mtools", "mtools"),
    "mformat": ("mtools", "mtools"),
    "mke2fs": ("e2fsprogs", "e2fsprogs"),
    "mkfs.vfat": ("dosfstools", "dosfstools"),
    "mkfs.xfs": ("xfsprogs", "xfsprogs"),
    "mmd": ("mtools", "mtools"),
    "mount": ("mount", "util-linux"),
    "mrd": ("mtools", "mtools"),
    "mren": ("mtools", "mtools"),
    "mshowfat": ("mtools", "mtools"),
    "qemu-img": ("qemu-utils", "qemu-img"),
    "qemu-io": ("qemu-utils", "qemu-img"),
    "qemu-system-x86_64": ("qemu-system-x86", "qemu-kvm"),
    "sfdisk": ("fdisk", "util-linux"),
    "ssh": ("openssh-client", "openssh-clients"),
    "ssh-keygen": ("openssh-client", "openssh"),
    "umount": ("mount", "util-linux"),
}

# Debian keeps mke2fs and friends in /usr/sbin, which is not on an ordinary user's PATH.
_EXTRA_PATH = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program left behind: its exit status and both outputs as bytes.

    ``stopped`` says why ``run_bounded`` ended it: ``time``, ``size``, or empty where it ended by itself.
    """

    code: int
    stdout: bytes
    stderr: bytes
    stopped: str = ""

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode("utf-8", "replace")


def find_tool(name: str) -> Path | None:
    """Return the path of a program, or None."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_EXTRA_PATH])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def require_tool(name: str) -> Path:
    """Return the path of a program; raise LackingError naming the package that brings it."""
    found = find_tool(name)
    if found is None:
        debian, fedora = PACKAGES.get(name, (name, name))
        raise LackingError(
            f"the program {name} is not installed",
            hint=f"install the package that brings it: {debian} (Debian), {fedora} (Fedora, RHEL)",
        )
    return found


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    stdin: bytes = b"",
    check: bool = True,
    timeout: float | None = None,
    memory: int | None = None,
) -> Completed:
    """Run ``argv`` (its first word is looked up) and collect its output.

    Raises LackingError when the program is missing, ToolError when it fails (with ``check``) or exceeds ``timeout``
    seconds. ``memory`` is how many bytes it may fill. Secrets must not be in ``argv``; pass them by ``stdin``.
    """
    words = [os.fspath(word) for word in argv]
    program = require_tool(words[0])
    try:
        done = subprocess.run(
            [os.fspath(program), *words[1:]],
            input=stdin,
            capture_output=True,
            check=False,
            timeout=timeout,
            env=_environment(),
            preexec_fn=None if memory is None else partial(_limit_memory, memory),
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{words[0]} did not finish within {timeout:g} s: {shlex.join(words)}") from error
    except OSError as error:
        raise _not_started(words[0], error) from error
    if check and done.returncode != 0:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        last = " / ".join(said.splitlines()[-3:]) or "it said nothing"
        raise ToolError(
            f"{words[0]} failed with status {done.returncode}: {last}", hint=f"command: {shlex.join(words)}"
        )
    return Completed(done.returncode, done.stdout, done.stderr)


def start(
    argv: Sequence[str | os.PathLike[str]], *, descriptors: Sequence[int], output: int
) -> subprocess.Popen[bytes]:
    """Start a program that works beside this one, with some of our descriptors, and both its outputs in ``output``.

    It is out of reach of the terminal's Ctrl-C, so that who started it ends it; and the kernel kills it when the thread
    that started it is gone, whatever ended that. Raises LackingError and ToolError.
    """
    words = [os.fspath(word) for word in argv]
    program = require_tool(words[0])
    try:
        return subprocess.Popen(
            [os.fspath(program), *words[1:]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
            process_group=0,
            env=_environment(),
            preexec_fn=dying_with(os.getpid()),  # noqa: PLW1509 - it takes no lock, and allocates nothing
        )
    except OSError as error:
        raise _not_started(words[0], error) from error


def _not_started(name: str, error: OSError) -> ToolError:
    return ToolError(f"{name} cannot be started: {error.strerror or error}", hint=f"is it {find_tool(name)}?")


def dying_with(parent: int) -> Callable[[], None]:
    """Return what a new process calls so that the kernel kills it when ``parent``, which made it, is gone."""
    import ctypes

    # Looked up before the fork, after which little is allowed. linux/prctl.h: PR_SET_PDEATHSIG is 1.
    prctl = ctypes.CDLL(None).prctl

    def prepare() -> None:
        prctl(1, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def run_bounded(
    argv: Sequence[str | os.PathLike[str]],
    *,
    timeout: float,
    most: int,
    stdin: bytes = b"",
    detached: bool = True,
) -> Completed:
    """Run a program that may say or take too much: it is ended after ``timeout`` seconds or ``most`` bytes.

    A ``detached`` program is out of reach of the terminal: Ctrl-C does not stop it, and it cannot ask there.
    What a child of it still holds open is not waited for: a connection that ssh keeps would never end.
    Raises LackingError when the program is missing.
    """
    words = [os.fspath(word) for word in argv]
    program = require_tool(words[0])
    with subprocess.Popen(
        [os.fspath(program), *words[1:]],
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        start_new_session=detached,
    ) as process:
        try:
            return _converse(process, stdin, time.monotonic() + timeout, most)
        finally:
            # Before Popen waits for it: by an error or Ctrl-C this may be left while it runs.
            process.kill()


#: Seconds between two looks whether a program has ended that has not closed its outputs.
_LOOK: Final = 0.05
_CHUNK: Final = 65536


def _converse(process: subprocess.Popen[bytes], stdin: bytes, deadline: float, most: int) -> Completed:
    assert process.stdout is not None
    assert process.stderr is not None
    said = {process.stdout: bytearray(), process.stderr: bytearray()}
    stopped = ""
    with selectors.DefaultSelector() as ready:
        for stream in said:
            ready.register(stream, selectors.EVENT_READ)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            ready.register(process.stdin, selectors.EVENT_WRITE)
        while not stopped and any(stream in ready.get_map() for stream in said):
            has_ended = process.poll() is not None
            events = ready.select(0 if has_ended else _LOOK)
            if has_ended and not any(key.fileobj in said for key, _ in events):
                break
            for key, _ in events:
                if key.fileobj is process.stdin:
                    stdin = _fed(process, stdin, ready)
                elif chunk := os.read(key.fd, _CHUNK):
                    said[key.fileobj] += chunk  # type: ignore[index]
                else:
                    ready.unregister(key.fileobj)
            if time.monotonic() > deadline:
                stopped = "time"
            elif any(len(data) > most for data in said.values()):
                stopped = "size"
    try:
        process.wait(0 if stopped else max(deadline - time.monotonic(), _LOOK))
    except subprocess.TimeoutExpired:
        stopped = stopped or "time"
        process.kill()
    return Completed(process.wait(), bytes(said[process.stdout]), bytes(said[process.stderr]), stopped)


def _fed(process: subprocess.Popen[bytes], stdin: bytes, ready: selectors.BaseSelector) -> bytes:
    """Give a program more of its input; return what is left. A program that does not want it is no error."""
    assert process.stdin is not None
    with contextlib.suppress(BlockingIOError):
        try:
            stdin = stdin[os.write(process.stdin.fileno(), stdin[:_CHUNK]) :]
        except BrokenPipeError:
            stdin = b""
    if not stdin:
        ready.unregister(process.stdin)
        process.stdin.close()
    return stdin


def _limit_memory(most: int) -> None:
    # Not RLIMIT_AS: a program may reserve more of that than there is memory.
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LC_") and key != "LANGUAGE"}
    return kept | {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
