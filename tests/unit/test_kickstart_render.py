"""Kickstarts from profiles: for each release, deterministic, and judged by the field's own grammar."""

from __future__ import annotations

import re
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import needs_tools
from hypothesis import given, settings
from hypothesis import strategies as st
from kickstart_requests import HASH, MINIMAL, RELEASES, UUID, example, profile, request

from kickbuild import resources
from kickbuild.drive.ref import RefKind
from kickbuild.errors import KickbuildError, KickstartError, ProfileError, ReleaseError
from kickbuild.kickstart.parse import parse
from kickbuild.kickstart.render import render_kickstart
from kickbuild.kickstart.storage import storage_lines
from kickbuild.releases.find import parse_release

if TYPE_CHECKING:
    from conftest import Golden


def without_guard(text: str) -> str:
    """Return a kickstart without the programs of the guard and of the scripts at the end."""
    program = (resources.templates() / "kickstart" / "guard.sh").read_text(encoding="utf-8")
    assert program.rstrip() in text
    text = text.replace(program.rstrip(), "# (the guard)")
    # Behind the last value stands the program of a script at the end.
    return re.sub(r"(?ms)(^KB_KEEP=.*?\n).*?(?=^%end)", r"\1# (the script)\n", text)


def render(text: str, release: str = "rocky9.4") -> str:
    return render_kickstart(request(profile(text), release))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", ["minimal", "server", "adopted", "keep"])
def test_golden(release: str, name: str, golden: Golden) -> None:
    loaded = example(name)
    if release == "rhel6" and name == "server":
        with pytest.raises(ReleaseError) as caught:
            render_kickstart(request(loaded, release))
        assert len(caught.value.problems) >= 3
        return
    if release == "rhel6" and name == "adopted":
        with pytest.raises(KickbuildError):
            render_kickstart(request(loaded, release))
        return
    by = RefKind.LABEL if name == "server" else RefKind.UUID
    text = render_kickstart(request(loaded, release, by=by))
    assert text == render_kickstart(request(loaded, release, by=by))
    golden.check(f"kickstart/{name}-{release}.cfg", without_guard(text))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("layout", ["plain", "lvm"])
@pytest.mark.parametrize("firmware", ["bios", "uefi", "both"])
@pytest.mark.parametrize("arch", ["x86_64", "ppc64le"])
def test_storage_parses_with_a_disk_in_place_of_the_mark(release: str, layout: str, firmware: str, arch: str) -> None:
    loaded = profile(MINIMAL + f'[storage]\nlayout = "{layout}"\nfirmware = "{firmware}"\n')
    can = parse_release(release).can
    lines = storage_lines(loaded.profile.storage, can, arch)
    text = "\n".join(line.text for line in lines).replace("@TARGET@", "disk/by-id/wwn-0x5").replace("@OTHERS@", "sdc")
    assert parse(f"{text}\n", can.handler).problems == ()
    uses = [line.text for line in lines if "@TARGET@" in line.text]
    assert any(text.startswith("clearpart --all") and "--drives=@TARGET@" in text for text in uses)
    assert all("@TARGET@" in line.text for line in lines if line.text.startswith("part "))
    only = [line.text for line in lines if line.text.startswith("ignoredisk")]
    assert only == (
        ["ignoredisk --drives=@OTHERS@"] if can.ignoredisk_hides_source else ["ignoredisk --only-use=@TARGET@"]
    )


def test_the_source_is_literal_and_in_the_form_of_the_release() -> None:
    six = render(MINIMAL, "rhel6")
    nine = render(MINIMAL, "rocky9.4")
    assert f"\nharddrive --partition=UUID={UUID} --dir=/rhel6\n" in six
    assert f"\nharddrive --partition=UUID={UUID} --dir=/rocky9.4/x.iso\n" in nine


def test_own_parts() -> None:
    text = MINIMAL + (
        '[storage]\nlayout = "lvm"\n[[storage.part]]\nmount = "/srv"\nsize = "10GiB"\ngrow = true\n'
        '[[storage.part]]\nmount = "/boot"\nsize = "2GiB"\nfilesystem = "ext4"\n'
    )
    lines = [line.text for line in storage_lines(profile(text).profile.storage, parse_release("rocky9").can, "x86_64")]
    assert lines[5:] == [
        "part /boot --fstype=ext4 --size=2048 --ondisk=@TARGET@",
        "part pv.01 --fstype=lvmpv --size=18496 --grow --ondisk=@TARGET@",
        "volgroup system pv.01",
        "logvol swap --vgname=system --name=swap --fstype=swap --recommended",
        "logvol / --vgname=system --name=root --fstype=xfs --size=8192",
        "logvol /srv --vgname=system --name=srv --fstype=xfs --size=10240 --grow",
    ]


def test_custom_lines_go_to_the_target() -> None:
    text = (
        MINIMAL
        + '[storage]\nlayout = "custom"\nlines = ["part / --fstype=xfs --size=1 --grow", "part swap --size=9"]\n'
    )
    rendered = render(text)
    assert "part / --fstype=xfs --size=1 --grow --ondisk=@TARGET@" in rendered
    with pytest.raises(ProfileError, match="names a disk"):
        render(text.replace("--size=9", "--size=9 --ondisk=sda"))


CUSTOM = MINIMAL + '[storage]\nlayout = "custom"\nlines = ["part / --size=1", {0}]\n'


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("'part /srv --size=9 # data'", "part /srv --size=9 --ondisk=@TARGET@ # data"),
        ("'part  /srv --size=9'", "part  /srv --size=9 --ondisk=@TARGET@"),
    ],
)
def test_a_custom_line_keeps_its_comment(line: str, after: str) -> None:
    assert f"\t{after}" in render(CUSTOM.format(line), "centos7")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("""'part /srv "--onpart=sdb1"'""", "--onpart keeps"),
        ("""'part /srv --onpa=sdb1'""", "abbreviation"),
        ("""'part /srv --size=1 "--ondisk=sdb"'""", "sdb"),
        ("""'part /srv --size=1 --label="x'""", "never closed"),
        ("""'part /srv --nosuch'""", "nosuch"),
        ("""'volgroup data sdb1'""", "volgroup uses sdb1"),
        ("""'logvol /srv --vgname=old --name=srv --size=1'""", "volume group old"),
        ("""'logvol /srv --vgname=old --name=srv --noformat'""", "--noformat keeps"),
    ],
)
@pytest.mark.parametrize("release", ["centos7", "rocky9.4"])
def test_a_custom_line_cannot_reach_another_disk(line: str, says: str, release: str) -> None:
    with pytest.raises(KickbuildError) as caught:
        render(CUSTOM.format(line), release)
    assert says in " ".join(problem.message for problem in caught.value.problems)
    assert all("storage.lines" in problem.where for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ("clearpart --all", "only the guard may do"),
        ("part / --ondisk=sda", "only the guard may do"),
        ("url --url=http://x", "second source"),
        ("%include /tmp/x", "nobody can check"),
        ("%post", "belongs into"),
    ],
)
def test_extra_cannot_undo_the_guard(extra: str, says: str) -> None:
    with pytest.raises(ReleaseError, match=says):
        render(MINIMAL + f'[kickstart]\nextra = ["{extra}"]\n')


@pytest.mark.parametrize("release", RELEASES)
def test_the_new_system_has_the_consoles_that_the_entry_has(release: str) -> None:
    given = ["console=tty0", "console=ttyS0,115200", "net.ifnames=0", "rd.driver.blacklist=nouveau", "nomodeset"]
    installers = ["inst.sshd", "inst.vnc", "ip=dhcp", "text", "rd.debug", "vncpassword=geheim", "x=@OTHERS@"]
    text = render(MINIMAL + f"[boot]\nkernel_args = {given + installers}\n", release)
    [line] = [line for line in text.splitlines() if "bootloader --location=mbr" in line]
    assert line.endswith(f'=@TARGET@ --append="{" ".join(given)}"')


def test_extra_that_does_not_parse_is_said_with_its_line() -> None:
    with pytest.raises(KickstartError) as caught:
        render(MINIMAL + '[kickstart]\nextra = ["frobnicate --now"]\n')
    assert "RHEL 9 does not accept this line" in caught.value.problems[0].message
    assert "frobnicate --now" in caught.value.problems[0].hint


def test_an_iso_without_packages_needs_a_url() -> None:
    loaded = profile(MINIMAL)
    with pytest.raises(ReleaseError, match="holds no packages"):
        render_kickstart(request(loaded, "rocky9.4", has_packages=False))
    loaded = profile(MINIMAL + '[kickstart]\nextra = ["url --url=http://mirror.example.org/9/"]\n')
    text = render_kickstart(request(loaded, "rocky9.4", has_packages=False))
    assert "harddrive" not in text.split("%packages")[0]


def test_a_refused_line_never_shows_a_secret() -> None:
    with pytest.raises(KickstartError) as caught:
        render(MINIMAL + '[kickstart]\nextra = ["rootpw --nonsense geheim"]\n')
    assert "geheim" not in str(caught.value.problems)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=24)


def toml_text(value: str) -> str:
    """Return a TOML string: JSON's escapes but for surrogate pairs, which TOML writes as they are."""
    return (
        '"'
        + "".join(c if c not in '"\\' and ord(c) >= 32 and ord(c) != 127 else f"\\u{ord(c):04x}" for c in value)
        + '"'
    )


@settings(max_examples=60, deadline=None)
@given(
    serial=TEXT.filter(str.strip),  # a blank one tells no disk from another: the profile refuses it
    model=TEXT.filter(str.strip),
    gecos=TEXT,
    title=TEXT,
    release=st.sampled_from(RELEASES),
)
def test_every_string_survives(serial: str, model: str, gecos: str, title: str, release: str) -> None:
    gecos = gecos.replace(":", "").replace(",", "") or "x"
    text = MINIMAL.replace('name = "web"', f'name = "web"\ntitle = {toml_text(title)}').replace(
        'serial = "S1"', f"serial = {toml_text(serial)}\nmodel = {toml_text(model)}"
    )
    loaded = profile(text + f'[[user]]\nname = "bob"\ngecos = {toml_text(gecos)}\n')
    rendered = render_kickstart(request(loaded, release))
    lines = rendered.splitlines()
    user = next(shlex.split(line, comments=True) for line in lines if line.startswith("user "))
    assert f"--gecos={gecos}" in user
    assert shell_value(rendered, "KB_SERIAL") == serial.strip(" \t")
    assert shell_value(rendered, "KB_MODEL") == model.strip(" \t")


def shell_value(kickstart: str, name: str) -> str:
    """Let a shell read a value of the guard's preamble."""
    preamble = kickstart.split("KB_PROFILE=", 1)[1].split("# kickbuild's guard.", 1)[0]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script"
        script.write_text(f'KB_PROFILE={preamble}\nprintf %s "${name}"\n', encoding="utf-8")
        return subprocess.run(["sh", script], capture_output=True, check=True, cwd=folder).stdout.decode("utf-8")


def test_ssh_keys_by_script_where_there_is_no_command() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA it's-me@example"
    text = MINIMAL + f'[[user]]\nname = "ops"\ngroups = ["wheel"]\nssh_keys = ["{key}"]\n'
    assert f'sshkey --username=ops "{key}"' in render(text, "rocky9")
    seven = render(text, "centos7")
    assert "sshkey" not in seven
    assert "authorized_keys" in seven


@needs_tools("shellcheck")
def test_the_key_script_is_sound_shell(tmp_path: Path) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA it's-me@example"
    text = render(MINIMAL + f'[[user]]\nname = "ops"\ngroups = ["wheel"]\nssh_keys = ["{key}"]\n', "centos7")
    body = text.split("%post --erroronfail --log=/root/kickbuild-keys.log\n")[1].split("%end")[0]
    (tmp_path / "post.sh").write_text(body)
    subprocess.run(["shellcheck", "-s", "sh", tmp_path / "post.sh"], check=True)


def test_scripts_stand_as_they_are() -> None:
    inline = "echo 'a \"b\" $c' \\\\ é\n  indented\n"
    text = MINIMAL + f"[[script]]\nwhen = \"post\"\ninterpreter = \"/usr/bin/python3\"\ninline = '''\n{inline}'''\n"
    assert f"%post --log=/root/kickbuild-post-1.log --interpreter=/usr/bin/python3\n{inline}%end\n" in render(text)


def test_root_is_locked_in_the_words_of_the_release() -> None:
    text = MINIMAL.replace(f'root_password_hash = "{HASH}"', "lock_root = true")
    text += '[[user]]\nname = "ops"\ngroups = ["wheel"]\npassword_hash = "' + HASH + '"\n'
    assert "rootpw --lock\n" in render(text, "rocky9")
    assert "rootpw --iscrypted --lock *\n" in render(text, "rhel6")
