"""Boxes behind a real sshd on loopback: the real OpenSSH client talks to a made-up box, in a root of its own.

``with SshBox(tmp_path, "box1") as box`` starts one on a free port with keys of its own; several may run at once. Its
commands run as root with ``box.root`` for a root (chroot): busybox, and the programs that a test puts into
``box.programs``. ``box.client`` is the user's side: an ssh_config for ``-F`` that knows the box by its name. At the end
no process is left. Needs root, sshd, ssh-keygen and a static busybox.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Self

from agent_box import EL7, Box, Layout

from kickbuild.run import find_tool

if TYPE_CHECKING:
    from collections.abc import Callable

#: What must be installed: for ``needs_tools``.
SSH_TOOLS = ("sshd", "ssh", "ssh-keygen", "busybox")
_APPLETS = (
    *(
        "awk",
        "base64",
        "cat",
        "chmod",
        "chown",
        "cmp",
        "cp",
        "cut",
        "date",
        "dd",
        "df",
        "dirname",
        "echo",
        "env",
        "expr",
    ),
    *("false", "find", "grep", "head", "hostname", "id", "kill", "ln", "ls", "mkdir", "mktemp", "mv", "od", "printf"),
    *(
        "ps",
        "readlink",
        "rm",
        "rmdir",
        "sed",
        "sh",
        "sha256sum",
        "sleep",
        "sort",
        "stat",
        "sync",
        "tail",
        "tee",
        "test",
    ),
    *("touch", "tr", "true", "uname", "wc", "which", "whoami"),
)
#: Of the block that GRUB keeps its choice in: what grub2-editenv does, for a root without its libraries.
_EDITENV = r"""
file=$1; command=$2; shift 2
lines() { sed 1d "$file" | grep -v '^#' | grep =; }
case $command in
list) lines; exit 0 ;;
create) echo '# GRUB Environment Block' >"$file" ;;
esac
kept=$(lines)
for word; do
    kept=$(printf '%s\n' "$kept" | grep -v "^${word%%=*}=")
    [ "$command" != set ] || kept="$kept
$word"
done
{ grep '^# ' "$file"; printf '%s\n' "$kept" | sed '/^$/d'; } >"$file.new"
awk -v n="$((1024 - $(wc -c <"$file.new")))" 'BEGIN { while (n-- > 0) printf "#" }' >>"$file.new"
cat "$file.new" >"$file"
rm "$file.new"
"""
_SHELL = """\
#!/bin/sh
# What sshd runs instead of what it was asked for: the same, in the box's own root.
PATH=$PATH:/usr/sbin:/sbin
exec {enter} "{root}" /bin/env -i PATH=/programs:/bin HOME=/root SSH_CONNECTION="$SSH_CONNECTION" \\
    /bin/sh -c "${{SSH_ORIGINAL_COMMAND:-sh}}"
"""
#: With this machine's programs below /usr, in a mount namespace that ends with the command.
_WITH_USR = """unshare --mount sh -c 'mount -o bind,ro /usr "$1/usr" && exec chroot "$@"' sh"""


class Client:
    """The user's side: a home directory with a key, an ssh_config and known hosts."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700, exist_ok=True)
        self.key = home / "id"
        if not self.key.exists():
            make_key(self.key)
        self.config = home / "config"
        self.known_hosts = home / "known_hosts"
        self._hosts: dict[str, str] = {}

    def add(self, box: SshBox, *more: str) -> None:
        """Write how a box is reached; ``more`` are lines of ssh_config."""
        lines = [
            *(f"Host {box.name}", f"Port {box.port}", *more, "HostName 127.0.0.1", "User root"),
            *(f"IdentityFile {self.key}", "IdentitiesOnly yes", f"UserKnownHostsFile {self.known_hosts}"),
            *("GlobalKnownHostsFile /dev/null", "StrictHostKeyChecking yes", "UpdateHostKeys no"),
        ]
        self._hosts[box.name] = "\n  ".join(lines)
        self.config.write_text("\n".join(self._hosts.values()) + "\n")

    def know(self, box: SshBox, *, name: str = "") -> None:
        """Know the box's host key of now."""
        kind, key, *_ = box.host_key.with_suffix(".pub").read_text().split()
        with self.known_hosts.open("a") as file:
            file.write(f"{name or f'[127.0.0.1]:{box.port}'} {kind} {key}\n")

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a client: no agent, no home of this machine's user."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "PYTHONPATH": str(Path(__file__).parents[1]),
            **more,
        }


def make_key(path: Path) -> None:
    """Make a key pair."""
    for old in (path, path.with_suffix(".pub")):
        old.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], check=True)


class SshBox(Box):
    """A made-up box that is reached by ssh."""

    def __init__(
        self,
        top: Path,
        name: str = "box1",
        layout: Layout = EL7,
        *,
        client: Client | None = None,
        with_usr: bool = False,
    ) -> None:
        top.mkdir(parents=True, exist_ok=True)
        super().__init__(top, layout)
        self.name = name
        self.programs = self.root / "programs"
        self.control = self.root / "control"
        self.host_key = top / "host_key"
        self.port = _free_port()
        #: What happens where the box is told to reboot; the sshd is stopped then, and started again after it.
        self.on_reboot: Callable[[], None] = lambda: None
        #: Whether the box comes back at all.
        self.returns = True
        self._sshd: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._ends = threading.Event()
        self._lay_out_root(with_usr=with_usr)
        make_key(self.host_key)
        self.client = client or Client(top / "client")
        self.client.add(self)
        self.client.know(self)
        shell = top / "shell"
        shell.write_text(_SHELL.format(enter=_WITH_USR if with_usr else "chroot", root=self.root))
        shell.chmod(0o755)
        self._write_configuration(shell)

    def _lay_out_root(self, *, with_usr: bool) -> None:
        for folder in ("bin", "tmp", "root", "programs", "control", "run", "usr"):
            (self.root / folder).mkdir(exist_ok=True)
        (self.root / "tmp").chmod(0o1777)
        if with_usr:
            for folder in ("lib", "lib64"):
                (self.root / folder).symlink_to(f"usr/{folder}")
        shutil.copy(find_tool("busybox") or "busybox", self.root / "bin/busybox")
        for applet in _APPLETS:
            (self.root / "bin" / applet).symlink_to("busybox")
        null = self.root / "dev/null"
        try:
            os.mknod(null, 0o666 | 0o020000, os.makedev(1, 3))
            null.write_bytes(b"")
        except OSError:
            null.unlink(missing_ok=True)
            null.touch()
        self.inside("blkid", 'cat "/control/blkid/$6" 2>/dev/null || exit 2')
        shutil.copytree(self.top / "blkid", self.control / "blkid")
        self.inside("udevadm", "exit 1")
        self.inside("uname", "echo x86_64")
        self.inside("grub2-editenv", _EDITENV)
        self.inside("systemctl", '[ "$1" = reboot ] && touch /control/reboot')
        for name in ("reboot", "shutdown"):
            self.inside(name, "exit 1")
        self.write("/proc/mounts", "".join(f"{line}\n" for line in self.mounts))
        self.new_boot()

    def _write_configuration(self, shell: Path) -> None:
        keys = self.top / "authorized_keys"
        shutil.copy(self.client.key.with_suffix(".pub"), keys)
        self.configuration = self.top / "sshd_config"
        self.configuration.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.host_key}\nPidFile none\nStrictModes no\n"
            f"AuthorizedKeysFile {keys}\nForceCommand {shell}\nUsePAM no\nPermitRootLogin prohibit-password\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nUseDNS no\nMaxStartups 100\nPrintMotd no\n"
        )

    def inside(self, name: str, body: str) -> None:
        """Put a program on the box's PATH, before everything else."""
        path = self.programs / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def new_boot(self) -> str:
        """Give the box another boot id, and return it; the next random id is another one, too."""
        boot = str(uuid.uuid4())
        self.write("/proc/sys/kernel/random/boot_id", f"{boot}\n")
        self.write("/proc/sys/kernel/random/uuid", f"{uuid.uuid4()}\n")
        return boot

    def new_host_key(self, *, known: bool = False) -> None:
        """Give the box another host key, which the next start uses."""
        make_key(self.host_key)
        if known:
            self.client.know(self)

    def __enter__(self) -> Self:
        self.start()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        if self._watcher is not None:
            self._watcher.join(30)
        self.stop()
        for pid in self._inside():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def start(self) -> None:
        """Start the sshd, and wait until it answers."""
        # sshd wants an empty directory of root's for its unprivileged half.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        program = find_tool("sshd")
        assert program is not None
        with (self.top / "sshd.log").open("ab") as log:
            self._sshd = subprocess.Popen(
                [program, "-D", "-e", "-f", self.configuration],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                if probe.recv(4) == b"SSH-":
                    return
            assert self._sshd.poll() is None, (self.top / "sshd.log").read_text()
            time.sleep(0.02)
        raise AssertionError("sshd does not answer")

    def cut(self) -> None:
        """Break every connection; what runs in the box goes on."""
        for pid in _sshds(self._sshd.pid if self._sshd else 0):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stop the sshd with all its connections."""
        if self._sshd is not None:
            self._sshd.send_signal(signal.SIGSTOP)
            self.cut()
            self._sshd.kill()
            self._sshd.wait()
            self._sshd = None

    def has_command(self) -> bool:
        """Whether a command of a connection is at work, or waits to begin."""
        done = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True)
        return bool(self._inside()) or f"/bin/sh {self.top / 'shell'}" in done.stdout

    def _inside(self) -> list[int]:
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (path / "root").readlink() == self.root.resolve():
                    found.append(int(path.name))
        return found

    def _watch(self) -> None:
        asked = self.control / "reboot"
        cut = self.control / "cut"
        while not self._ends.wait(0.02):
            if cut.exists():
                cut.unlink()
                self.cut()
            if asked.exists():
                asked.unlink()
                self.stop()
                self.new_boot()
                self.on_reboot()
                if self.returns:
                    self.start()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert isinstance(port, int)
    return port


def _sshds(listener: int) -> list[int]:
    """Return the processes of an sshd's connections, below its listener."""
    parents: dict[int, tuple[int, str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = path.read_text()
            name = text[text.index("(") + 1 : text.rindex(")")]
            parents[int(path.parent.name)] = (int(text[text.rindex(")") + 2 :].split()[1]), name)
    found = {listener}
    while (
        more := {pid for pid, (parent, name) in parents.items() if parent in found and name.startswith("sshd")} - found
    ):
        found |= more
    return sorted(found - {listener})
