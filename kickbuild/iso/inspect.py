"""Finding out what an ISO is: the facts that everything else is planned from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kickbuild.errors import IsoError, Problem, ReleaseError
from kickbuild.iso.facts import IsoFacts, IsoFile, Variant
from kickbuild.iso.identify import (
    LIVE,
    DiscInfo,
    Identity,
    TreeInfo,
    find_arch,
    find_stranger,
    identify,
    normalise_arch,
    parse_discinfo,
    parse_media_repo,
    parse_treeinfo,
)
from kickbuild.iso.media_checksum import find_media_checksum
from kickbuild.iso.reader import IsoReader
from kickbuild.iso.volume import SECTOR
from kickbuild.releases.find import find_release, parse_release
from kickbuild.releases.model import Distribution
from kickbuild.units import KIB

if TYPE_CHECKING:
    from pathlib import Path

    from kickbuild.releases.model import Match

_TEXT_LIMIT: Final = 256 * KIB
_BOOT_DIRECTORIES: Final = ("images/pxeboot", "ppc/ppc64", "isolinux", "ppc/ppc64le")
_INITRD_NAMES: Final = ("initrd.img", "ramdisk.image.gz")
_INSTALL_IMAGES: Final = ("images/install.img", "LiveOS/squashfs.img", "images/stage2.img")
_EFI_LOADERS: Final = {"BOOTX64.EFI": "x86_64", "BOOTAA64.EFI": "aarch64"}
#: Where the packages of RHEL 5 and CentOS 5 lie.
_PRODUCTS: Final = ("Server", "Client", "CentOS")
#: The variant that the installer of RHEL 8 and newer installs from (anaconda rhel-9:pyanaconda/core/constants.py:58).
_BASE_VARIANT: Final = "baseos"


@dataclass(slots=True)
class _Texts:
    """The metadata on an ISO."""

    volume_id: str
    names: tuple[str, ...]
    treeinfo: TreeInfo | None = None
    discinfo: DiscInfo | None = None
    media_name: str = ""
    disk_info: str = ""
    efi_arch: str = ""
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def has_discinfo(self) -> bool:
        """Whether there is a .discinfo that an installer can compare with its own architecture."""
        return self.discinfo is not None and bool(self.discinfo.arch)


def read_facts(path: Path, *, release: str = "auto") -> IsoFacts:
    """Return what is known of the ISO at ``path``.

    ``release`` is what the user says it is (``rocky9.4``), or ``auto``. Raises IsoError or ReleaseError with everything
    that is wrong with it: damaged, not an installation medium, unknown, incomplete.
    """
    with IsoReader(path) as iso:
        texts = _read_texts(iso)
        identity = identify(texts.treeinfo, texts.discinfo, texts.media_name, texts.volume_id)
        _refuse_strangers(path, texts, identity, release)
        match = _match(path, texts, identity, release)
        facts = _facts(iso, texts, identity, match) if match else None
    if facts is None or texts.problems:
        raise IsoError(*(Problem(p.message, p.where or str(path), p.hint) for p in texts.problems))
    return facts


def _read_texts(iso: IsoReader) -> _Texts:
    def text(name: str) -> str | None:
        data = iso.read(name, _TEXT_LIMIT)
        return None if data is None else _printable(data)

    texts = _Texts(iso.volume.volume_id, iso.list_directory() or ())
    treeinfo, discinfo = text(".treeinfo"), text(".discinfo")
    if treeinfo is not None:
        try:
            texts.treeinfo = parse_treeinfo(treeinfo)
        except ValueError as error:
            texts.notices.append(f"its .treeinfo cannot be read and was left out of account: {error}")
    if discinfo is not None:
        texts.discinfo = parse_discinfo(discinfo)
    texts.media_name = parse_media_repo(text("media.repo") or "")
    texts.disk_info = text(".disk/info") or ""
    texts.efi_arch = next((arch for name, arch in _EFI_LOADERS.items() if iso.find(f"EFI/BOOT/{name}")), "")
    return texts


def _printable(data: bytes) -> str:
    # Parts of these texts end up in messages.
    text = data.decode("utf-8", "replace").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n")
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _refuse_strangers(path: Path, texts: _Texts, identity: Identity | None, release: str) -> None:
    if texts.treeinfo is not None or texts.discinfo is not None:
        return
    stranger = find_stranger(texts.names, texts.disk_info, texts.volume_id)
    if stranger and (texts.disk_info or stranger == LIVE or not (identity and identity.distribution)):
        raise IsoError(
            f"not an installation medium of the RHEL family or Fedora: it seems to be {stranger}",
            where=str(path),
            hint="use a DVD or boot ISO that kickstart can install from",
        )
    if identity is None and release == "auto":
        raise IsoError(
            "not an installation medium that kickbuild knows: it has neither .treeinfo nor .discinfo nor media.repo, "
            f"and its volume id is {texts.volume_id!r}",
            where=str(path),
            hint="use a DVD or boot ISO of the RHEL family or Fedora",
        )


def _check_size(iso: IsoReader, texts: _Texts) -> None:
    if iso.size % SECTOR:
        # 6 (image.py:91), 7 (image.py:93) and 8 (payload/image.py:118) ask what to do, 9 (:115) passes over the ISO.
        texts.problems.append(
            Problem(
                f"the ISO has {iso.size} bytes, which is no multiple of {SECTOR}: its installer takes it for damaged",
                hint="download or copy it again and compare its checksum",
            )
        )


def _match(path: Path, texts: _Texts, identity: Identity | None, release: str) -> Match | None:
    if release != "auto":
        match = parse_release(release)
        if identity and identity.distribution and _contradicts(match, identity):
            says = find_release(identity.distribution, identity.major, identity.minor).title
            texts.problems.append(
                Problem(f"the ISO is {says} by its {identity.source}, and not {match.title}", str(path))
            )
        return match
    if identity is None or identity.distribution is None:
        name = identity.title if identity else f"an unknown release, with the volume id {texts.volume_id!r}"
        hint = 'if it is made from one that kickbuild knows, say which: release = "rhel9.4" in [source]'
        texts.problems.append(Problem(f"the ISO is {name}, of which kickbuild knows nothing", str(path), hint))
        return None
    try:
        return find_release(identity.distribution, identity.major, identity.minor)
    except ReleaseError as error:
        raise ReleaseError(*(Problem(p.message, str(path), p.hint) for p in error.problems)) from error


def _contradicts(match: Match, identity: Identity) -> bool:
    if (match.distribution, match.version[0]) != (identity.distribution, identity.major):
        return True
    return match.has_minor and identity.minor is not None and match.version[1] != identity.minor


def _facts(iso: IsoReader, texts: _Texts, identity: Identity | None, match: Match) -> IsoFacts | None:
    _check_size(iso, texts)
    arch = _arch(texts, match)
    kernel, initrd = _boot_files(iso, texts, arch)
    install_image = _install_image(iso, texts, match)
    has_packages = _has_packages(iso, texts, match)
    notices = _notices(texts, match, identity, has_packages=has_packages)
    if kernel is None or initrd is None:
        return None
    return IsoFacts(
        path=iso.path,
        size=iso.size,
        volume_id=texts.volume_id,
        match=match,
        identified_by=identity.source if identity else "source.release",
        arch=arch,
        variant=_variant(texts, has_packages=has_packages),
        kernel=kernel,
        initrd=initrd,
        install_image=install_image,
        has_packages=has_packages,
        has_discinfo=texts.has_discinfo,
        media_checksum=find_media_checksum(iso.path),
        notices=tuple(notices),
    )


def _arch(texts: _Texts, match: Match) -> str:
    said = {
        ".treeinfo": texts.treeinfo.arch if texts.treeinfo else "",
        ".discinfo": texts.discinfo.arch if texts.discinfo else "",
        "volume id": find_arch(texts.volume_id),
        "boot loader": texts.efi_arch,
    }
    words = {source: normalise_arch(word) for source, word in said.items() if word}
    first = next(iter(words.values()), "")
    if not first:
        texts.problems.append(Problem("the ISO does not say which architecture it is for"))
    elif words.get(".discinfo", first) != first:
        texts.problems.append(
            Problem(f"the ISO is for {first} by its .treeinfo and for {words['.discinfo']} by its .discinfo")
        )
    elif first not in match.can.architectures:
        known = ", ".join(match.can.architectures)
        texts.problems.append(
            Problem(f"the ISO is for {first}, and kickbuild supports {match.title} on {known}", hint="use another ISO")
        )
    return first


def _boot_files(iso: IsoReader, texts: _Texts, arch: str) -> tuple[IsoFile | None, IsoFile | None]:
    images = texts.treeinfo.images if texts.treeinfo else {}
    named = next((images[key] for key in images if normalise_arch(key) == arch), {})
    pairs: list[tuple[str, tuple[str, ...]]] = [(named.get("kernel", ""), (named.get("initrd", ""),))]
    pairs += [
        (f"{directory}/vmlinuz", tuple(f"{directory}/{name}" for name in _INITRD_NAMES))
        for directory in _BOOT_DIRECTORIES
    ]
    kernel = initrd = None
    for kernel_path, initrd_paths in pairs:
        # Both from one place: a kernel finds its modules only in its own initrd.
        kernel = iso.find(kernel_path) if kernel_path else None
        initrd = next((found for name in initrd_paths if name and (found := iso.find(name))), None)
        if kernel and initrd:
            break
    _require(texts, kernel, "kernel", [path for path, _ in pairs if path])
    _require(texts, initrd, "initrd", [path for _, paths in pairs for path in paths if path])
    return kernel, initrd


def _install_image(iso: IsoReader, texts: _Texts, match: Match) -> IsoFile | None:
    named = texts.treeinfo.install_image if texts.treeinfo else ""
    paths = [path for path in dict.fromkeys((named, match.can.stage2_path, *_INSTALL_IMAGES)) if path]
    if match.can.stage2_outside:
        paths = [match.can.stage2_path]
    found = next((it for path in paths if (it := iso.find(path))), None)
    if match.can.prepare or found:
        # The boot ISO of RHEL 5 has none, and fetches it.
        _require(texts, found, "install image (the installer's second stage)", paths)
    return found


def _require(texts: _Texts, found: IsoFile | None, what: str, paths: list[str]) -> None:
    if found is None:
        looked = ", ".join(dict.fromkeys(paths))
        texts.problems.append(
            Problem(
                f"the ISO has no {what}; looked for {looked}", hint="compare the ISO's checksum, or use another one"
            )
        )
    elif found.size == 0:
        texts.problems.append(Problem(f"{found.path} in the ISO is empty", hint="compare the ISO's checksum"))


def _has_packages(iso: IsoReader, texts: _Texts, match: Match) -> bool:
    """Return whether the release's installer finds packages, by what it looks for itself.

    rhel6-branch:image.py:86, rhel7-branch:pyanaconda/image.py:86, rhel-9:pyanaconda/payload/image.py:132-156.
    """
    if match.distribution is Distribution.FEDORA or match.release.major >= 8:
        base = _base_repository(texts.treeinfo.repositories if texts.treeinfo else {})
        return base is not None and iso.has_directory(f"{base}/repodata")
    directories = {6: ("Packages",), 7: ("repodata",)}.get(match.release.major, _PRODUCTS)
    return any(iso.has_directory(directory) for directory in directories)


def _base_repository(repositories: dict[str, str]) -> str | None:
    paths = [path for name, path in repositories.items() if name.lower() == _BASE_VARIANT]
    paths += [path for path in repositories.values() if path == "."]
    return next((path if path != "." else "" for path in paths), None)


def _variant(texts: _Texts, *, has_packages: bool) -> Variant:
    if not has_packages:
        return Variant.BOOT
    variants = {name.lower() for name in texts.treeinfo.repositories} if texts.treeinfo else set()
    return Variant.MINIMAL if "minimal" in variants or "minimal" in texts.volume_id.lower() else Variant.DVD


def _notices(texts: _Texts, match: Match, identity: Identity | None, *, has_packages: bool) -> list[str]:
    notices = [*texts.notices]
    if match.notice:
        notices.append(match.notice)
    if identity and identity.source == "volume id":
        notices.append(f"only its volume id, {texts.volume_id!r}, tells that it is {match.title}")
    if not has_packages:
        notices.append(
            "its installer finds no packages on it: it is usable only with a `url` line in the profile's kickstart"
        )
    if not texts.has_discinfo:
        notices.append(
            "it has no .discinfo that names its architecture: an installer installs no packages from such an ISO"
        )
    return notices
