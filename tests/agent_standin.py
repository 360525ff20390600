"""An agent that says what a test wants, on the drive of a box behind an sshd: for what the real one never says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kickbuild.agent import AGENT
from kickbuild.trigger.answer import parse_answer
from kickbuild.trigger.plan import plan_box, token

if TYPE_CHECKING:
    from pathlib import Path

    from ssh_box import SshBox

ARMING = "0123456789abcdef" * 2
OTHER = "f" * 32
_AGENT = """\
main() {
    printf '%s\\n' "$*" >>/control/calls
    [ ! -f "/control/before-$1" ] || . "/control/before-$1"
    cat "/control/$1.json"
    case $1 in
    arm) cp /control/armed.json /control/status.json ;;
    disarm) cp /control/none.json /control/status.json ;;
    esac
    code=0
    [ ! -f "/control/$1.code" ] || code=$(cat "/control/$1.code")
    exit "$code"
}
main "$@"
"""


class StandIn:
    """Puts the agent on a box's drive, and says what it answers."""

    def __init__(self, box: SshBox) -> None:
        self.box = box
        (box.drive / AGENT.strip("/")).write_text(_AGENT)
        self.facts: dict[str, Any] = {
            "host": f"{box.name}.example.org",
            "version": "0.0.0",
            "profile": "web",
            "title": "Rebuild web",
            "release": "rocky9",
            "digest": "d" * 64,
            "drive": "/mnt/rebuild",
            "drive_uuid": "3bde0ee8-e6a9-4960-94e6-3fd6e3149de6",
            "loader": "grub2",
            "config": "/boot/grub2/custom.cfg",
            "target": "sda",
            "target_words": "serial = TARGET1",
            "target_serial": "TARGET1",
            "target_bytes": str(100 * 1024**3),
            "target_mounts": "/, /boot",
        }
        self.boots()

    def boots(self, **more: Any) -> None:
        """Say the plain answers of a box that runs the boot of now; ``more`` are facts of its status."""
        boot = self.box.path("/proc/sys/kernel/random/boot_id").read_text().strip()
        self.facts["boot_id"] = boot
        self.says("check", summary="ready: web can be armed")
        self.says("arm", id=ARMING, changed=True, summary="armed: the next boot rebuilds this box from web")
        self.says("disarm", changed=True, summary="disarmed: the box boots its own system")
        plain: dict[str, Any] = {"command": "status", "state": "none", "last": "none", "summary": "nothing is armed"}
        self.says("none", **plain | more)
        self.says("armed", command="status", state="armed", id=ARMING, summary="armed: the next boot rebuilds this box")
        self.says("status", **plain | more)

    def says(self, name: str, *, code: int = 0, **facts: Any) -> None:
        """Say what a command is answered."""
        value = {"schema": 1, "command": name, "findings": [], "steps": [], **self.facts, **facts}
        self.says_bytes(name, json.dumps(value).encode() + b"\n", code=code)

    def says_bytes(self, name: str, data: bytes, *, code: int = 0) -> None:
        """Say what a command is answered, to the byte."""
        (self.box.control / f"{name}.json").write_bytes(data)
        (self.box.control / f"{name}.code").write_text(f"{code}\n")

    def refuses(self, name: str, finding: str, message: str, hint: str = "mend it", *, code: int = 5) -> None:
        """Let a command find an error."""
        found = [{"id": finding, "severity": "error", "message": message, "hint": hint}]
        self.says(name, code=code, findings=found, errors=1, summary="refused: 1 error; nothing was written")

    def before(self, name: str, program: str) -> None:
        """Run a program in the box before a command is answered."""
        (self.box.control / f"before-{name}").write_text(program)

    def rebuilt(self, **more: Any) -> None:
        """Boot the new system: the drive and the system say so."""
        self.boots(
            last="installed", last_id=ARMING, system_id=ARMING, system_profile="web", system_release="rocky9", **more
        )

    def token(self) -> str:
        """Return the token of the plan that the box's answer makes."""
        check = parse_answer((self.box.control / "check.json").read_bytes(), where=self.box.name)
        return token(plan_box(self.box.name, check))

    @property
    def calls(self) -> list[str]:
        """The commands that the agent was given, in their order."""
        path: Path = self.box.control / "calls"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def is_armed(self) -> bool:
        """Whether the box would rebuild itself at its next boot."""
        return bool(json.loads((self.box.control / "status.json").read_bytes())["state"] == "armed")
