"""KB403 weak-password-hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.finding import Severity
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


_WEAK = {"md5": "MD5", "des": "DES"}
_ALGORITHMS = {"md5": "MD5", "descrypt": "DES", "bigcrypt": "DES"}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    # RHEL 5 knew nothing better before 5.2, and its own installer writes MD5.
    severity = Severity.INFO if kickstart.release.level <= 5 else None
    for password in kickstart.passwords:
        method = _WEAK.get(password.method)
        if method and password.is_hash and password.is_known and not password.is_locked:
            message = f"the password of {password.owner} is hashed with {method}, which a graphics card guesses fast"
            yield password.hit(message, severity=severity)
    for line in kickstart.all("authconfig", "authselect"):
        algorithm = _ALGORITHMS.get((line.get("--passalgo") or "").lower())
        if algorithm:
            yield line.hit(f"passwords that are set later are hashed with {algorithm}", "--passalgo", severity=severity)
        elif line.has("--enablemd5") and not line.has("--passalgo"):
            yield line.hit("passwords that are set later are hashed with MD5", "--enablemd5", severity=severity)


RULE = Rule(
    code="KB403",
    name="weak-password-hash",
    summary="A password is hashed with MD5 or DES.",
    why="Whoever gets hold of the hash, from the kickstart or from /etc/shadow, has the password soon after.",
    hint="hash it with sha512: `openssl passwd -6`, authconfig --passalgo=sha512",
    levels=levels("W"),
    bad=(
        Example(text="»rootpw --iscrypted $1$salt$" + "a" * 22 + "\n"),
        Example(text="»user --name=ops --iscrypted --password=abcdefghijklm\n"),
        Example(text="»auth --useshadow --enablemd5\n", release="rhel7"),
        Example(text="»authconfig --enableshadow --passalgo=md5\n", release="rhel6"),
    ),
    good=(
        Example(text="rootpw --iscrypted $6$salt$" + "a" * 86 + "\n"),
        Example(text="auth --useshadow --passalgo=sha512\n", release="rhel7"),
        Example(text="rootpw abcdefghijklm\n"),
        Example(text="rootpw --lock --iscrypted $1$salt$" + "a" * 22 + "\n"),
    ),
    check=_check,
)
