"""Real ISOs in the layout of every release: what is found in them is what was put in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import media
import pytest
from command import kickbuild as run_command
from conftest import needs_tools

from kickbuild.cli.main import run as kickbuild
from kickbuild.copying import Ranges, whole_file
from kickbuild.errors import ExitCode, InputError, IsoError
from kickbuild.iso.facts import IsoFacts, IsoFile, MediaChecksum, Variant
from kickbuild.iso.inspect import read_facts
from kickbuild.iso.media_checksum import verify_media_checksum
from kickbuild.iso.reader import IsoReader
from kickbuild.progress import Silent
from kickbuild.run import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.tools, needs_tools("xorriso")]

NAMES: dict[str, dict[str, bool]] = {
    "rock ridge and joliet": {},
    "rock ridge": {"joliet": False},
    "joliet": {"rock_ridge": False},
    "plain": {"rock_ridge": False, "joliet": False},
}
UDF = {"udf": True, "rock_ridge": False, "joliet": False}


def content(facts: IsoFacts, file: IsoFile | None) -> bytes:
    assert file is not None
    with facts.path.open("rb") as iso:
        pieces = []
        for offset, length in file.extents:
            iso.seek(offset)
            pieces.append(iso.read(length))
    data = b"".join(pieces)
    assert len(data) == file.size
    return data


def assert_payload(facts: IsoFacts, layout: str, arch: str = "x86_64") -> None:
    assert content(facts, facts.kernel) == media.noise(f"kernel {layout} {arch}", 200_000)
    assert content(facts, facts.initrd) == media.noise(f"initrd {layout} {arch}", 300_001)
    assert content(facts, facts.install_image) == media.noise(f"stage2 {layout} {arch}", 400_003)


def expected_release(layout: str) -> str:
    minor = media.LAYOUTS[layout].version.partition(".")[2]
    return f"{layout}.{minor}" if minor else layout


# What the minimal ISOs of CentOS 6 say of themselves is what its DVD says; there was none before.
MADE = [
    (layout, variant)
    for layout in media.LAYOUTS
    for variant in Variant
    if variant is not Variant.MINIMAL or media.LAYOUTS[layout].family >= 7
]


@pytest.mark.parametrize(("layout", "variant"), MADE)
def test_every_layout(tmp_path: Path, layout: str, variant: Variant) -> None:
    facts = read_facts(media.make_iso(tmp_path / "x.iso", layout, variant=variant))
    assert facts.match.id == expected_release(layout)
    lorax = variant is Variant.BOOT and media.LAYOUTS[layout].family >= 7
    assert facts.identified_by == (".discinfo" if lorax else ".treeinfo")
    assert (facts.arch, facts.variant) == ("x86_64", variant)
    assert facts.has_packages == (variant is not Variant.BOOT)
    assert not any("only its volume id" in notice for notice in facts.notices)
    assert facts.has_discinfo
    assert facts.media_checksum is MediaChecksum.ABSENT
    assert any("`url`" in notice for notice in facts.notices) == (variant is Variant.BOOT)
    assert facts.install_image is not None
    assert facts.install_image.path == facts.match.can.stage2_path
    assert_payload(facts, layout)


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("layout", ["rhel6", "centos7", "rocky9", "fedora43"])
def test_every_kind_of_names(tmp_path: Path, layout: str, names: str) -> None:
    facts = read_facts(media.make_iso(tmp_path / "x.iso", layout, **NAMES[names]))  # type: ignore[arg-type]
    assert facts.match.id == expected_release(layout)
    assert facts.has_packages
    assert_payload(facts, layout)


@needs_tools("genisoimage")
@pytest.mark.parametrize("layout", ["rhel6", "centos7", "rocky9"])
def test_udf_names(tmp_path: Path, layout: str) -> None:
    path = media.make_iso(tmp_path / "x.iso", layout, **UDF)  # type: ignore[arg-type]
    facts = read_facts(path)
    assert facts.match.id == expected_release(layout)
    assert facts.kernel.path == "images/pxeboot/vmlinuz"
    assert_payload(facts, layout)


@needs_tools("genisoimage")
def test_small_faults_are_passed_over_in_silence(tmp_path: Path) -> None:
    path = media.make_iso(tmp_path / "x.iso", **UDF)  # type: ignore[arg-type]
    data = bytearray(path.read_bytes())
    # The descriptor that ends the UDF file set follows the one that begins it; the first bytes tell them apart.
    begin = next(n for n in range(0, len(data), 2048) if data[n : n + 4] == b"\x00\x01\x02\x00")
    assert data[begin + 2048] == 8
    data[begin + 2048 : begin + 4096] = bytes(2048)
    path.write_bytes(data)
    done = run_command("inspect", path)
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("layout", "arch"),
    [
        ("rocky8", "aarch64"),
        ("rocky9", "aarch64"),
        ("rhel7", "aarch64"),
        ("centos7", "ppc64le"),
        ("rhel8", "ppc64le"),
        ("rhel9", "ppc64le"),
        ("rhel6", "ppc64"),
        ("rhel5", "i386"),
        ("centos6", "i386"),
    ],
)
def test_every_architecture(tmp_path: Path, layout: str, arch: str) -> None:
    facts = read_facts(media.make_iso(tmp_path / "x.iso", layout, arch=arch))
    assert facts.arch == arch
    assert facts.kernel.path.startswith("ppc/ppc64/") == arch.startswith("ppc")
    assert_payload(facts, layout, arch)


@pytest.mark.parametrize(
    ("omit", "source"),
    [
        ((".treeinfo",), ".discinfo"),
        ((".treeinfo", ".discinfo"), "media.repo"),
        ((".treeinfo", ".discinfo", "media.repo"), "volume id"),
    ],
)
@pytest.mark.parametrize("layout", ["rhel6", "rhel7", "rocky9", "oracle8", "fedora43"])
def test_poorer_metadata(tmp_path: Path, layout: str, omit: tuple[str, ...], source: str) -> None:
    facts = read_facts(media.make_iso(tmp_path / "x.iso", layout, omit=omit))
    assert facts.match.id == expected_release(layout)
    assert facts.identified_by == source
    assert facts.has_discinfo == (source == ".discinfo")
    assert any(".discinfo" in notice for notice in facts.notices) == (source != ".discinfo")
    # From RHEL 8 on the installer knows only from .treeinfo where the packages are.
    assert facts.has_packages == layout.startswith(("rhel6", "rhel7"))


@pytest.mark.parametrize(
    ("layout", "omit", "variants"),
    [
        ("rhel6", ["Packages"], ""),
        ("rhel7", ["repodata"], ""),
        ("rocky9", ["BaseOS/repodata"], ""),
        ("rocky9", [], "AppStream"),
        ("fedora43", [], "Other"),
    ],
)
def test_packages_that_the_installer_passes_over(tmp_path: Path, layout: str, omit: list[str], variants: str) -> None:
    path = media.make_iso(tmp_path / "x.iso", layout, omit=omit)
    if variants:
        with IsoReader(path) as iso:
            text = iso.read(".treeinfo")
        assert text is not None
        right = f"variants = {'Server' if layout == 'fedora43' else 'AppStream,BaseOS'}\n".encode()
        assert right in text
        wrong = text.replace(right, f"variants = {variants}\n".encode())
        media.make_iso(path, layout, omit=omit, extra={".treeinfo": wrong})
    facts = read_facts(path)
    assert not facts.has_packages
    assert any("finds no packages" in notice for notice in facts.notices)


def test_a_size_that_stops_the_installer(tmp_path: Path) -> None:
    path = media.make_iso(tmp_path / "x.iso")
    with path.open("ab") as file:
        file.write(b"x")
    assert "no multiple of 2048" in problems(path)


@pytest.mark.parametrize("discinfo", [b"", b"1714000000.1\nRocky Linux 9.4\n"])
def test_a_discinfo_without_an_architecture_is_none(tmp_path: Path, discinfo: bytes) -> None:
    facts = read_facts(media.make_iso(tmp_path / "x.iso", extra={".discinfo": discinfo}))
    assert not facts.has_discinfo
    assert any("no .discinfo" in notice for notice in facts.notices)


def test_the_same_iso_is_made_again(tmp_path: Path) -> None:
    first = media.make_iso(tmp_path / "x.iso", implant_md5=True).read_bytes()
    assert media.make_iso(tmp_path / "y.iso", implant_md5=True).read_bytes() == first


PACKAGES = {
    f"{repository}/Packages/{chr(97 + number % 26)}/{'a-package-with-a-long-name-' * 3}{number}.x86_64.rpm": b"x"
    for number in range(3000)
    for repository in ("BaseOS", "AppStream")
}


@needs_tools("genisoimage")
@pytest.mark.parametrize(
    "mastering",
    [
        ["xorriso", "-as", "mkisofs", "-v", "-U", "-J", "-R"],
        ["xorriso", "-as", "mkisofs", "-iso-level", "4", "-J", "-R"],
        ["genisoimage", "-U", "-J", "-joliet-long", "-R", "-T"],
        ["genisoimage", "-iso-level", "4", "-R"],
        ["genisoimage", "-udf", "-iso-level", "3", "-allow-limited-size"],
    ],
    ids=" ".join,
)
def test_a_dvd_as_other_programs_master_it(tmp_path: Path, mastering: list[str]) -> None:
    path = media.make_iso(tmp_path / "x.iso", extra=PACKAGES, mastering=mastering)
    facts = read_facts(path)
    assert facts.match.id == "rocky9.4"
    assert facts.has_packages
    assert_payload(facts, "rocky9")


def test_a_broken_treeinfo_is_passed_over(tmp_path: Path) -> None:
    facts = read_facts(media.make_iso(tmp_path / "x.iso", extra={".treeinfo": b"no section\n\xff"}))
    assert facts.identified_by == ".discinfo"
    assert any(".treeinfo cannot be read" in notice for notice in facts.notices)


def problems(path: Path, release: str = "auto") -> str:
    with pytest.raises(InputError) as caught:
        read_facts(path, release=release)
    assert caught.value.exit_code == ExitCode.INPUT
    assert all(problem.where == str(path) for problem in caught.value.problems)
    return "\n".join(problem.message for problem in caught.value.problems)


@pytest.mark.parametrize("layout", ["rhel6", "rocky9"])
def test_a_missing_install_image_is_an_error(tmp_path: Path, layout: str) -> None:
    said = problems(media.make_iso(tmp_path / "x.iso", layout, omit=["images/install.img"]))
    assert "no install image" in said
    assert "images/install.img" in said


def test_everything_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    omit = ["images/pxeboot", "isolinux", "images/install.img"]
    extra = {".discinfo": b"1\nRocky Linux 9.4\naarch64\n"}
    said = problems(media.make_iso(tmp_path / "x.iso", omit=omit, extra=extra))
    assert [word in said for word in ("kernel", "initrd", "install image", "for aarch64 by its .discinfo")] == [
        True
    ] * 4


def test_an_empty_kernel_is_refused(tmp_path: Path) -> None:
    assert "is empty" in problems(media.make_iso(tmp_path / "x.iso", kernel=b""))


def test_an_architecture_that_is_not_supported(tmp_path: Path) -> None:
    assert "the ISO is for s390x" in problems(media.make_iso(tmp_path / "x.iso", arch="s390x"))


@pytest.mark.parametrize(
    ("volume_id", "extra", "says"),
    [
        (
            "Debian 12.5.0 amd64 n",
            {".disk/info": b'Debian GNU/Linux 12.5.0 "Bookworm"\n', "pool/x": b"x"},
            "Debian GNU",
        ),
        ("Ubuntu-Server 24.04 LTS", {".disk/info": b"Ubuntu-Server 24.04 LTS\n", "casper/x": b"x"}, "Ubuntu-Server"),
        ("openSUSE-Leap-15.6-DVD", {"media.1/products": b"x"}, "SUSE"),
        ("CCCOMA_X64FRE_EN-US_DV9", {"README.TXT": b"x"}, "Windows"),
        ("Fedora-WS-Live-43", {"LiveOS/squashfs.img": b"x"}, "a live system"),
        ("BACKUP", {"notes.txt": b"x"}, "neither .treeinfo nor .discinfo"),
    ],
)
def test_other_isos_are_refused_by_name(tmp_path: Path, volume_id: str, extra: dict[str, bytes], says: str) -> None:
    omit = [".treeinfo", ".discinfo", "media.repo", "images", "isolinux", "EFI", "BaseOS", "AppStream"]
    path = media.make_iso(tmp_path / "x.iso", volume_id=volume_id, omit=omit, extra=extra)
    assert says in problems(path)


def test_a_derivative_needs_a_word_from_the_user(tmp_path: Path) -> None:
    treeinfo = b"[general]\nfamily = Scientific Linux\nversion = 7.9\narch = x86_64\n"
    path = media.make_iso(
        tmp_path / "x.iso",
        "centos7",
        volume_id="SL-7.9",
        omit=[".discinfo", "media.repo"],
        extra={".treeinfo": treeinfo},
    )
    assert "Scientific Linux 7.9, of which kickbuild knows nothing" in problems(path)
    assert read_facts(path, release="rhel7.9").match.id == "rhel7.9"


def test_texts_of_the_iso_do_not_reach_the_terminal_raw(tmp_path: Path) -> None:
    extra = {".treeinfo": b"[general]\r\nfamily = \x1b[2JLinux\r\nversion = 9.4\r\narch = x86_64\r\n"}
    path = media.make_iso(tmp_path / "x.iso", volume_id="X", omit=[".discinfo", "media.repo"], extra=extra)
    assert problems(path).isprintable()


def test_the_user_is_contradicted(tmp_path: Path) -> None:
    path = media.make_iso(tmp_path / "x.iso", "rocky9")
    assert read_facts(path, release="rocky9").match.id == "rocky9"
    assert read_facts(path, release="rocky9.4").match.id == "rocky9.4"
    for wrong in ("rocky9.3", "rocky8", "alma9.4"):
        assert "the ISO is Rocky Linux 9.4 by its .treeinfo, and not" in problems(path, wrong)


def test_a_newer_release_takes_its_older_relative(tmp_path: Path) -> None:
    treeinfo = b"[general]\nfamily = Fedora\nversion = 99\narch = x86_64\n[stage2]\nmainimage = images/install.img\n"
    path = media.make_iso(tmp_path / "x.iso", "fedora43", extra={".treeinfo": treeinfo})
    facts = read_facts(path)
    assert facts.match.id == "fedora99"
    assert any("newer than this kickbuild" in notice for notice in facts.notices)


@needs_tools("genisoimage")
def test_an_iso_by_another_program(tmp_path: Path) -> None:
    path = media.make_iso(tmp_path / "x.iso", udf=True)
    assert_payload(read_facts(path), "rocky9")


def test_a_file_over_4_gib(tmp_path: Path) -> None:
    big = tmp_path / "big"
    size = 4 * 1024**3 + 4097
    with big.open("wb") as file:
        for place, text in ((0, b"begin"), (size - 3, b"end")):
            file.seek(place)
            file.write(text)
    extra: dict[str, bytes | Path] = {"Backup/big.tar": big}
    path = media.make_iso(tmp_path / "x.iso", joliet=False, sparse=True, extra=extra)
    facts = read_facts(path)
    assert facts.size > size
    assert_payload(facts, "rocky9")
    with IsoReader(path) as iso, path.open("rb") as file:
        found = iso.find("backup/BIG.tar")
        assert found is not None
        assert found.size == size
        assert len(found.extents) == 2
        file.seek(found.extents[0][0])
        assert file.read(5) == b"begin"
        file.seek(sum(found.extents[-1]) - 3)
        assert file.read(3) == b"end"


@needs_tools("implantisomd5", "checkisomd5")
class TestMediaChecksum:
    """Judged by checkisomd5."""

    @pytest.mark.parametrize("layout", ["rhel6", "rocky9", "fedora43"])
    def test_an_implanted_one_is_right(self, tmp_path: Path, layout: str) -> None:
        path = media.make_iso(tmp_path / "x.iso", layout, implant_md5=True)
        assert run(["checkisomd5", path], check=False).code == 0
        assert read_facts(path).media_checksum is MediaChecksum.PRESENT
        assert verify_media_checksum(whole_file(path), Silent()) is MediaChecksum.VALID

    @pytest.mark.parametrize("place", [0x8050, 50_000, 900_000])
    def test_a_changed_byte_is_noticed(self, tmp_path: Path, place: int) -> None:
        path = media.make_iso(tmp_path / "x.iso", implant_md5=True)
        with path.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)
            file.seek(place)
            file.write(bytes([byte[0] ^ 1]))
        assert run(["checkisomd5", path], check=False).code != 0
        assert verify_media_checksum(whole_file(path), Silent()) is MediaChecksum.INVALID

    def test_an_iso_in_a_drive_image(self, tmp_path: Path) -> None:
        data = media.make_iso(tmp_path / "x.iso", implant_md5=True).read_bytes()
        image = tmp_path / "drive.img"
        image.write_bytes(b"-" * 4096 + data[700_000:] + data[:700_000])
        ranges = Ranges(image, ((4096 + len(data) - 700_000, 700_000), (4096, len(data) - 700_000)))
        assert verify_media_checksum(ranges, Silent()) is MediaChecksum.VALID

    def test_inspect_tells_it(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = media.make_iso(tmp_path / "x.iso", implant_md5=True)
        assert inspect(capsys, path)["media_checksum"] == "present"
        assert inspect(capsys, path, "--check")["media_checksum"] == "valid"
        with path.open("r+b") as file:
            file.seek(600_000)
            file.write(b"broken")
        assert inspect(capsys, path, "--check", code=ExitCode.INPUT)["media_checksum"] == "invalid"


def inspect(
    capsys: pytest.CaptureFixture[str], path: Path, *options: str, code: ExitCode = ExitCode.DONE
) -> dict[str, Any]:
    assert kickbuild(["inspect", str(path), "--json", *options]) == code
    value = json.loads(capsys.readouterr().out)
    assert isinstance(value, dict)
    return value


def test_inspect_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = media.make_iso(tmp_path / "x.iso", "rhel6", variant="boot")
    assert kickbuild(["inspect", str(path)]) == ExitCode.DONE
    out = capsys.readouterr().out
    assert "Red Hat Enterprise Linux 6.10 (rhel6.10), by .treeinfo" in out
    assert "images/install.img, 391 KiB" in out
    assert "`url` line" in out
    assert "beside the ISO" in out


def test_inspect_says_why_rhel5_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = media.make_iso(tmp_path / "x.iso", "rhel5")
    assert kickbuild(["inspect", str(path)]) == ExitCode.DONE
    assert "cannot prepare" in capsys.readouterr().out
    assert inspect(capsys, path)["prepare"] is False


def test_an_iso_without_a_checksum_is_not_called_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = media.make_iso(tmp_path / "x.iso")
    assert inspect(capsys, path, "--check", code=ExitCode.INPUT)["media_checksum"] == "absent"


def test_inspect_says_that_an_installer_needs_the_discinfo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = media.make_iso(tmp_path / "x.iso", omit=[".discinfo"])
    assert kickbuild(["inspect", str(path)]) == ExitCode.DONE
    assert "cannot prepare" in capsys.readouterr().out
    assert "without a .discinfo" in inspect(capsys, path)["refusal"]


def test_inspect_of_no_iso(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.iso").write_bytes(b"")
    assert kickbuild(["inspect", str(tmp_path / "x.iso")]) == ExitCode.INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "the file is empty" in captured.err


def test_a_half_iso_is_refused(tmp_path: Path) -> None:
    path = media.make_iso(tmp_path / "x.iso")
    data = path.read_bytes()
    for size in (len(data) // 2, len(data) - 2048, 40_000, 33_000):
        path.write_bytes(data[:size])
        with pytest.raises(IsoError, match=r"truncated|break off|not an ISO"):
            read_facts(path)
