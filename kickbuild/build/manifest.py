"""The manifest: what is on a drive. It is written last, so a drive without a matching one is not finished.

The JSON is laid out with one profile and one file on each line, because the guard reads it inside installers that have
no JSON parser.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from kickbuild import __version__
from kickbuild.drive.ref import RefKind
from kickbuild.errors import InputError
from kickbuild.profile.keep import KEPT

MANIFEST: Final = "/kickbuild/manifest.json"
SCHEMA: Final = 1
#: A manifest of more bytes than this is not one.
LIMIT: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file on the drive. ``origin`` tells which ISO it came from: its name, bytes and modification time in ns."""

    sha256: str
    size: int
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRecord:
    """One profile on the drive; ``files`` are the paths it needs, shared ones too."""

    digest: str
    release: str
    arch: str
    handler: str
    title: str
    find_by: str
    directory: str
    iso: str
    target: dict[str, str]
    files: tuple[str, ...]
    keep: tuple[str, ...] = ()
    """What the new system gets back of the old one, as the profile's [keep] names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything on a drive that is kickbuild's."""

    uuid: str
    label: str
    profiles: dict[str, ProfileRecord] = field(default_factory=dict)
    files: dict[str, FileRecord] = field(default_factory=dict)


def render_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON: the same bytes for the same content."""
    drive = {"label": manifest.label, "uuid": manifest.uuid}
    profiles = _lines({name: _told(record, unless_empty="keep") for name, record in manifest.profiles.items()})
    files = _lines({path: _told(record, unless_empty="origin") for path, record in manifest.files.items()})
    text = (
        f'{{\n "schema": {SCHEMA},\n "kickbuild": {json.dumps(__version__)},\n "drive": {_compact(drive)},\n'
        f' "profiles": {profiles},\n "files": {files}\n}}\n'
    )
    return text.encode("utf-8")


def parse_manifest(data: bytes, *, where: str) -> Manifest:
    """Return the manifest that ``data`` holds. Raises InputError naming ``where`` it stands."""
    try:
        value = json.loads(data)
        if value["schema"] != SCHEMA:
            raise InputError(
                f"the manifest has schema {value['schema']!r}; this kickbuild knows {SCHEMA}",
                where=where,
                hint="use the kickbuild that made the drive, or a newer one",
            )
        return Manifest(
            uuid=_text(value["drive"]["uuid"]),
            label=_text(value["drive"]["label"]),
            profiles={_name(name): _profile(record) for name, record in value["profiles"].items()},
            files={_path(path): _file(record) for path, record in value["files"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"the manifest is damaged: {type(error).__name__}: {error}",
            where=where,
            hint="remove the file and run `kickbuild prepare` again: it copies everything anew",
        ) from error


def _told(record: ProfileRecord | FileRecord, *, unless_empty: str) -> dict[str, Any]:
    return {key: value for key, value in asdict(record).items() if key != unless_empty or value}


def _lines(records: dict[str, Any]) -> str:
    if not records:
        return "{}"
    rows = ",\n".join(f"  {json.dumps(key, ensure_ascii=False)}: {_compact(records[key])}" for key in sorted(records))
    return f"{{\n{rows}\n }}"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    # JSON can spell what no file name, shell or terminal takes: half a character, and the end of a C string.
    value.encode("utf-8")
    if "\0" in value:
        raise ValueError(f"{value!r} holds a NUL")
    return value


def _name(value: object) -> str:
    name = _text(value)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
        raise ValueError(f"{name!r} is no name of a profile")
    return name


# Only what kickbuild itself puts on a drive: a manifest comes from outside, and what it lists may be removed.
_OURS: Final = re.compile(
    r"/kickbuild/agent|/kickbuild/[a-z0-9][a-z0-9-]{0,62}/(ks\.cfg|entry\.[a-z0-9-]{1,20})"
    r"|/[a-z0-9][a-z0-9.-]{0,80}/(vmlinuz|initrd\.img|images/install\.img|[A-Za-z0-9_+][A-Za-z0-9._+-]{0,240}\.iso)"
)


def _path(value: object) -> str:
    path = _text(value)
    if not _OURS.fullmatch(path):
        raise ValueError(f"{path!r} is no file that kickbuild puts on a drive")
    return path


def _directory(value: object) -> str:
    path = _text(value)
    if not re.fullmatch(r"/[a-z0-9][a-z0-9.-]{0,80}", path):
        raise ValueError(f"{path!r} is no directory that kickbuild makes")
    return path


def _file(value: dict[str, Any]) -> FileRecord:
    size = value.get("size", 0)
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 2**63:
        raise TypeError(f"{size!r} is not a size")
    return FileRecord(sha256=_text(value["sha256"]), size=size, origin=_text(value.get("origin", "")))


def _profile(value: dict[str, Any]) -> ProfileRecord:
    texts = {key: _text(value[key]) for key in _PROFILE_TEXTS}
    target = {_text(key): _text(word) for key, word in value["target"].items()}
    RefKind(texts["find_by"])
    directory = _directory(texts["directory"])
    if _path(texts["iso"]).rpartition("/")[0] != directory:
        raise ValueError(f"{texts['iso']!r} is not in {directory}")
    files = tuple(_path(path) for path in value["files"])
    return ProfileRecord(**texts, target=target, files=files, keep=_keep(value.get("keep", [])))


def _keep(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or value != [name for name in KEPT if name in value]:
        raise ValueError(f"{value!r} is not a list of what can be kept: {', '.join(KEPT)}")
    return tuple(value)


_PROFILE_TEXTS = ("digest", "release", "arch", "handler", "title", "find_by", "directory", "iso")
