"""Which release an ISO is, from the texts on it. Pure: texts in, values out."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass, field, replace
from typing import Final

from kickbuild.releases.model import Distribution

_DISTRIBUTIONS: Final = (
    (r"cent ?os[- _]stream", Distribution.CENTOS_STREAM),
    (r"cent ?os", Distribution.CENTOS),
    (r"red hat enterprise linux|\brhel", Distribution.RHEL),
    (r"\brocky", Distribution.ROCKY),
    (r"\balma", Distribution.ALMA),
    (r"oracle linux|\bol-[0-9]|\bol$", Distribution.ORACLE),
    (r"\bfedora", Distribution.FEDORA),
)
#: What a volume id or a file in the root tells of media that are not for kickstart.
_STRANGERS: Final = (
    (r"^(open)?suse|^sle[s-]?", "SUSE Linux"),
    (r"^ubuntu|^xubuntu|^kubuntu", "Ubuntu"),
    (r"^debian", "Debian"),
    (r"^arch_", "Arch Linux"),
    (r"^cccoma|^ccsa|^ccsn|^esd-iso|^sss_x|^ir[1-9]_|^grtms|^win", "Windows"),
    (r"^proxmox|^pve", "Proxmox"),
    (r"^alpine", "Alpine Linux"),
)
_ARCHITECTURES: Final = {
    **dict.fromkeys(("i386", "i486", "i586", "i686", "x86"), "i386"),
    **dict.fromkeys(("x86_64", "amd64"), "x86_64"),
    **dict.fromkeys(("aarch64", "arm64"), "aarch64"),
    **dict.fromkeys(("ppc64le", "ppc64el"), "ppc64le"),
    **dict.fromkeys(("ppc64", "s390x", "riscv64"), ""),
}
_ARCH_WORD: Final = re.compile(r"x86_64|amd64|i[3456]86|aarch64|arm64|ppc64le|ppc64el|ppc64|s390x|riscv64")
LIVE: Final = "a live system"
_VERSION: Final = re.compile(r"(?<![0-9.])([0-9]{1,3})(?:[.-]([0-9]{1,3})(?![0-9]))?")


@dataclass(frozen=True, slots=True)
class Identity:
    """What an ISO says it is. ``distribution`` None: an installer that kickbuild has no facts of."""

    source: str
    """``.treeinfo``, ``.discinfo``, ``media.repo`` or ``volume id``."""
    title: str
    distribution: Distribution | None
    major: int
    minor: int | None


@dataclass(frozen=True, slots=True)
class TreeInfo:
    """What ``.treeinfo`` says, as far as kickbuild uses it."""

    name: str = ""
    version: str = ""
    arch: str = ""
    repositories: dict[str, str] = field(default_factory=dict)
    """Variant -> directory of its packages; empty where it is not said."""
    images: dict[str, dict[str, str]] = field(default_factory=dict)
    """Architecture -> kind of image -> path."""
    install_image: str = ""


@dataclass(frozen=True, slots=True)
class DiscInfo:
    """The second and third line of ``.discinfo``."""

    release: str = ""
    arch: str = ""


def parse_treeinfo(text: str) -> TreeInfo:
    """Return what a ``.treeinfo`` says. Raises ValueError for one that is no INI file."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#", ";"))
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error).splitlines()[0]) from error

    def get(section: str, key: str) -> str:
        return parser.get(section, key, fallback="").strip()

    variants = [name.strip() for name in get("tree", "variants").split(",") if name.strip()]
    return TreeInfo(
        name=get("release", "name") or get("general", "family") or get("general", "name"),
        version=get("release", "version") or get("general", "version"),
        arch=get("tree", "arch") or get("general", "arch"),
        repositories={name: get(f"variant-{name}", "repository") for name in variants},
        images={
            section.removeprefix("images-"): {key: value.strip() for key, value in parser.items(section)}
            for section in parser.sections()
            if section.startswith("images-")
        },
        install_image=get("stage2", "mainimage"),
    )


def parse_discinfo(text: str) -> DiscInfo:
    """Return what a ``.discinfo`` says; lines that are missing are empty."""
    lines = [line.strip() for line in text.splitlines()] + ["", "", ""]
    return DiscInfo(release=lines[1], arch=lines[2])


def parse_media_repo(text: str) -> str:
    """Return the name in a ``media.repo``, empty where there is none."""
    match = re.search(r"(?m)^name[ \t]*=[ \t]*(.+)$", text)
    return match[1].strip() if match else ""


def identify(treeinfo: TreeInfo | None, discinfo: DiscInfo | None, media_name: str, volume_id: str) -> Identity | None:
    """Return what the ISO is by the best of its texts, or None where none of them names a version.

    A minor version that the best text leaves out (CentOS and AlmaLinux write only 8 into .treeinfo) is taken from the
    next one that has it.
    """
    other_names = f"{media_name} {volume_id}"
    candidates = [
        (".treeinfo", treeinfo.name if treeinfo else "", treeinfo.version if treeinfo else ""),
        (".discinfo", discinfo.release if discinfo else "", ""),
        ("media.repo", media_name, ""),
        ("volume id", volume_id, ""),
    ]
    found: list[Identity] = []
    for source, name, version in candidates:
        numbers = _version(version or name)
        if numbers is None:
            continue
        # .discinfo may hold a bare version.
        named = find_distribution(name) or (None if re.search("[A-Za-z]", name) else find_distribution(other_names))
        title = name if not version or version in name else f"{name} {version}"
        found.append(Identity(source, title, _settled(named, numbers[0]), *numbers))
    known = [one for one in found if one.distribution is not None]
    return _with_minor(known) if known else next(iter(found), None)


def _settled(distribution: Distribution | None, major: int) -> Distribution | None:
    # From 9 on there is no CentOS but CentOS Stream.
    return Distribution.CENTOS_STREAM if distribution is Distribution.CENTOS and major >= 9 else distribution


def _with_minor(known: list[Identity]) -> Identity:
    best = known[0]
    minors = (
        one.minor
        for one in known
        if (one.distribution, one.major) == (best.distribution, best.major) and one.minor is not None
    )
    whole = best.distribution in {Distribution.FEDORA, Distribution.CENTOS_STREAM}
    return replace(best, minor=None if whole else next(minors, None))


def find_distribution(text: str) -> Distribution | None:
    """Return the distribution that a name or a volume id means."""
    words = text.lower().replace("_", " ")
    return next((found for pattern, found in _DISTRIBUTIONS if re.search(pattern, words)), None)


def _version(text: str) -> tuple[int, int | None] | None:
    match = _VERSION.search(_ARCH_WORD.sub(" ", text).replace("_", " "))
    if match is None:
        return None
    return int(match[1]), int(match[2]) if match[2] else None


def normalise_arch(word: str) -> str:
    """Return an architecture by the name that the distributions use; an unknown one stays as it is."""
    return _ARCHITECTURES.get(word.strip().lower()) or word.strip().lower()


def find_arch(volume_id: str) -> str:
    """Return the architecture that a volume id names, empty where it names none."""
    match = _ARCH_WORD.search(volume_id.lower())
    return normalise_arch(match[0]) if match else ""


def find_stranger(names: tuple[str, ...], disk_info: str, volume_id: str) -> str:
    """Return what an ISO seems to be that is none of kickbuild's, empty where that is not known.

    ``names`` are those in its root directory, ``disk_info`` is the text of ``.disk/info``.
    """
    lower = {name.lower() for name in names}
    if disk_info.strip():
        return disk_info.strip().splitlines()[0][:100]
    by_volume = next((name for pattern, name in _STRANGERS if re.search(pattern, volume_id.lower())), "")
    if by_volume:
        return by_volume
    if {"bootmgr", "sources"} <= lower or "bootmgr.efi" in lower:
        return "Windows"
    if "media.1" in lower or {"content", "suse"} <= lower:
        return "SUSE Linux"
    if {"dists", "pool"} <= lower:
        return "Debian, or made from it"
    if "casper" in lower:
        return "Ubuntu, or made from it"
    live = "live" in re.split("[^a-z]+", volume_id.lower()) or ("liveos" in lower and "images" not in lower)
    return LIVE if live else ""
