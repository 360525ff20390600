"""Makes ISOs that look like installation media, with real xorriso: metadata and layout as each release has them.

Nothing in them can be installed; kernel, initrd and install image are what the caller gives, or a few hundred
kilobytes of noise. As a program: ``python tests/media.py OUT --layout rocky9``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_TIMESTAMP: Final = 1714000000


@dataclass(frozen=True)
class Layout:
    """How the media of one release look: ``{arch}`` is filled into the volume id."""

    family: int
    """The RHEL major version whose installer it has; Fedora counts as 10."""
    name: str
    short: str
    version: str
    volume_id: str
    main_variant: str = "BaseOS"

    @property
    def treeinfo_version(self) -> str:
        """The version in .treeinfo: CentOS and AlmaLinux leave out the minor one."""
        short = self.short == "AlmaLinux" or (self.short == "CentOS" and self.family > 6)
        return self.version.partition(".")[0] if short else self.version


def _layouts() -> dict[str, Layout]:
    rhel = "Red Hat Enterprise Linux"
    table = {
        "rhel5": Layout(5, f"{rhel} Server", "RHEL", "5.11", "RHEL_5.11 {arch} DVD", "Server"),
        "rhel6": Layout(6, rhel, "RHEL", "6.10", "RHEL-6.10 Server.{arch}", "Server"),
        "rhel7": Layout(7, rhel, "RHEL", "7.9", "RHEL-7.9 Server.{arch}", "Server"),
        "centos5": Layout(5, "CentOS", "CentOS", "5.11", "CentOS_5.11_Final", "CentOS"),
        "centos6": Layout(6, "CentOS", "CentOS", "6.10", "CentOS_6.10_Final", "CentOS"),
        "centos7": Layout(7, "CentOS", "CentOS", "7.9", "CentOS 7 {arch}", "CentOS"),
        "centos8": Layout(8, "CentOS Linux", "CentOS", "8.5", "CentOS-8-5-2111-{arch}-dvd"),
        "centos-stream8": Layout(8, "CentOS Stream", "CentOS-Stream", "8", "CentOS-Stream-8-{arch}-dvd"),
        "fedora38": Layout(10, "Fedora", "Fedora", "38", "Fedora-S-dvd-{arch}-38", "Server"),
        "fedora43": Layout(10, "Fedora", "Fedora", "43", "Fedora-S-dvd-{arch}-43", "Server"),
    }
    for major, minor in ((8, 10), (9, 4), (10, 0)):
        version, dashed = f"{major}.{minor}", f"{major}-{minor}"
        table[f"rhel{major}"] = Layout(major, rhel, "RHEL", version, f"RHEL-{dashed}-0-BaseOS-{{arch}}")
        table[f"rocky{major}"] = Layout(major, "Rocky Linux", "Rocky", version, f"Rocky-{dashed}-{{arch}}-dvd")
        table[f"alma{major}"] = Layout(major, "AlmaLinux", "AlmaLinux", version, f"AlmaLinux-{dashed}-{{arch}}-dvd")
        table[f"oracle{major}"] = Layout(major, "Oracle Linux", "OL", version, f"OL-{dashed}-0-BaseOS-{{arch}}")
        if major > 8:
            name = f"CentOS-Stream-{major}-BaseOS-{{arch}}"
            table[f"centos-stream{major}"] = Layout(major, "CentOS Stream", "CentOS-Stream", str(major), name)
    return table


LAYOUTS: Final = _layouts()


@dataclass(frozen=True)
class _Disc:
    """One ISO to be made."""

    layout: Layout
    arch: str
    variant: str

    @property
    def has_packages(self) -> bool:
        return self.variant != "boot"

    @property
    def stage2(self) -> str:
        return {5: "images/stage2.img", 7: "LiveOS/squashfs.img"}.get(self.layout.family, "images/install.img")

    @property
    def boot_directories(self) -> tuple[str, ...]:
        """Where kernel and initrd lie; the first is the one in .treeinfo."""
        if self.arch.startswith("ppc64"):
            return ("ppc/ppc64",)
        if self.arch in {"x86_64", "i386"} and self.layout.family < 10:
            return ("images/pxeboot", "isolinux")
        return ("images/pxeboot",)

    @property
    def initrd_name(self) -> str:
        return "ramdisk.image.gz" if self.layout.family == 5 and self.arch.startswith("ppc64") else "initrd.img"

    @property
    def repositories(self) -> dict[str, str]:
        """Return variant -> directory of its repository, relative to the root."""
        if not self.has_packages:
            return {}
        if self.variant == "minimal":
            return {"minimal": "minimal", "BaseOS": "BaseOS"} if self.layout.family >= 8 else {"Minimal": "."}
        if self.layout.family == 5:
            return {self.layout.main_variant: self.layout.main_variant}
        if self.layout.main_variant == "BaseOS":
            return {"BaseOS": "BaseOS", "AppStream": "AppStream"}
        return {self.layout.main_variant: "."}

    @property
    def volume_id(self) -> str:
        """Of every variant: those of one release are made from the same boot ISO."""
        return self.layout.volume_id.format(arch=self.arch)[:32]


def make_iso(
    path: Path,
    layout: str = "rocky9",
    *,
    arch: str = "x86_64",
    variant: str = "dvd",
    kernel: bytes | Path | None = None,
    initrd: bytes | Path | None = None,
    install_image: bytes | Path | None = None,
    rock_ridge: bool = True,
    joliet: bool = True,
    udf: bool = False,
    implant_md5: bool = False,
    sparse: bool = False,
    mastering: Sequence[str] | None = None,
    volume_id: str | None = None,
    omit: Collection[str] = (),
    extra: Mapping[str, bytes | Path] | None = None,
) -> Path:
    """Make an ISO at ``path`` and return it.

    ``variant`` is ``dvd``, ``minimal`` or ``boot``; a boot ISO is as lorax makes it, which from RHEL 7 on puts no
    .treeinfo into it. ``omit`` leaves out files or directories of the layout, ``extra``
    adds files or replaces those of the layout. ``udf`` is made by genisoimage, everything else by xorriso;
    the same call makes the same bytes, but for ``udf``, where the time of day gets in.
    ``mastering`` is the program, with its options, that makes the ISO instead. ``sparse`` leaves holes for zeros in
    the ISO file, so that one of many gigabytes takes no room.
    """
    disc = _Disc(LAYOUTS[layout], arch, variant)
    payload = {
        "kernel": kernel if kernel is not None else noise(f"kernel {layout} {arch}", 200_000),
        "initrd": initrd if initrd is not None else noise(f"initrd {layout} {arch}", 300_001),
        "stage2": install_image if install_image is not None else noise(f"stage2 {layout} {arch}", 400_003),
    }
    files = {name: data for name, data in _files(disc, payload).items() if not _is_omitted(name, omit)}
    path.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="media-", dir=path.parent) as work:
        tree = Path(work) / "tree"
        for name, data in (files | dict(extra or {})).items():
            _place(tree / name, data)
        _stamp(tree)
        label = volume_id if volume_id is not None else disc.volume_id
        if mastering is not None:
            _run(*mastering, "-quiet", "-V", label, "-o", str(path), str(tree))
        else:
            _master(tree, path, label, rock_ridge=rock_ridge, joliet=joliet, udf=udf, sparse=sparse)
    if implant_md5:
        _run("implantisomd5", "--force", str(path))
    return path


def noise(seed: str, size: int) -> bytes:
    """Return the same incompressible bytes for the same seed."""
    return random.Random(seed).randbytes(size)


def _is_omitted(name: str, omit: Collection[str]) -> bool:
    return any(name == gone or name.startswith(f"{gone}/") for gone in omit)


def _place(target: Path, data: bytes | Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, Path):
        # A symbolic link that the mastering program follows: large sparse files are not copied.
        target.symlink_to(data.resolve())
    else:
        target.write_bytes(data)
        os.utime(target, (_TIMESTAMP, _TIMESTAMP))


def _stamp(tree: Path) -> None:
    for directory, _, _ in os.walk(tree):
        os.utime(directory, (_TIMESTAMP, _TIMESTAMP))


def _master(tree: Path, path: Path, volume_id: str, *, rock_ridge: bool, joliet: bool, udf: bool, sparse: bool) -> None:
    program = ["genisoimage", "-udf", "-allow-limited-size", "-f"] if udf else ["xorriso", "-as", "mkisofs"]
    options = ["-quiet", "-iso-level", "3", "-V", volume_id]
    options += [] if udf else ["-follow-links", "--set_all_file_dates", f"={_TIMESTAMP}"]
    options += ["-R"] if rock_ridge else [] if udf else ["--norock"]
    options += ["-J", "-joliet-long"] if joliet else []
    if (tree / "isolinux/isolinux.bin").exists():
        options += ["-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-no-emul-boot"]
        options += ["-boot-load-size", "4", "-boot-info-table"]
    if (tree / "images/efiboot.img").exists():
        options += ["-eltorito-alt-boot", "-e", "images/efiboot.img", "-no-emul-boot"]
    if not sparse:
        _run(*program, *options, "-o", str(path), str(tree))
        return
    pipe = 'out=$1; shift; "$@" | dd "of=$out" bs=1M iflag=fullblock conv=sparse status=none'
    _run("bash", "-o", "pipefail", "-c", pipe, "bash", str(path), *program, *options, str(tree))


def _run(*argv: str) -> None:
    if shutil.which(argv[0]) is None:
        raise RuntimeError(f"{argv[0]} is not installed")
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(_TIMESTAMP), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(argv, capture_output=True, check=False, env=environment, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode("utf-8", "replace")
        raise RuntimeError(f"{argv[0]} failed with status {done.returncode}: {said}")


def _files(disc: _Disc, payload: Mapping[str, bytes | Path]) -> dict[str, bytes | Path]:
    files: dict[str, bytes | Path] = {}
    for directory in disc.boot_directories:
        files[f"{directory}/vmlinuz"] = payload["kernel"]
        files[f"{directory}/{disc.initrd_name}"] = payload["initrd"]
    files[disc.stage2] = payload["stage2"]
    if disc.layout.family == 5:
        files["images/minstg2.img"] = noise("minstg2", 10_000)
    files |= _boot_loader(disc)
    for repository in disc.repositories.values():
        files |= _repository(disc, repository)
    if disc.has_packages or disc.layout.family < 7:
        files[".treeinfo"] = _treeinfo(disc, files).encode()
    files[".discinfo"] = _discinfo(disc).encode()
    if disc.has_packages:
        title = f"{disc.layout.name} {disc.layout.treeinfo_version}"
        files["media.repo"] = (
            f"[InstallMedia]\nname={title}\nmediaid={_TIMESTAMP}.123456\nmetadata_expire=-1\n".encode()
        )
    return files


def _boot_loader(disc: _Disc) -> dict[str, bytes | Path]:
    if disc.arch.startswith("ppc64"):
        return {"boot/grub/grub.cfg": b"# boot menu\n", "ppc/bootinfo.txt": b"<chrp-boot/>\n"}
    loader = "BOOTAA64.EFI" if disc.arch == "aarch64" else "BOOTX64.EFI"
    files: dict[str, bytes | Path] = {"EFI/BOOT/grub.cfg": b"# boot menu\n", f"EFI/BOOT/{loader}": noise("efi", 5000)}
    if disc.layout.family > 5:
        files["images/efiboot.img"] = noise("efiboot", 20_000)
    if "isolinux" in disc.boot_directories:
        files |= {"isolinux/isolinux.bin": noise("isolinux", 5000), "isolinux/isolinux.cfg": b"# boot menu\n"}
    return files


def _repository(disc: _Disc, directory: str) -> dict[str, bytes | Path]:
    home = "" if directory == "." else f"{directory}/"
    packages = home if disc.layout.family == 5 else f"{home}Packages/"
    names = ("bash", "kernel", "glibc-langpack-with-a-rather-long-name")
    files: dict[str, bytes | Path] = {
        f"{packages}{name}-1.0-1.el{disc.layout.family}.{disc.arch}.rpm": noise(f"{directory} {name}", 3000)
        for name in names
    }
    files[f"{home}repodata/repomd.xml"] = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1714000000</revision></repomd>\n'
    )
    return files


def _discinfo(disc: _Disc) -> str:
    layout = disc.layout
    bare = layout.family >= 7 and (not disc.has_packages or (layout.short == "CentOS" and layout.family == 7))
    release = layout.version if bare else f"{layout.name} {layout.treeinfo_version}"
    last = {5: "1,2,3,4,5,6\n", 6: "1,2,3,4,5,6\n", 7: "ALL\n"}.get(layout.family, "")
    return f"{_TIMESTAMP}.123456\n{release}\n{disc.arch}\n{last}"


def _treeinfo(disc: _Disc, files: Mapping[str, bytes | Path]) -> str:
    layout, sections = disc.layout, _general(disc)
    kernel = f"{disc.boot_directories[0]}/vmlinuz"
    initrd = f"{disc.boot_directories[0]}/{disc.initrd_name}"
    sections[f"images-{disc.arch}"] = {"kernel": kernel, "initrd": initrd}
    sections["stage2"] = {"mainimage": disc.stage2}
    if layout.family == 5:
        sections["stage2"] = {"instimage": "images/minstg2.img", "mainimage": disc.stage2}
    if layout.family >= 7 and disc.has_packages:
        sections |= _productmd(disc)
        sections["checksums"] = {name: _checksum(files[name]) for name in (kernel, initrd, disc.stage2)}
    return "\n".join(
        "\n".join([f"[{section}]", *(f"{key} = {value}" for key, value in sorted(values.items())), ""])
        for section, values in sorted(sections.items())
    )


def _checksum(data: bytes | Path) -> str:
    if isinstance(data, Path):
        with data.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _general(disc: _Disc) -> dict[str, dict[str, str]]:
    layout = disc.layout
    general = {
        "arch": disc.arch,
        "family": layout.name,
        "timestamp": str(_TIMESTAMP),
        "variant": next(iter(disc.repositories), ""),
        "version": layout.treeinfo_version,
        "packagedir": "",
    }
    if layout.family <= 6:
        general |= {"totaldiscs": "1", "discnum": "1"}
        general["packagedir"] = layout.main_variant if layout.family == 5 else ""
    else:
        general["name"] = f"{layout.name} {layout.treeinfo_version}"
        general["platforms"] = f"{disc.arch},xen" if disc.arch == "x86_64" else disc.arch
    return {"general": general}


def _productmd(disc: _Disc) -> dict[str, dict[str, str]]:
    layout = disc.layout
    sections = {
        "header": {"type": "productmd.treeinfo", "version": "1.2"},
        "release": {"name": layout.name, "short": layout.short, "version": layout.treeinfo_version},
        "media": {"discnum": "1", "totaldiscs": "1"},
        "tree": {
            "arch": disc.arch,
            "build_timestamp": str(_TIMESTAMP),
            "platforms": disc.arch,
            "variants": ",".join(sorted(disc.repositories)),
        },
    }
    for variant, directory in disc.repositories.items():
        packages = "Packages" if directory == "." else f"{directory}/Packages"
        about = {"id": variant, "name": variant, "type": "variant", "uid": variant}
        sections[f"variant-{variant}"] = about | {"packages": packages, "repository": directory}
    return sections


def main() -> None:
    """Make one ISO as the command line says."""
    parser = argparse.ArgumentParser(description="Make an ISO that looks like an installation medium.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--layout", choices=sorted(LAYOUTS), default="rocky9")
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--variant", choices=("dvd", "minimal", "boot"), default="dvd")
    parser.add_argument("--kernel", type=Path)
    parser.add_argument("--initrd", type=Path)
    parser.add_argument("--install-image", type=Path)
    parser.add_argument("--volume-id")
    parser.add_argument("--implant-md5", action="store_true")
    given = parser.parse_args()
    made = make_iso(
        given.out.absolute(),
        given.layout,
        arch=given.arch,
        variant=given.variant,
        kernel=given.kernel,
        initrd=given.initrd,
        install_image=given.install_image,
        volume_id=given.volume_id,
        implant_md5=given.implant_md5,
    )
    sys.stdout.write(f"{made}\n")


if __name__ == "__main__":
    main()
