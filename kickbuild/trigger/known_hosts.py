"""The user's known hosts after a rebuild: the proven new key takes the old one's place, where the user wants that."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kickbuild.errors import HostError, system_error
from kickbuild.run import run

if TYPE_CHECKING:
    from kickbuild.trigger.ssh import Ssh


@dataclass(frozen=True, slots=True)
class HostKey:
    """A line of known_hosts: ``name`` as ssh writes it (``box``, ``[box]:2222``), type and key in base64."""

    name: str
    type: str
    key: str

    @property
    def fingerprint(self) -> str:
        """The fingerprint as ssh shows it."""
        digest = hashlib.sha256(base64.b64decode(self.key)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def line(self, *, hashed: bool) -> str:
        """Return the line for a file; a hashed name is HMAC-SHA1 under a random salt (sshd(8), SSH_KNOWN_HOSTS)."""
        name = self.name
        if hashed:
            salt = secrets.token_bytes(20)
            digest = hmac.digest(salt, name.encode(), "sha1")
            name = f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
        return f"{name} {self.type} {self.key}\n"


def proven_key(ssh: Ssh) -> HostKey:
    """Return the key under which a box has proved itself; raises HostError where ssh has noted none."""
    try:
        words = ssh.known_hosts.read_text("ascii").splitlines()[-1].split()
        key = HostKey(words[0], words[1], words[2])
        base64.b64decode(key.key, validate=True)
    except (OSError, ValueError, IndexError, binascii.Error) as error:
        raise HostError("ssh has not noted the new host key", where=ssh.host.text) from error
    return key


def known_hosts_file(ssh: Ssh) -> Path | None:
    """Return the file that ssh writes known hosts of this box to; None where it writes none."""
    names = ssh.configuration().get("userknownhostsfile", "~/.ssh/known_hosts").split()
    first = names[0] if names else "none"
    return None if first in {"none", "/dev/null"} else Path(first).expanduser()


def replace_key(ssh: Ssh, key: HostKey) -> Path | None:
    """Put a proven key in the place of what the user's known hosts have for the box; return the file.

    ``ssh-keygen -R`` leaves the file as it was beside it, as ``known_hosts.old``. Raises ToolError.
    """
    place = known_hosts_file(ssh)
    if place is None:
        return None
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        if place.exists():
            run(["ssh-keygen", "-R", key.name, "-f", place], timeout=30)
        hashed = ssh.configuration().get("hashknownhosts") == "yes"
        has_end = not place.exists() or place.read_bytes()[-1:] in {b"", b"\n"}
        descriptor = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(("" if has_end else "\n") + key.line(hashed=hashed))
    except OSError as error:
        raise system_error(error, place) from error
    return place
