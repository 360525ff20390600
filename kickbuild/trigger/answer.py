"""What a box's agent answers: one JSON object. It comes from the box, so every value is data, bounded and clean."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from typing import Any, Final

from kickbuild.errors import HostError

#: Bytes of an answer; the longest part of one is 64 KiB of logs.
MOST_BYTES: Final = 1024 * 1024
#: Characters of a fact, and of the logs that a report carries.
MOST_CHARACTERS: Final = 4096
MOST_TEXT: Final = 65536
#: Entries of a list.
MOST_ENTRIES: Final = 500
SCHEMA: Final = 1
STATES: Final = ("none", "armed", "spent", "unfinished")
OUTCOMES: Final = ("none", "started", "refused", "failed", "installed")
_PROFILE: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_ID: Final = re.compile(r"[0-9a-f]{32}")
_BOOT: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BOOT_WORD: Final = re.compile(r"[0-9A-Za-z-]{0,64}")
_BLANKS: Final = {"\n": "\n", "\t": "    "}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: ``severity`` is error, warning or info; ids are stable."""

    id: str
    severity: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log that the installer left on the drive, and its bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's facts; empty where the agent did not tell one.

    No text has control characters in it, but for the line ends of ``text``. ``id`` is the arming's (32 hex digits),
    ``last_id`` that of the last rebuild on the drive, ``system_id`` that of the rebuild which made the running system.
    Times are the box's own clock's: to show, never to decide by.
    """

    command: str
    summary: str = ""
    changed: bool = False
    dry_run: bool = False
    errors: int = 0
    steps: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    # every command
    host: str = ""
    boot_id: str = ""
    version: str = ""
    drive: str = ""
    drive_uuid: str = ""
    title: str = ""
    digest: str = ""
    profile: str = ""
    release: str = ""
    loader: str = ""
    config: str = ""
    # check and arm
    target: str = ""
    target_words: str = ""
    target_mounts: str = ""
    target_serial: str = ""
    target_bytes: int = 0
    keep: tuple[str, ...] = ()
    id: str = ""
    # status and report
    state: str = ""
    since: str = ""
    by: str = ""
    armed_on: str = ""
    last: str = ""
    last_id: str = ""
    last_time: str = ""
    last_reason: str = ""
    system_id: str = ""
    system_profile: str = ""
    system_release: str = ""
    system_digest: str = ""
    system_time: str = ""
    log: tuple[LogFile, ...] = ()
    text: str = ""

    def found(self, severity: str) -> tuple[Finding, ...]:
        """Return the findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)


#: Facts that are one line of text and need no further look.
_TEXTS: Final = frozenset(field.name for field in fields(Answer) if field.type == "str") - {"command", "text"}


def clean(text: str, *, most: int = MOST_CHARACTERS) -> str:
    """Return text from a box on one line: what commands a terminal becomes ``?``, what is too long ends in ``…``."""
    line = "".join(c if c.isprintable() else "?" for c in text[:most])
    return line if len(text) <= most else f"{line}…"


def parse_answer(data: bytes, *, where: str) -> Answer:
    """Return what an agent has answered; ``where`` names the box in messages.

    The answer is the last line that begins a JSON object: what a login script says before it does no harm.
    Raises HostError where there is none, or it is not of the agent's form.
    """
    if len(data) > MOST_BYTES:
        raise HostError(f"the answer has more than {MOST_BYTES} bytes", where=where, hint=_HINT)
    value = _json_object(data, where)
    if value.get("schema") != SCHEMA or isinstance(value.get("schema"), bool):
        raise HostError(
            f"the answer's schema is {_shown(value.get('schema'))}, not {SCHEMA}",
            where=where,
            hint="use the kickbuild that the drive was prepared with, or a newer one",
        )
    try:
        return _answer(value)
    except _WrongError as error:
        raise HostError(f"the answer is not the agent's: {error}", where=where, hint=_HINT) from error


def parse_boot_id(data: bytes) -> str:
    """Return the id of the running boot: the last line that is one, whatever a login script says; empty for none."""
    lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines()]
    return next((line for line in reversed(lines) if _BOOT.fullmatch(line)), "")


_HINT: Final = "look at what the box prints: run `sh /kickbuild/agent status --json` of the drive on it by hand"


class _WrongError(Exception):
    """A fact is not what the agent would say."""


def _shown(value: object) -> str:
    return clean(repr(value), most=40)


def _json_object(data: bytes, where: str) -> dict[str, Any]:
    text = data.decode("utf-8", "replace")
    lines = [line for line in text.split("\n") if line.startswith("{")]
    if not lines:
        said = clean(" / ".join(text.split("\n")[:3]).strip(), most=200)
        raise HostError(f"no answer of the agent came, but: {said or 'nothing'}", where=where, hint=_HINT)
    try:
        value = json.loads(lines[-1])
    except (ValueError, RecursionError) as error:
        # The error's own words may be as long as the answer.
        raise HostError(f"the answer is no JSON: {clean(str(error), most=100)}", where=where, hint=_HINT) from error
    assert isinstance(value, dict)
    return value


def _answer(value: dict[str, Any]) -> Answer:
    facts: dict[str, Any] = {name: clean(_text(value, name)) for name in _TEXTS}
    answer = Answer(
        command=clean(_text(value, "command"), most=20),
        changed=_flag(value, "changed"),
        dry_run=_flag(value, "dry_run"),
        errors=_number(value, "errors"),
        steps=tuple(clean(step) for step in _entries(value, "steps", str)),
        findings=tuple(_finding(found) for found in _entries(value, "findings", dict)),
        target_bytes=_number(value, "target_bytes"),
        keep=_keep(_text(value, "keep")),
        log=tuple(_log_file(found) for found in _entries(value, "log", dict)),
        text=_lines(_text(value, "text")),
        **facts,
    )
    if not answer.command:
        raise _WrongError("it names no command")
    if answer.profile and not _PROFILE.fullmatch(answer.profile):
        raise _WrongError(f"no profile is called {_shown(answer.profile)}")
    for name in ("id", "last_id", "system_id"):
        if (found := getattr(answer, name)) and not _ID.fullmatch(found):
            raise _WrongError(f"{name} is {_shown(found)}, which is no id")
    if not _BOOT_WORD.fullmatch(answer.boot_id):
        raise _WrongError(f"boot_id is {_shown(answer.boot_id)}, which is no id")
    if answer.state not in ("", *STATES):
        raise _WrongError(f"its state is {_shown(answer.state)}")
    if answer.last not in ("", *OUTCOMES):
        raise _WrongError(f"its last outcome is {_shown(answer.last)}")
    return answer


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name, "")
    if not isinstance(found, str):
        raise _WrongError(f"{name} is {_shown(found)}, which is no text")
    return found


def _flag(value: dict[str, Any], name: str) -> bool:
    found = value.get(name, False)
    if not isinstance(found, bool):
        raise _WrongError(f"{name} is {_shown(found)}, neither true nor false")
    return found


def _number(value: dict[str, Any], name: str) -> int:
    """Return a number that may be written as text, as the agent writes what it measured; 0 for none."""
    found = value.get(name, 0)
    if isinstance(found, str) and re.fullmatch(r"[0-9]{0,20}", found, re.ASCII):
        found = int(found or "0")
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 1 << 64:
        raise _WrongError(f"{name} is {_shown(found)}, which is no number")
    return found


def _entries(value: dict[str, Any], name: str, kind: type) -> list[Any]:
    found = value.get(name, [])
    if not isinstance(found, list) or not all(isinstance(entry, kind) for entry in found):
        raise _WrongError(f"{name} is {_shown(found)}, which is no list of the right kind")
    if len(found) > MOST_ENTRIES:
        raise _WrongError(f"{name} has {len(found)} entries")
    return found


def _finding(value: dict[str, Any]) -> Finding:
    severity = _text(value, "severity")
    if severity not in {"error", "warning", "info"}:
        raise _WrongError(f"a finding's severity is {_shown(severity)}")
    name, message, hint = (clean(_text(value, key)) for key in ("id", "message", "hint"))
    return Finding(name, severity, message, hint)


def _log_file(value: dict[str, Any]) -> LogFile:
    return LogFile(clean(_text(value, "name"), most=255), _number(value, "size"))


def _keep(words: str) -> tuple[str, ...]:
    found = tuple(word for word in words.split(",") if word)
    if not found:
        return ()
    from kickbuild.profile.keep import KEPT

    if not set(found) <= set(KEPT):
        raise _WrongError(f"it keeps {_shown(words)}")
    return tuple(word for word in KEPT if word in found)


def _lines(text: str) -> str:
    return "".join(_BLANKS.get(c, c if c.isprintable() else "?") for c in text[-MOST_TEXT:])
