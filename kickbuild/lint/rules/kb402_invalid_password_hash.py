"""KB402 invalid-password-hash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.passwords import OF_LIBXCRYPT
from kickbuild.lint.placeholders import find_placeholder
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.passwords import Password


#: Words that somebody writes who wants no password to fit.
_ON_PURPOSE = re.compile(r"lock|disabled|nologin|nothing|nope|none|never|invalid|no_?pass|^x+$|^[*!]", re.IGNORECASE)
_LOCK = "to keep everybody from logging in with a password, write --lock, which says so"


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for password in kickstart.passwords:
        if not password.can_be_hash or not password.is_known or password.is_locked or password.locks:
            continue
        if find_placeholder(password.value):
            continue
        if password.owner == "the boot loader":
            yield from _of_boot_loader(password, kickstart)
        elif not password.is_hash:
            if password.method not in {"", "des"}:
                flag = {"chpasswd": "-e"}.get(password.command, "--iscrypted")
                message = f"{password.command} has a hash without {flag}: the hash itself is the password"
                yield password.hit(message, hint=f"add {flag}" if password.command != "passwd --stdin" else "")
        elif password.method in {"", "pbkdf2"}:
            message = f"{password.command} has no hash that crypt knows: nobody can log in with it"
            is_meant = bool(_ON_PURPOSE.search(password.value))
            yield password.hit(message, hint=_LOCK * is_meant, severity=Severity.INFO if is_meant else None)
        elif password.method in OF_LIBXCRYPT and kickstart.release.level < 8:
            cannot = f"{kickstart.release.title} cannot check a {password.method} hash"
            message = f"{cannot}: nobody can log in with it"
            yield password.hit(message, hint="make a sha512 hash: `openssl passwd -6`")


def _of_boot_loader(password: Password, kickstart: Kickstart) -> Iterator[Hit]:
    if kickstart.release.level < 7:
        return
    if password.is_hash and password.method != "pbkdf2":
        message = f"{password.command} has no hash that GRUB 2 knows: nobody can edit an entry"
        yield password.hit(message, hint="make one: `grub2-mkpasswd-pbkdf2`")
    elif not password.is_hash and password.method not in {"", "des"}:
        message = f"{password.command} has a hash without --iscrypted: the hash itself is the password"
        yield password.hit(message, hint="add --iscrypted; GRUB 2 takes what `grub2-mkpasswd-pbkdf2` prints")


RULE = Rule(
    code="KB402",
    name="invalid-password-hash",
    summary="What is given as the hash of a password is none, or a hash is given as a password.",
    why="Nobody can log in to the machine with the password that was meant, and the installer says nothing.",
    hint="make a hash: `openssl passwd -6`",
    levels=levels("E"),
    bad=(
        Example(text="»rootpw --iscrypted redhat\n"),
        Example(text='»rootpw --iscrypted "\\$6\\$salt\\$' + "a" * 86 + '"\n'),
        Example(text="»rootpw --iscrypted $6$salt$tooshort\n"),
        Example(text="»rootpw --iscrypted thereisnopasswordanditslocked\n"),
        Example(text="»rootpw --iscrypted $y$j9T$salt$" + "a" * 43 + "\n", release="rhel7"),
        Example(text="»rootpw $6$salt$" + "a" * 86 + "\n"),
        Example(text="»bootloader --iscrypted --password=$6$salt$" + "a" * 86 + "\n"),
        Example(text="%post\n»useradd -p hunter2 ops\n%end\n"),
    ),
    good=(
        Example(text="rootpw --iscrypted $6$salt$" + "a" * 86 + "\n"),
        Example(text="rootpw --iscrypted $6$rounds=656000$salt$" + "a" * 86 + "\n"),
        Example(text="rootpw --iscrypted $y$j9T$salt$" + "a" * 43 + "\n"),
        Example(text="rootpw --iscrypted !!\nuser --name=a --iscrypted --password=*\n"),
        Example(text="rootpw --iscrypted --lock locked\n"),
        Example(text="rootpw --iscrypted {{ root_hash }}\n"),
        Example(text="bootloader --iscrypted --password=grub.pbkdf2.sha512.10000.AB12.CD34\n"),
        Example(text="%post\nuseradd -p $(openssl passwd -6 x) ops\n%end\n"),
    ),
    check=_check,
)
