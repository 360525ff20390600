"""KB412 nobody-can-log-in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.passwords import Password
    from kickbuild.lint.section import Section

#: Commands that bring accounts from elsewhere: a directory, or an image that is taken as it is.
_OF_ELSEWHERE = ("realm", "authconfig", "authselect", "liveimg", "ostreecontainer", "ostreesetup")
#: What a script that lets somebody in mentions; a program of its own (curl … | sh, ansible-pull) may do anything.
_LETS_IN = re.compile(
    r"authorized_keys|chpasswd|passwd\b|\buser(?:add|mod)\b|adduser|\bshadow\b|ipa-client|\brealm\b|adcli|authselect|"
    r"sudoers|cloud-init|ansible|puppet|salt|\bcurl\b|\bwget\b|https?:|\brpm\b|\b(?:dnf|yum)\b|sssd|ldap|%include|\bsh\s"
)
#: Packages that make accounts at the first boot, or know those of a directory.
_PACKAGES = re.compile(r"cloud-init|afterburn|ignition|initial-setup|sssd|ipa-client|realmd|ldap|nis")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    root = kickstart.last("rootpw")
    if root is None or not kickstart.is_complete or kickstart.has(*_OF_ELSEWHERE):
        return
    if any(loader.has("--disable", "--disabled") for loader in kickstart.all("bootloader")):
        return  # a container's image, which nobody boots
    if not root.has("--lock") or root.generated or kickstart.has("sshkey"):
        return
    if any(_is_open(password) for password in kickstart.passwords):
        return
    if any(_lets_in(section) for section in kickstart.scripts) or any(
        _PACKAGES.search(package.name) for package in kickstart.packages if not package.is_excluded
    ):
        return
    if any(firstboot.has("--enable", "--enabled", "--reconfig") for firstboot in kickstart.all("firstboot")):
        return
    yield root.hit("root is locked, and no other account has a password or a key", "--lock")


def _is_open(password: Password) -> bool:
    return not password.in_script and password.command == "user --password" and not password.is_locked


def _lets_in(section: Section) -> bool:
    return section.name.startswith("%post") and bool(_LETS_IN.search(section.text))


_START = "lang en_US.UTF-8\nautopart\n"

RULE = Rule(
    code="KB412",
    name="nobody-can-log-in",
    summary="root is locked and nobody else can log in.",
    why="The installation ends well, and the new system lets nobody in: neither at its console nor over the network.",
    hint="give an account a password hash (user --iscrypted --password=…) or an sshkey",
    levels=levels("W", "E", vm="-"),
    bad=(
        Example(text=_START + "»rootpw --lock\n"),
        Example(text=_START + "»rootpw --iscrypted --lock *\nuser --name=ops --groups=wheel --lock\n"),
        Example(text=_START + "»rootpw --lock\nuser --name=ops\n%post\necho done >> /root/log\n%end\n"),
    ),
    good=(
        Example(text=_START + "rootpw --lock\nuser --name=ops --iscrypted --password=$6$salt$" + "a" * 86 + "\n"),
        Example(text=_START + 'rootpw --lock\nuser --name=ops --lock\nsshkey --username=ops "ssh-rsa AAAA"\n'),
        Example(text=_START + "rootpw --lock\n%post\ncp /root/keys /home/ops/.ssh/authorized_keys\n%end\n"),
        Example(text=_START + "rootpw --lock\nrealm join --one-time-password=$SECRET example.org\n"),
        Example(text=_START + "rootpw --lock\n%packages\ncloud-init\n%end\n"),
        Example(text=_START + "rootpw --lock\nliveimg --url=file:///run/root.tar.xz\n"),
        Example(text=_START + "rootpw --lock\nbootloader --disable\n"),
        Example(text=_START + "rootpw --lock\nfirstboot --enable\n"),
        Example(text=_START + "rootpw --lock\n%include http://example.org/users.ks\n"),
        Example(text="rootpw --iscrypted $6$salt$" + "a" * 86 + "\n"),
    ),
    check=_check,
)
