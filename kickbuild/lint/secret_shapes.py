"""What looks like a secret wherever it stands: the nets for texts of which nobody knows what they are."""

from __future__ import annotations

import re
from typing import Final

SHOWN: Final = "***"
#: A shell's word, with its quotes.
_VALUE: Final = r"((?:\"[^\"]*\"?|'[^']*'?|\\.|[^\s\"'\\|;&)])+)"
_NAMES: Final = (
    r"passw(?:or)?d\w*|passphrase\w*|secret\w*|token\w*|credentials?"
    r"|(?:activation|api|access|private|auth|wep|wpa)[_-]?key\w*|md5pass|pass|pwd|pw|psk"
)
#: Programs to which a secret is given on standard input.
_READERS: Final = (
    r"(?:chpasswd|passwd|cryptsetup|kinit|smbpasswd|vncpasswd|htpasswd|mkpasswd|realm|adcli|net\s+ads|su\b|sudo\b"
    r"|openssl|grub2?-mkpasswd\S*|gpg\b|ipa\S*|docker\s+login|podman\s+login)"
)
_ANYWHERE: Final = (
    # Hashes, with their dollar signs escaped for a shell too.
    re.compile(r"(\\?\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|md5)\\?\$[^\s\"':]{4,})"),
    re.compile(r"(grub\.pbkdf2\.[\w.]+)"),
    # name=value, name:value, --option=value; with a blank it is a sentence.
    re.compile(rf"(?<![\w-])(?!NOPASSWD)[\w-]*?(?:{_NAMES})[\"']?[:=]{_VALUE}", re.IGNORECASE),
    re.compile(r"--winbindjoin[=\s][^%\s]{0,200}%(\S+)"),
    # https://user:secret@host, https://token@host
    re.compile(r"://[^\s/:@\"']{0,200}:([^\s\"']{1,400})@"),
    re.compile(r"://([^\s/:@\"']{16,400})@"),
    re.compile(r"Authorization:\s*\w+\s+([^\s\"']+)", re.IGNORECASE),
    re.compile(r"\bBearer\s+([\w.~+/=-]{8,})"),
    # Tokens of well-known services.
    re.compile(
        r"((?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}"
        r"|AIza[\w-]{30,}|eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?)"
    ),
    re.compile(r"PRIVATE KEY-----(.+)"),
)
_IN_LINES: Final = (
    re.compile(rf"(?<![\w-])(?!NOPASSWD)[\w-]*?(?:{_NAMES})[\"']?\s*(?::=|=>|[:=])\s*{_VALUE}", re.IGNORECASE),
    re.compile(rf"--[\w-]{{0,40}}?(?:{_NAMES})\s+{_VALUE}", re.IGNORECASE),
    re.compile(
        rf"\b(?:echo|printf|print)\s+([^|\n]{{1,400}}?)\s*\|\s*(?:sudo\s+)?(?:chroot\s+\S+\s+)?(?:\S*/)?{_READERS}"
    ),
    re.compile(rf"(?:\S*/)?{_READERS}[^|;&<>\n]{{0,200}}<<<\s*{_VALUE}"),
    re.compile(rf"(?<!\S)(?:-[uU]\s*|--user[=\s]\s*|--proxy-user[=\s]\s*)(?=[\"']?[^\s:%\"']{{1,200}}[:%]){_VALUE}"),
    re.compile(r"\b(?:openssl\s+passwd|mkpasswd)\s+((?:\"[^\"]*\"?|'[^']*'?|[^|;&)\"'`\n])+)"),
    re.compile(rf"\b(?:sshpass|usermod|useradd|adduser|lusermod|luseradd)\s(?:[^|;&\n]{{0,200}}?\s)?-p\s*{_VALUE}"),
    re.compile(rf"\b(?:mysql\w*|mariadb\w*|mongo\w*)\s(?:[^|;&\n]{{0,200}}?\s)?(?:-p|password\s+){_VALUE}"),
    re.compile(rf"\b(?:ipa-\w[\w-]*|ldap\w+|kadmin\w*)\s(?:[^|;&\n]{{0,200}}?\s)?-[wp]\s*{_VALUE}"),
    re.compile(rf"\bipmitool\s(?:[^|;&\n]{{0,200}}?\s)?-P\s*{_VALUE}"),
    re.compile(r"\bhtpasswd\s+(?:-\w+\s+){1,5}\S+\s+\S+\s+(\S+)"),
)
#: A kickstart command in a comment, in a here-document, or with a quote that is never closed.
_COMMAND: Final = re.compile(r"\b(?:rootpw|sshpw)\b(.*)")


def mask_by_shape(text: str) -> str:
    """Return a sentence without what looks like a secret."""
    for shape in _ANYWHERE:
        text = shape.sub(_hidden, text)
    return text


def mask_line_by_shape(text: str, *, understood: bool = False) -> str:
    """Return a line of a file without what looks like a secret; what is ``understood`` is a command as it stands."""
    for shape in _IN_LINES:
        text = shape.sub(_hidden, text)
    text = mask_by_shape(text)
    return text if understood else _COMMAND.sub(_without_words, text)


def _hidden(match: re.Match[str]) -> str:
    start, end = match.start(1) - match.start(), match.end(1) - match.start()
    return match[0][:start] + SHOWN + match[0][end:]


def _without_words(match: re.Match[str]) -> str:
    words = re.sub(r"(?<!\S)(?!--)\S+(?:\s+(?!--)\S+)*", SHOWN, match[1])
    return match[0][: match.start(1) - match.start()] + words
