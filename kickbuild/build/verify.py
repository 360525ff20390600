"""Proving that a drive is right: every file by its bytes, and everything that names something by what it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kickbuild.build.leavings import is_left_by_box
from kickbuild.build.manifest import LIMIT, MANIFEST, Manifest, ProfileRecord, parse_manifest
from kickbuild.copying import digest
from kickbuild.drive.ref import DriveRef, RefKind
from kickbuild.errors import InputError, KickbuildError
from kickbuild.files import PARTIAL_PREFIX
from kickbuild.iso.facts import MediaChecksum
from kickbuild.iso.media_checksum import verify_media_checksum
from kickbuild.kickstart.parse import parse
from kickbuild.quoting import shell_quote
from kickbuild.releases.find import parse_release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.drive.tree import Node, Tree
    from kickbuild.progress import Progress
    from kickbuild.releases.model import Capabilities

_SMALL = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a drive, at a path on it (empty for the drive itself)."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What verifying found, and how much of it was checked."""

    findings: tuple[Finding, ...]
    files: int
    bytes: int
    profiles: tuple[str, ...] = field(default=())


def verify_drive(tree: Tree, progress: Progress, *, name: str) -> Report:
    """Check everything on a drive that is kickbuild's. Raises InputError where it is no rebuild drive at all."""
    data = tree.read(MANIFEST, LIMIT)
    if data is None:
        raise InputError(
            f"{name} is no rebuild drive: it has no {MANIFEST}",
            hint="`kickbuild prepare` makes one; a run that was stopped halfway has not written it yet",
        )
    manifest = parse_manifest(data, where=f"{name}: {MANIFEST}")
    nodes = tree.nodes(directories(manifest))
    findings = [
        *_identity(tree, manifest),
        *_files(tree, manifest, nodes, progress),
        *_unexpected(manifest, nodes),
    ]
    broken = {finding.path for finding in findings}
    for profile in sorted(manifest.profiles):
        findings += _profile(tree, profile, manifest, nodes, broken, progress)
    if not manifest.profiles:
        findings.append(Finding("", "holds no profile: nothing can be rebuilt from it"))
    return Report(
        tuple(findings),
        len(manifest.files),
        sum(record.size for record in manifest.files.values()),
        tuple(sorted(manifest.profiles)),
    )


def directories(manifest: Manifest) -> list[str]:
    """Return the directories of a drive that are kickbuild's."""
    return sorted({"/kickbuild", *(record.directory for record in manifest.profiles.values())})


def _identity(tree: Tree, manifest: Manifest) -> Iterator[Finding]:
    filesystem = tree.filesystem
    if filesystem.uuid != manifest.uuid:
        yield Finding(
            "", f"has the UUID {filesystem.uuid or '(none)'}, but was prepared with {manifest.uuid}: prepare it again"
        )
    if filesystem.label != manifest.label:
        yield Finding(
            "", f"has the label {filesystem.label or '(none)'}, but was prepared with {manifest.label or '(none)'}"
        )


def _files(tree: Tree, manifest: Manifest, nodes: dict[str, Node], progress: Progress) -> Iterator[Finding]:
    for path, record in manifest.files.items():
        node = nodes.get(path)
        if node is None:
            yield Finding(path, "is missing")
        elif not node.is_file:
            yield Finding(path, "is not a file")
        elif node.size != record.size:
            yield Finding(path, f"has {node.size} bytes instead of {record.size}")
        else:
            progress.begin(path, record.size)
            try:
                found = digest(tree.ranges(path), progress)
            except KickbuildError as error:
                yield Finding(path, f"cannot be read: {error}")
                continue
            finally:
                progress.end()
            if found != record.sha256:
                yield Finding(path, f"has the sha256 {found} instead of {record.sha256}")


def _unexpected(manifest: Manifest, nodes: dict[str, Node]) -> Iterator[Finding]:
    """Report what lies in directories that are kickbuild's and is not in the manifest."""
    for path, node in sorted(nodes.items()):
        name = PurePosixPath(path).name
        if name.startswith(PARTIAL_PREFIX):
            yield Finding(path, "was left by a run that was stopped; `kickbuild prepare` removes it")
        elif not (node.is_directory or path in manifest.files or path == MANIFEST or is_left_by_box(path)):
            yield Finding(path, "is unexpected: kickbuild did not put it there")


def _profile(
    tree: Tree, name: str, manifest: Manifest, nodes: dict[str, Node], broken: set[str], progress: Progress
) -> Iterator[Finding]:
    record = manifest.profiles[name]
    home = f"/kickbuild/{name}"
    directory = record.directory
    needed = {f"{home}/ks.cfg", record.iso, f"{directory}/vmlinuz", f"{directory}/initrd.img", *record.files}
    missing = sorted(path for path in needed if path not in record.files or path not in manifest.files)
    yield from (
        Finding(path, f"is needed by the profile {name}, but the manifest has no record of it") for path in missing
    )
    try:
        can = parse_release(record.release).can
    except KickbuildError as error:
        yield Finding(home, f"is for the release {record.release}: {error}")
        return
    stray = f"{record.directory}/images/install.img"
    if stray in nodes and not can.stage2_outside:
        yield Finding(stray, f"lies beside the ISO, where the installer of {can.family} takes it for its stage 2")
    ref = DriveRef(RefKind(record.find_by), manifest.uuid if record.find_by == RefKind.UUID else manifest.label)
    if f"{home}/ks.cfg" in manifest.files and f"{home}/ks.cfg" not in broken:
        yield from _kickstart(tree, f"{home}/ks.cfg", record, ref, can)
    yield from _entries(tree, [p for p in record.files if p.startswith(f"{home}/entry.") and p not in broken], ref)
    if record.iso in manifest.files and record.iso not in broken:
        progress.begin(f"{record.iso} (media checksum)", manifest.files[record.iso].size)
        if verify_media_checksum(tree.ranges(record.iso), progress) is MediaChecksum.INVALID:
            yield Finding(record.iso, "does not match the checksum that its makers put into it")
        progress.end()


def _kickstart(tree: Tree, path: str, record: ProfileRecord, ref: DriveRef, can: Capabilities) -> Iterator[Finding]:
    text = (tree.read(path, _SMALL) or b"").decode("utf-8", "replace")
    for problem in parse(text, can.handler).problems:
        yield Finding(path, f"line {problem.line or '?'} is not accepted by {can.family}: {problem.message}")
    if f"KB_DIGEST={shell_quote(record.digest)}" not in text.splitlines():
        yield Finding(MANIFEST, f"knows another version of the profile than {path}, whose guard refuses to install")
    sources = [line.split() for line in text.splitlines() if line.startswith("harddrive ")]
    for words in sources:
        if f"--partition={ref}" not in words:
            yield Finding(path, f"does not look for its ISO on this drive ({ref}): {' '.join(words)}")
        if not any(word in {f"--dir={record.iso}", f"--dir={record.directory}"} for word in words):
            yield Finding(path, f"does not name {record.iso}: {' '.join(words)}")


def _entries(tree: Tree, paths: list[str], ref: DriveRef) -> Iterator[Finding]:
    for path in paths:
        text = (tree.read(path, _SMALL) or b"").decode("utf-8", "replace")
        if f"ks=hd:{ref}:" not in text:
            yield Finding(path, f"does not name this drive ({ref})")
