"""Adopting: only what must change changes, every change can be taken back, what is unsafe is refused by its line."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_kickstart_document import TEXTS

from kickbuild.cli.main import run as run_cli
from kickbuild.drive.ref import parse_ref
from kickbuild.errors import ExitCode, KickstartError, Problem, ReleaseError
from kickbuild.kickstart.adopt import Adopted, adopt, assemble, guard_section
from kickbuild.kickstart.after import after_section
from kickbuild.kickstart.marks import restore
from kickbuild.kickstart.parse import parse
from kickbuild.releases.find import parse_release
from kickbuild.releases.table import RELEASES

if TYPE_CHECKING:
    from pathlib import Path

DRIVE = "UUID=0d1c9a4e-7a3f-4a52-9d4e-5a5b8f1a2c3d"
INCLUDE = "%include /tmp/kickbuild-storage.ks"
GUARD = "echo 'guard'\nexit 0\n"
AFTER = after_section(
    profile_name="web", profile_digest="d", source=parse_ref(DRIVE), release="rocky9", keep=(), onerror=False
)
RELEASE_IDS = [release.id for release in RELEASES if release.can.prepare]

KS = """# our web servers
cmdline
url --url=https://mirror.example.com/os  # nearest
lang en_US.UTF-8
keyboard us
timezone Europe/Vienna --utc
rootpw --iscrypted $6$salt$hash
zerombr
clearpart --all --initlabel --drives=sda
bootloader --location=mbr --boot-drive=sda --append="quiet"
part /boot --fstype=ext4 --size=1024 --ondisk=sda
part pv.01 --size=1 --grow
volgroup vg pv.01
logvol / --vgname=vg --name=root --size=1 --grow
reboot

# what it gets
%packages
@core
%end

%post
echo "part / --ondisk=sda"   # a script's own
%end
"""


def adopted(text: str, release: str = "rocky9.4", **changed: Any) -> Adopted:
    given: dict[str, Any] = {"source": parse_ref(DRIVE), "iso_dir": "/rocky9.4/dvd.iso", "has_packages": True}
    return adopt(text, capabilities=parse_release(release).can, **(given | changed))


def refused(text: str, release: str = "rocky9.4", **changed: Any) -> tuple[Problem, ...]:
    with pytest.raises(KickstartError) as caught:
        adopted(text, release, **changed)
    return caught.value.problems


def with_line(line: str, *, instead_of: str = "") -> str:
    """Return the sample with one line more, or another in the place of the one that begins so."""
    lines = KS.splitlines(keepends=True)
    place = next((i for i, old in enumerate(lines) if instead_of and old.startswith(instead_of)), None)
    if place is None:
        return f"{line}\n{KS}"
    return "".join([*lines[:place], f"{line}\n" if line else "", *lines[place + 1 :]])


def assert_taken_back(text: str, result: Adopted) -> None:
    assert restore(result.text).text == text
    assert restore(assemble(result, GUARD, AFTER)).text == text


def test_the_whole_of_it() -> None:
    result = adopted(KS)
    assert result.storage_lines == (
        "ignoredisk --only-use=@TARGET@",
        "clearpart --all --initlabel --drives=@TARGET@",
        'bootloader --location=mbr --boot-drive=@TARGET@ --append="quiet"',
        "part /boot --fstype=ext4 --size=1024 --ondisk=@TARGET@",
        "part pv.01 --size=1 --grow --ondisk=@TARGET@",
    )
    before, after = KS.splitlines(), result.text.splitlines()
    assert [line for line in after if line not in before] == [
        "# kickbuild was: url --url=https://mirror.example.com/os  # nearest",
        f"harddrive --partition={DRIVE} --dir=/rocky9.4/dvd.iso  # nearest",
        "# kickbuild was: clearpart --all --initlabel --drives=sda",
        INCLUDE,
        '# kickbuild moved: bootloader --location=mbr --boot-drive=sda --append="quiet"',
        "# kickbuild moved: part /boot --fstype=ext4 --size=1024 --ondisk=sda",
        "# kickbuild moved: part pv.01 --size=1 --grow",
    ]
    assert [(change.line, change.before, change.after) for change in result.changes][:2] == [
        (3, before[2], f"harddrive --partition={DRIVE} --dir=/rocky9.4/dvd.iso  # nearest"),
        (9, before[8], "clearpart --all --initlabel --drives=@TARGET@"),
    ]
    assert result.notices == ()
    assert_taken_back(KS, result)


@pytest.mark.parametrize("release", RELEASE_IDS)
def test_every_release(release: str) -> None:
    can = parse_release(release).can
    text = KS.replace("--boot-drive=sda", f"--{can.boot_drive_option}=sda")
    result = adopted(text, release)
    selection = "--drives=@OTHERS@" if can.ignoredisk_hides_source else "--only-use=@TARGET@"
    assert result.storage_lines[0] == f"ignoredisk {selection}"
    whole = assemble(result, GUARD, AFTER)
    assert parse(whole, can.handler).problems == ()
    assert_taken_back(text, result)


@pytest.mark.parametrize("release", RELEASE_IDS)
def test_what_would_wait_is_added(release: str) -> None:
    text = "".join(
        f"{line}\n" for line in KS.splitlines() if not line.startswith(("zerombr", "reboot", "url", "bootl"))
    )
    result = adopted(text, release)
    option = parse_release(release).can.boot_drive_option
    assert result.storage_lines[0] == "zerombr"
    assert f"bootloader --location=mbr --{option}=@TARGET@" in result.storage_lines
    lines = result.text.splitlines()
    assert "reboot" in lines
    assert any(line.startswith("harddrive") for line in lines)
    assert_taken_back(text, result)


def test_rhel_5_has_no_rebuild_drives() -> None:
    with pytest.raises(ReleaseError, match="RHEL 5"):
        adopted(KS, "rhel5")


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("clearpart --all --drives sda", "clearpart --all --drives @TARGET@"),
        ("clearpart --drives=sda --all # all of it", "clearpart --drives=@TARGET@ --all # all of it"),
        ('clearpart --all "--drives=sda"', "clearpart --all --drives=@TARGET@"),
        ("clearpart --linux", "clearpart --linux --drives=@TARGET@"),
        ("clearpart --none  # keep", "clearpart --none --drives=@TARGET@  # keep"),
        ("  clearpart\t--all", "  clearpart\t--all --drives=@TARGET@"),
        ("clearpart --all --drives=", "clearpart --all --drives=@TARGET@"),
        ("clearpart --all --drives=sda|vda", "clearpart --all --drives=@TARGET@"),
        ("clearpart --all --drives='/dev/disk/by-id/ata-X'", "clearpart --all --drives=@TARGET@"),
    ],
)
def test_only_the_disk_changes(line: str, after: str) -> None:
    text = with_line(line, instead_of="clearpart")
    text = text.replace(" --boot-drive=sda", "").replace(" --ondisk=sda\n", "\n")
    result = adopted(text)
    assert after in result.storage_lines
    assert_taken_back(text, result)


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("part /boot --size=1 --ondisk sda", "part /boot --size=1 --ondisk @TARGET@"),
        ("part /boot --size=1 --ondisk=/dev/sda", "part /boot --size=1 --ondisk=@TARGET@"),
        ('partition /boot --ondrive="sda" --size=1', "partition /boot --ondrive=@TARGET@ --size=1"),
        ("part /boot --size=1 # --ondisk=sdb", "part /boot --size=1 --ondisk=@TARGET@ # --ondisk=sdb"),
        ("part /boot --label='a b' --size=1", "part /boot --label='a b' --size=1 --ondisk=@TARGET@"),
    ],
)
def test_partitions_go_to_the_target(line: str, after: str) -> None:
    assert after in adopted(with_line(line, instead_of="part /boot")).storage_lines


@pytest.mark.parametrize(
    ("line", "release", "after"),
    [
        ("ignoredisk --only-use=sda", "rocky9.4", "ignoredisk --only-use=@TARGET@"),
        ("ignoredisk --drives sdb,sdc", "rocky9.4", "ignoredisk --only-use=@TARGET@"),
        ("ignoredisk --only-use=sda", "centos7", "ignoredisk --drives=@OTHERS@"),
        ("ignoredisk --only-use=sda # ours", "rocky8.2", "ignoredisk --drives=@OTHERS@ # ours"),
        ("ignoredisk --drives=sdb", "centos7", "ignoredisk --drives=@OTHERS@"),
        ("bootloader --driveorder=sda,sdb", "rocky9.4", "bootloader --driveorder=@TARGET@"),
        ("bootloader --location=none", "rocky9.4", "bootloader --location=none --boot-drive=@TARGET@"),
    ],
)
def test_selection_and_boot_loader_follow_the_guard(line: str, release: str, after: str) -> None:
    text = with_line(line, instead_of=line.split(maxsplit=1)[0])
    result = adopted(text, release)
    assert after in result.storage_lines
    assert sum(stored.startswith(line.split(maxsplit=1)[0]) for stored in result.storage_lines) == 1
    assert_taken_back(text, result)


@pytest.mark.parametrize(
    "source", ["cdrom", "url --url http://x/y", "nfs --server=x --dir=/y", "harddrive --partition=sdb1 --dir=/x"]
)
def test_the_source_becomes_the_drive(source: str) -> None:
    lines = adopted(with_line(source, instead_of="url")).text.splitlines()
    place = lines.index(f"# kickbuild was: {source}")
    assert lines[place + 1] == f"harddrive --partition={DRIVE} --dir=/rocky9.4/dvd.iso"


def test_a_second_source_goes_and_repositories_stay() -> None:
    text = with_line("cdrom\nrepo --name=extra --baseurl=http://x/y")
    result = adopted(text)
    assert "# kickbuild removed: url --url=https://mirror.example.com/os  # nearest\n" in result.text
    assert "\nrepo --name=extra --baseurl=http://x/y\n" in result.text
    assert [notice.where for notice in result.notices] == ["ks.cfg:2"]
    assert_taken_back(text, result)


def test_a_source_that_is_right_already_is_left_alone() -> None:
    line = f"harddrive --partition={DRIVE} --dir=/rocky9.4/dvd.iso"
    result = adopted(with_line(f"{line}  # ours", instead_of="url"))
    assert f"\n{line}  # ours\n" in result.text
    assert not any("harddrive" in change.after for change in result.changes)


def test_an_iso_without_packages_keeps_the_network_source() -> None:
    result = adopted(KS, has_packages=False)
    assert "\nurl --url=https://mirror.example.com/os  # nearest\n" in result.text
    assert "harddrive" not in result.text
    assert [problem.where for problem in refused(with_line("cdrom", instead_of="url"), has_packages=False)] == [
        "ks.cfg:3"
    ]
    assert "no source" in refused(with_line("", instead_of="url"), has_packages=False)[0].message
    assert adopted(with_line("", instead_of="url"), has_packages=False, extra=("url --url=http://x",)).text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("part /home --size=1 --ondisk=sdb", "sdb beside sda"),
        ("clearpart --all --drives=sda,sdb", "sdb beside sda"),
        ("ignoredisk --only-use=sda,sdb", "sdb beside sda"),
        ("part /home --size=1 --ondisk=disk/by-id/x", "disk/by-id/x beside sda"),
        ("clearpart --all --drives=sd*", "several disks"),
        ("part /home --onpart=sda3", "--onpart keeps"),
        ("part /home --size=1 --usepart sda3", "--usepart keeps"),
        ("part /home --onpart=sda3 --noformat", "--noformat keeps"),
        ("part /home --size=1 --onbiosdisk=80", "BIOS"),
        ("part /home --size=1 --ondis=sda", "abbreviation"),
        ("clearpart --all --drive=sda", "abbreviation"),
        ("part -- /home --size=1 --ondisk=sda", "bare --"),
        ("clearpart --list=sda2,sda3", "--list names partitions"),
        ("ignoredisk --interactive", "asks a person"),
        ("volgroup old --useexisting", "--useexisting keeps"),
        ("logvol /srv --vgname=old --name=srv --useexisting --noformat", "--noformat keeps"),
        ("raid /srv --device=md0 --level=1 raid.01 raid.02", "raid spreads over disks: raid.01 raid.02"),
        ("btrfs none --data=1 btrfs.01 btrfs.02", "btrfs spreads"),
        ("mount /dev/sda1 /srv", "mount keeps"),
        ("volgroup data sdb1", "volgroup uses sdb1, which no line"),
        ("volgroup data pv.77 disk/by-id/x-part1", "volgroup uses disk/by-id/x-part1, which no line"),
        ("raid /srv --device=md0 --level=1 sdb1 sdc1", "raid uses sdc1, which no line"),
        ("logvol /srv --vgname=old --name=srv --size=1", "logvol is in the volume group old"),
        ("iscsi --target=iqn.x --ipaddr=192.0.2.1", "after the guard has looked"),
        ("part /home --size=1 --ondisk=$disk", "template"),
        ("part /home --size=1 --ondisk={{ disk }}", "template"),
        ("part /home --size=1 --label=@OTHERS@", "stands for a disk"),
        ("{% if web %}", "template"),
        ("<% if @web %>", "template"),
        ("%include /tmp/part.ks", "put the file's lines"),
        ("%include common.ks", "put the file's lines"),
        ("%include http://x/common.ks", "cannot see"),
        (INCLUDE, "own include"),
        ("%ksappend common.ks", "cannot see"),
        ("%include", "names no file"),
        ('network --hostname="web', "never closed"),
        ("network --hostname=web \\", "no continuation lines"),
        ("nvdimm reconfigure --namespace=namespace0.0 --mode=sector", "before any guard"),
        ("liveimg --url=http://x", "no packages from the ISO"),
        ("ostreesetup --osname=x --url=http://x --ref=x", "no packages from the ISO"),
        ("interactive", "asks a person"),
        ("rescue", "rescue system"),
        ("nosuchcommand", "does not accept"),
        ("lang a\u2028clearpart --all", "U+2028"),
        ("lang \0", "NUL"),
        ("\ufefflang x", "byte order mark"),
        ("autopart --encrypted", "--passphrase"),
    ],
)
def test_what_is_unsafe_is_refused_with_its_line(line: str, message: str) -> None:
    problems = [problem for problem in refused(f"{line}\n{KS}") if message in f"{problem.message} {problem.hint}"]
    assert problems
    assert {problem.where for problem in problems} == {"ks.cfg:1"}


def test_every_problem_is_told_at_once_with_the_name_of_the_file() -> None:
    text = with_line("part /home --onpart=sda3\n%include common.ks\nnosuchcommand\ninteractive")
    assert [problem.where for problem in refused(text, name="web.ks")] == [f"web.ks:{line}" for line in (1, 2, 3, 4)]


def test_a_missing_end_is_refused_with_its_section() -> None:
    assert [p.where for p in refused(KS.replace("@core\n%end", "@core"))] == ["ks.cfg:18"]
    assert [p.where for p in refused(KS.replace("@core\n%end", "@core"), "rhel6")][-1] == "ks.cfg:18"


@pytest.mark.parametrize("name", ["timezone", "rootpw", "clearpart"])
def test_what_kickbuild_cannot_guess_is_listed(name: str) -> None:
    problems = refused(with_line("", instead_of=name))
    assert any(f"has no {name}" in problem.message for problem in problems)
    assert all(problem.hint for problem in problems)


def test_what_must_be_there_depends_on_the_release() -> None:
    without = with_line("", instead_of="keyboard")
    assert adopted(without).text
    assert "has no keyboard" in refused(without.replace("--boot-drive", "--driveorder"), "rhel6")[0].message
    assert "has no keyboard" in refused(without.replace("cmdline\n", "graphical\n"))[0].message
    admin = with_line("user --name=ops --groups=wheel --password=x", instead_of="rootpw")
    assert adopted(admin).text
    assert "has no rootpw" in refused(admin.replace("--boot-drive", "--driveorder"), "rhel6")[0].message
    assert "%packages" in refused(KS.replace("%packages\n@core\n%end\n", ""))[0].message
    assert "reqpart" in refused(with_line("reqpart"), "rhel7.0")[0].message


def test_halt_waits_where_it_waits() -> None:
    text = with_line("halt", instead_of="reboot")
    assert "halt waits" in refused(text)[0].message
    assert adopted(text.replace("--boot-drive", "--driveorder"), "rhel6").text
    assert "\nreboot\n" not in adopted(with_line("poweroff", instead_of="reboot")).text


def test_what_should_be_known_is_told() -> None:
    text = with_line("text", instead_of="cmdline").replace("clearpart --all --initlabel", "clearpart --none")
    told = [(notice.where, notice.message) for notice in adopted(f"vnc\nmediacheck\n{text}", "centos7").notices]
    assert [where for where, _ in told] == ["ks.cfg", "ks.cfg", "ks.cfg:1", "ks.cfg:2", "ks.cfg:11"]
    assert "unasked" in told[0][1]
    assert "unsupported_hardware" in told[1][1]
    assert adopted(with_line("text --non-interactive", instead_of="cmdline")).notices == ()


def test_raid_on_the_one_disk_that_is_named_is_adopted() -> None:
    members = "part raid.01 --size=1 --ondisk=sda\npart raid.02 --size=1 --ondisk=sda\n"
    assert adopted(f"{members}raid /srv --device=md0 --level=1 raid.01 raid.02\n{KS}").text


def test_volumes_on_an_array_on_the_one_disk_are_adopted() -> None:
    parts = "part raid.01 --size=1 --ondisk=sda\npart raid.02 --size=1 --ondisk=sda\n"
    above = "raid pv.01 --device=md0 --level=1 raid.01 raid.02\nvolgroup data pv.01\n"
    assert adopted(f"{parts}{above}logvol /srv --vgname=data --name=srv --size=1\n{KS}").text


@pytest.mark.parametrize(
    "script",
    [
        "parted -s /dev/sda mklabel gpt",
        "/usr/sbin/parted -s /dev/sda mkpart primary 1 100%",
        "sfdisk -d /dev/sda | sfdisk /dev/sdb",
        "echo , | sfdisk /dev/sda",
        "sgdisk --zap-all /dev/sda",
        "dd if=/dev/zero of=/dev/sda bs=1M count=1",
        'dd if=/dev/zero of="/dev/$d" bs=1M',
        "dd if=/dev/zero of=$disk",
        "wipefs -a /dev/sda",
        "wipefs --all /dev/sda",
        "mkfs.xfs -f /dev/sda1",
        "mkfs -t ext4 /dev/sda1",
        "mkswap /dev/sda2",
        "pvcreate /dev/sda3",
        "vgremove -f old",
        "mdadm --zero-superblock /dev/sda1",
        "fdisk /dev/sda < /tmp/commands",
        "cat image > /dev/sda",
        "zcat image | tee /dev/nvme0n1",
        "os.system('parted -s /dev/sda mklabel gpt')",
        "sed -i s/sda/sdb/ /run/install/ks.cfg",
        "echo clearpart --all >> /tmp/ks.cfg",
        "rm /tmp/kickbuild-storage.ks",
    ],
)
def test_scripts_that_write_to_disks_are_refused(script: str) -> None:
    problems = refused(f"{KS}%pre\necho\n{script}\n%end\n")
    assert [problem.where for problem in problems] == [f"ks.cfg:{KS.count(chr(10)) + 3}"]


@pytest.mark.parametrize(
    "script",
    [
        "parted -s /dev/sda unit s print",
        "parted -l",
        "fdisk -l /dev/sda",
        "sfdisk -l",
        "sgdisk -p /dev/sda",
        "wipefs /dev/sda",
        "mdadm --stop /dev/md0",
        "dd if=/dev/sda of=/tmp/mbr bs=512 count=1",
        "dd if=/dev/urandom of=/dev/null",
        "echo hello > /dev/tty1",
        "exec > /dev/console 2>&1",
        "hdparm -I /dev/sda",
        "# parted -s /dev/sda mklabel gpt",
        "grep -q web /run/install/ks.cfg",
    ],
)
def test_scripts_that_only_look_are_adopted(script: str) -> None:
    assert adopted(f"{KS}%pre\n{script}\n%end\n").text


def test_a_script_after_the_installation_is_the_users_own() -> None:
    assert adopted(f"{KS}%post\nmkfs.xfs /dev/sdb1\n%end\n").text


def test_an_include_that_a_script_writes_without_storage_is_adopted_and_told() -> None:
    script = "%pre\necho network --hostname=web > /tmp/net.ks\n%end\n"
    result = adopted(f"%include /tmp/net.ks\n{KS}{script}")
    assert [notice.where for notice in result.notices] == ["ks.cfg:1"]


@pytest.mark.parametrize(
    "line", ["echo clearpart --all > /tmp/x.ks", "curl http://x > /tmp/x.ks", "echo cdrom >/tmp/x.ks"]
)
def test_an_include_that_a_script_writes_with_storage_is_refused(line: str) -> None:
    problems = refused(f"%include /tmp/x.ks\n{KS}%pre\n{line}\n%end\n")
    assert [problem.where for problem in problems] == ["ks.cfg:1"]
    assert f"line {KS.count(chr(10)) + 3}" in problems[0].message


def test_lines_of_the_profile_are_added() -> None:
    extra = ("user --name=ops --groups=wheel --lock", "skipx")
    result = adopted(KS, extra=extra)
    lines = result.text.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("# kickbuild added (2 lines, "))
    assert tuple(lines[place + 1 : place + 3]) == extra
    assert lines[place + 3] == "# what it gets"
    assert_taken_back(KS, result)
    assert adopted(with_line("", instead_of="rootpw"), extra=extra).text
    assert [problem.where for problem in refused(KS, extra=("autopart", "cdrom"))] == ["kickstart.extra"] * 2
    assert (
        "does not" in refused(KS, extra=("nosuchcommand",))[0].message
        or "as adopted" in refused(KS, extra=("nosuchcommand",))[0].message
    )


def test_the_guard_stands_before_every_script_of_the_user() -> None:
    text = f"# first\n%pre\necho mine\n%end\n{KS}"
    whole = assemble(adopted(text), GUARD, AFTER)
    assert whole.index("echo 'guard'") < whole.index("echo mine")
    assert "%pre --erroronfail --log=/tmp/kickbuild-guard.log\necho 'guard'\nexit 0\n%end\n" in whole
    assert parse(whole, "RHEL9").problems == ()


@pytest.mark.parametrize("guard", ["echo\n%end\n", "%post\n", "  %include /tmp/x\n"])
def test_a_guard_that_would_be_cut_is_a_bug(guard: str) -> None:
    with pytest.raises(ValueError, match="guard"):
        guard_section(guard)


def test_adopting_again_for_another_drive() -> None:
    once = assemble(adopted(KS), GUARD, AFTER)
    again = adopted(once, "fedora43", source=parse_ref("LABEL=OTHER"), iso_dir="/f43/x.iso")
    assert again.text == adopted(KS, "fedora43", source=parse_ref("LABEL=OTHER"), iso_dir="/f43/x.iso").text


def test_problems_of_an_adopted_kickstart_have_the_lines_of_that_file() -> None:
    once = adopted(KS).text.replace("skipx", "").replace("@core\n%end", "@core\n%end\nnosuchcommand")
    number = once.splitlines().index("nosuchcommand") + 1
    assert [problem.where for problem in refused(once)] == [f"ks.cfg:{number}"]


COMMENTS = st.sampled_from(
    ["", "# note", "#", "   ", "# kickbuild likes notes", "# part / --ondisk=sdb", "#version=RHEL9"]
)
ENDINGS = st.sampled_from(["\n", "\r\n"])


@st.composite
def kickstarts(draw: st.DrawFn) -> str:
    """Return kickstarts that can be adopted, laid out at random."""
    commands = [line for line in KS.splitlines()[:15] if line and not line.startswith("#")]
    commands = draw(st.permutations(commands))
    missing = draw(st.sets(st.sampled_from(["url", "zerombr", "reboot", "bootloader", "logvol"])))
    commands = [line for line in commands if not line.startswith(tuple(missing))]
    sections = draw(st.permutations(["%packages\n@core\n%end", "%pre\necho 'x'\n\n%end", "%post\n# part x\n\n%end"]))
    blocks = draw(st.permutations([*commands, *sections])) if draw(st.booleans()) else [*commands, *sections]
    lines: list[str] = []
    for block in blocks:
        indent = draw(st.sampled_from(["", " ", "\t"])) if not block.startswith("%") else ""
        tail = draw(st.sampled_from(["", " ", "  # why"])) if not block.startswith("%") else ""
        lines += [draw(COMMENTS), f"{indent}{block}{tail}"]
    ending = draw(ENDINGS)
    return ending.join(line.replace("\n", ending) for line in lines) + draw(st.sampled_from(["", ending]))


@given(kickstarts(), st.sampled_from(["centos7", "rocky8.9", "rocky9.4", "fedora43"]))
@settings(deadline=None, max_examples=40)
def test_every_change_can_be_taken_back_and_made_again(text: str, release: str) -> None:
    result = adopted(text, release)
    assert_taken_back(text, result)
    whole = assemble(result, GUARD, AFTER)
    again = adopted(whole, release)
    assert (again.text, again.storage_lines) == (result.text, result.storage_lines)
    kept = [line for line in text.splitlines() if not line.split()[:1] or line.split()[0] not in MOVING]
    there = iter(whole.splitlines())
    assert all(line in there for line in kept), "what need not change stays, in its order"
    parsed = parse(whole.replace(INCLUDE, "\n".join(result.storage_lines)), parse_release(release).can.handler)
    assert parsed.problems == ()
    assert parsed.disks == {"@TARGET@"}


MOVING = {"url", "clearpart", "bootloader", "part"}


@given(TEXTS)
@settings(deadline=None, max_examples=40)
def test_no_text_makes_it_fail(text: str) -> None:
    with contextlib.suppress(KickstartError):
        assert_taken_back(text, adopted(text))


@given(TEXTS | st.text())
def test_restoring_what_was_never_adopted_changes_nothing(text: str) -> None:
    assert restore(text).text == text


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("reboot\n", ""), ("reboot\n", "poweroff\n"), (f"{INCLUDE}\n", ""), (f"{INCLUDE}\n", "%include /tmp/x\n")],
)
def test_a_mark_takes_no_line_that_is_not_kickbuilds(ours: str, theirs: str) -> None:
    changed = adopted(with_line("", instead_of="reboot")).text.replace(f"\n{ours}", f"\n{theirs}")
    kept = [line for line in changed.splitlines() if not line.startswith(("#", "harddrive"))]
    there = iter(restore(changed).text.splitlines())
    assert all(line in there for line in kept if line not in {INCLUDE, "reboot"})


def test_the_command_prints_a_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "web.ks"
    file.write_bytes(KS.replace("\n", "\r\n").encode())
    assert run_cli(["adopt", str(file), "--release", "rocky9.4"]) == ExitCode.DONE
    shown = capsys.readouterr()
    assert "-url --url=https://mirror.example.com/os  # nearest\r\n" in shown.out
    assert "+harddrive --partition=LABEL=REBUILD --dir=/rocky9.4/install.iso  # nearest\r\n" in shown.out
    assert shown.out.endswith("+part pv.01 --size=1 --grow --ondisk=@TARGET@\n")
    assert shown.err == ""


def test_the_command_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "web.ks"
    file.write_text(KS)
    assert run_cli(["adopt", str(file), "--release=rhel7", f"--drive={DRIVE}", "--json"]) == ExitCode.DONE
    result = json.loads(capsys.readouterr().out)
    assert result["release"] == "rhel7"
    assert result["storage_lines"][0] == "ignoredisk --drives=@OTHERS@"
    assert restore(result["text"]).text == KS
    assert result["changes"][0]["line"] == 3
    assert result["notices"][0]["message"].startswith("has no unsupported_hardware")


def test_the_command_refuses_with_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "web.ks"
    file.write_text(f"autopart --nosuch\n{KS}")
    assert run_cli(["adopt", str(file), "--release=rocky9"]) == ExitCode.INPUT
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"{file}:1: " in shown.err
    file.write_bytes(b"lang \xff\n")
    assert run_cli(["adopt", str(file), "--release=rocky9"]) == ExitCode.INPUT
    assert run_cli(["adopt", str(file), "--release=nosuch"]) == ExitCode.INPUT
    assert run_cli(["adopt", str(tmp_path / "no.ks"), "--release=rocky9"]) == ExitCode.USAGE


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("more", ["", "%post\nlast\n%end", "# a remark"])
def test_the_script_at_the_end_is_taken_back_to_the_byte(more: str, ending: str) -> None:
    text = KS.rstrip("\n") + (f"\n{more}" if more else "") + ending
    result = adopted(text)
    whole = assemble(result, GUARD, AFTER)
    assert whole.endswith("\n%end\n# kickbuild after ends\n")
    assert restore(whole).text == text
    assert assemble(adopted(whole), GUARD, AFTER) == whole
    # What somebody adds below stays.
    assert restore(f"{whole}# mine\n").text in {f"{text}# mine\n", f"{text}\n# mine\n"}


def test_consoles_of_the_entry_and_of_the_new_system() -> None:
    arguments = ("console=tty0", "console=ttyS0,115200")
    [notice] = adopted(KS, arguments=arguments).notices
    assert notice.where == "ks.cfg:10"
    assert notice.message.startswith("the new system boots without console=tty0 console=ttyS0,115200, which")
    given = KS.replace('"quiet"', '"quiet console=tty0 console=ttyS0,115200"')
    assert adopted(given, arguments=arguments).notices == ()
    lines = adopted(with_line("", instead_of="bootloader"), arguments=arguments).storage_lines
    assert 'bootloader --location=mbr --boot-drive=@TARGET@ --append="console=tty0 console=ttyS0,115200"' in lines
