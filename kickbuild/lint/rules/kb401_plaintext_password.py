"""KB401 plaintext-password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.placeholders import find_placeholder
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for password in kickstart.passwords:
        if password.is_hash or password.is_locked or not password.is_known or find_placeholder(password.value):
            continue
        if password.method not in {"", "des"}:
            continue
        message = f"{password.command} gives the password of {password.owner} in clear"
        if password.can_be_hash:
            yield password.hit(message)
        elif password.owner == "the encrypted disk":
            yield password.hit(message, hint="add a key that is not in the file after the installation, and remove it")
        else:
            yield password.hit(message, hint="keep the kickstart where few can read it", severity=Severity.INFO)


RULE = Rule(
    code="KB401",
    name="plaintext-password",
    summary="A password stands in the kickstart in clear.",
    why=(
        "Everybody who can read the kickstart, its repository, its web server or the copy that the installer leaves in "
        "/root can log in. A hash gives the password away only to who can guess it."
    ),
    hint="give a hash with --iscrypted (made by `openssl passwd -6`), or lock the account and use an sshkey",
    levels=levels("W", vm="I"),
    bad=(
        Example(text="»rootpw --plaintext Tr0ub4dor\n"),
        Example(text="»rootpw Tr0ub4dor\n"),
        Example(text="»user --name=ops --groups=wheel --password=Tr0ub4dor\n"),
        Example(text="»sshpw --username=root --plaintext Tr0ub4dor\n"),
        Example(text="»bootloader --location=mbr --password=Tr0ub4dor\n"),
        Example(text="»part pv.1 --size=4096 --grow --encrypted --passphrase=Tr0ub4dor\n"),
        Example(text="%post\n»echo 'root:Tr0ub4dor' | chpasswd\n%end\n"),
        Example(text="%post\nchpasswd <<EOF\n»root:Tr0ub4dor\n»ops:hunter2\nEOF\n%end\n"),
        Example(text="%post\n»echo Tr0ub4dor | passwd --stdin ops\n%end\n"),
    ),
    good=(
        Example(text="rootpw --lock\n"),
        Example(text="rootpw --lock --plaintext unused\n"),
        Example(text="rootpw --iscrypted $6$salt$" + "a" * 86 + "\n"),
        Example(text="rootpw --iscrypted *\nuser --name=ops\n"),
        Example(text="rootpw ${ROOT_PASSWORD}\nrootpw %ROOTPW%\nrootpw @ROOT_PASSWORD@\n"),
        Example(text="rootpw --plaintext CHANGEME\n"),
        Example(text="%post\ndd if=/dev/urandom count=50 | md5sum | passwd --stdin root\n%end\n"),
        Example(text="%post\necho $user:$password | chpasswd\necho 'root:$6$s$x' | chpasswd -e\n%end\n"),
    ),
    check=_check,
)
