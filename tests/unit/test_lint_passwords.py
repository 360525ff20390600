"""Which passwords a kickstart gives, which of them are hashes, and what its scripts write into files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kickbuild.lint.configuration import written_lines
from kickbuild.lint.passwords import find_passwords
from kickbuild.lint.read import Reading, read_kickstart
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import make_source

if TYPE_CHECKING:
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.passwords import Password


def read(text: str) -> Kickstart:
    return read_kickstart(make_source("x.ks", text.encode()), Reading(release=choose_release("rhel9")))


def passwords(text: str) -> list[Password]:
    return list(find_passwords(read(text)))


@pytest.mark.parametrize(
    ("value", "method"),
    [
        ("$1$salt$" + "a" * 22, "md5"),
        ("$2b$12$" + "a" * 53, "bcrypt"),
        ("$5$rounds=5000$salt$" + "a" * 43, "sha256"),
        ("$6$salt$" + "a" * 86, "sha512"),
        ("!$6$salt$" + "a" * 86, "sha512"),
        ("$y$j9T$salt$" + "a" * 43, "yescrypt"),
        ("grub.pbkdf2.sha512.10000.AB.CD", "pbkdf2"),
        ("abcdefghijklm", "des"),
        ("$6$salt$short", ""),
        ("redhat", ""),
    ],
)
def test_hashes_are_told_by_their_form(value: str, method: str) -> None:
    assert passwords(f"rootpw --iscrypted {value}\n")[0].method == method


@pytest.mark.parametrize(
    ("script", "given"),
    [
        ("echo root:a1 | chpasswd", [("root", "a1", False)]),
        ("printf '%s:%s\\n' root a1 | chpasswd -e", [("root", "a1", True)]),
        ("printf 'root:a1\\nops:b2\\n' | chpasswd", [("root", "a1", False), ("the user ops", "b2", False)]),
        ("chroot /mnt/sysimage chpasswd <<< root:a1", [("root", "a1", False)]),
        ("cat <<EOF | sudo chpasswd\nroot:a1\nEOF", [("root", "a1", False)]),
        ("P=a1\necho $P | passwd --stdin ops", [("the user ops", "a1", False)]),
        ("usermod -p a1 root", [("root", "a1", True)]),
        ("useradd --password=a1 -m ops", [("the user ops", "a1", True)]),
        ("echo 'echo root:a1 | chpasswd' > /root/x", []),
        ("passwd -l root\nmkdir -p /a/b\nuseradd -m ops", []),
    ],
)
def test_scripts_give_passwords_to_tools(script: str, given: list[tuple[str, str, bool]]) -> None:
    found = passwords(f"%post\n{script}\n%end\n")
    assert [(password.owner, password.value, password.is_hash) for password in found] == given


@pytest.mark.parametrize(
    ("script", "settings"),
    [
        ("echo 'A yes' > /etc/x", ["A yes"]),
        ("echo '# A yes' > /etc/x", [""]),
        ("echo -e 'ops\\tALL' >> /etc/x", ["ops ALL"]),
        ("cat > /etc/x <<EOF\nA yes\nB no # why\nEOF", ["A yes", "B no"]),
        ("sed -i 's/A yes/A no/' /etc/x", ["A no"]),
        ("sed -i -e 's|A yes|A no|' -e 's,B,C,' /etc/x", ["A no", "C"]),
        ("sed -ri 's/^#?(A).*$/\\1 yes/' /etc/x", ["A yes"]),
        ("sed -i 's/\\(^A=\\).*$/\\1b/' /etc/x", ["A=b"]),
        ("sed -i '/^A=/c A=b' /etc/x", ["A=b"]),
        ("grep 'A yes' /etc/x", []),
    ],
)
def test_scripts_write_settings_into_files(script: str, settings: list[str]) -> None:
    kickstart = read(f"%post\n{script}\n%end\n")
    assert [line.setting for section in kickstart.scripts for line in written_lines(section)] == settings
