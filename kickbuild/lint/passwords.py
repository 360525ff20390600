"""The passwords that a kickstart gives, by its commands and in its scripts: whose, where, and whether as hashes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kickbuild.lint.hit import Hit
from kickbuild.lint.shell_words import behind_wrappers, expanded
from kickbuild.lint.statement import is_variable
from kickbuild.lint.template_marks import is_filled_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kickbuild.kickstart.document import Word
    from kickbuild.lint.finding import Severity
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell_words import ShellCommand, ShellWord
    from kickbuild.lint.source import Source
    from kickbuild.lint.statement import Option, Statement

#: What crypt(3) makes, by method: libxcrypt's crypt(5).
_METHODS: Final = (
    ("md5", re.compile(r"\$1\$[^$:]{0,8}\$[./0-9A-Za-z]{22}")),
    ("bcrypt", re.compile(r"\$2[abxy]\$\d\d\$[./0-9A-Za-z]{53}")),
    ("sha256", re.compile(r"\$5\$(?:rounds=\d+\$)?[^$:]{0,16}\$[./0-9A-Za-z]{43}")),
    ("sha512", re.compile(r"\$6\$(?:rounds=\d+\$)?[^$:]{0,16}\$[./0-9A-Za-z]{86}")),
    ("yescrypt", re.compile(r"\$(?:y|gy|7)\$[./0-9A-Za-z]+\$[./0-9A-Za-z$]+")),
    ("sunmd5", re.compile(r"\$md5[$,][^:]+")),
    ("sha1", re.compile(r"\$sha1\$[^:]+")),
    ("pbkdf2", re.compile(r"grub\.pbkdf2\.sha512\.\d+\.[0-9A-Fa-f]+\.[0-9A-Fa-f]+")),
    ("des", re.compile(r"[./0-9A-Za-z]{13}|_[./0-9A-Za-z]{19}")),
)
#: Methods that only the libxcrypt of RHEL 8 and of the Fedoras since 28 can check.
OF_LIBXCRYPT: Final = frozenset({"bcrypt", "yescrypt", "sunmd5", "sha1"})
_LOCKED: Final = re.compile(r"[*!]+[A-Za-z]*[*!]*")
#: Command -> its options that are passwords which no hash can stand for, and whose they are.
_CLEAR: Final = {
    **dict.fromkeys(("autopart", "part", "logvol", "raid"), (("--passphrase",), "the encrypted disk")),
    "vnc": (("--password",), "the installer's screen"),
    "rdp": (("--password",), "the installer's screen"),
    "iscsi": (("--password", "--reverse-password"), "the iSCSI target"),
    "network": (("--wepkey", "--wpakey"), "the wireless network"),
}
_OF_USERS: Final = frozenset({"useradd", "adduser", "usermod", "luseradd", "lusermod"})


@dataclass(frozen=True, slots=True)
class Password:
    """One password. ``value`` is never shown; ``start`` and ``end`` are offsets in its line, -1 where not known."""

    value: str
    owner: str
    """In words: ``root``, ``the user ops``, ``the boot loader``."""
    command: str
    source: Source
    line: int
    start: int
    end: int
    is_hash: bool
    """It is given as one; whether it is one is ``method``."""
    can_be_hash: bool = True
    is_locked: bool = False
    """The account is locked beside."""
    in_script: bool = False

    @property
    def method(self) -> str:
        """How it is hashed: ``md5``, ``sha512``, ``des``, …; empty where it looks like no hash."""
        value = self.value.lstrip("!")
        return next((name for name, form in _METHODS if form.fullmatch(value)), "")

    @property
    def is_known(self) -> bool:
        """Whether the value is what the installer will see, and nothing that a shell or a template fills in."""
        # Dollar signs that somebody escaped for a shell are there to be written.
        value = self.value.replace("\\$", "$")
        return bool(value) and not is_variable(value) and not is_filled_in(value)

    @property
    def locks(self) -> bool:
        """Whether it is one of the values that everybody writes so that no password fits."""
        return bool(_LOCKED.fullmatch(self.value))

    def hit(self, message: str, *, hint: str = "", severity: Severity | None = None) -> Hit:
        """Return a hit on it."""
        return Hit(self.source, self.line, message, self.start + 1, self.end + 1, hint, severity)


def find_passwords(kickstart: Kickstart) -> Iterator[Password]:
    """Yield every password of a kickstart, in the order of its commands, then of its scripts."""
    for statement in kickstart.statements:
        yield from _of_statement(statement)
    for section in kickstart.sections:
        if section.is_script:
            yield from _of_script(section)


def _of_statement(line: Statement) -> Iterator[Password]:
    is_hash = line.has("--iscrypted")
    if line.name in {"rootpw", "sshpw"}:
        owner = "root" if line.name == "rootpw" else f"the installer's user {line.get('--username') or ''}".strip()
        for word in line.arguments:
            yield _at_word(line, word, owner, is_hash=is_hash)
    elif line.name == "user":
        for option in line.all_options("--password"):
            yield _at_option(line, option, f"the user {line.get('--name') or ''}".strip(), is_hash=is_hash)
    elif line.name == "bootloader":
        for option in line.all_options("--password", "--md5pass"):
            marked = is_hash or option.name == "--md5pass"
            yield _at_option(line, option, "the boot loader", is_hash=marked)
    elif line.name in _CLEAR:
        names, owner = _CLEAR[line.name]
        for option in line.all_options(*names):
            yield _at_option(line, option, owner, is_hash=False, can_be_hash=False)


def _at_word(line: Statement, word: Word, owner: str, *, is_hash: bool) -> Password:
    locked = line.has("--lock")
    start, end = word.start, word.end
    return Password(word.text, owner, line.name, line.source, line.line, start, end, is_hash, is_locked=locked)


def _at_option(line: Statement, option: Option, owner: str, *, is_hash: bool, can_be_hash: bool = True) -> Password:
    value, locked = option.value or "", line.has("--lock")
    command = f"{line.name} {option.name}"
    place = (line.source, line.line, option.start, option.end)
    return Password(value, owner, command, *place, is_hash, can_be_hash, locked)


def _of_script(section: Section) -> Iterator[Password]:
    for index, command in enumerate(section.commands):
        words = behind_wrappers(command)
        name = words[0].text.rpartition("/")[2] if words else ""
        options = [word.text for word in words[1:]]
        if name in _OF_USERS:
            yield from _of_user_tool(section, words)
        elif name == "chpasswd":
            is_hash = any(option in {"-e", "--encrypted"} for option in options)
            for place, text in fed(section, index):
                user, colon, value = text.partition(":")
                if colon:
                    yield _in_script(section, place, value, user, "chpasswd", is_hash=is_hash)
        elif name == "passwd" and "--stdin" in options:
            user = next((option for option in reversed(options) if not option.startswith("-")), "root")
            for place, text in fed(section, index):
                yield _in_script(section, place, text, user, "passwd --stdin", is_hash=False)


def _of_user_tool(section: Section, words: Sequence[ShellWord]) -> Iterator[Password]:
    name = words[0].text.rpartition("/")[2]
    user = words[-1].text
    for index, word in enumerate(words[1:], start=1):
        following = words[index + 1] if index + 1 < len(words) else None
        given: ShellWord | None = None
        value = ""
        if word.text in {"-p", "--password"} and following is not None:
            given, value = following, following.text
        elif word.text.startswith("--password="):
            given, value = word, word.text.partition("=")[2]
        elif re.match(r"-p[^-]", word.text):
            given, value = word, word.text[2:]
        if given is not None:
            shown = expanded(value, section.variables)
            yield _in_script(section, _place_of([given], section), shown, user, f"{name} -p", is_hash=True)


def _in_script(section: Section, place: ScriptPlace, value: str, user: str, command: str, *, is_hash: bool) -> Password:
    user = expanded(user, section.variables)
    owner = "root" if user == "root" else f"the user {user}"
    return Password(value, owner, command, section.source, place.line, place.start, place.end, is_hash, in_script=True)


@dataclass(frozen=True, slots=True)
class ScriptPlace:
    """Where in a script something is given: all of the words or of the line that it stands in."""

    line: int
    start: int
    end: int


def _place_of(words: Sequence[ShellWord], section: Section) -> ScriptPlace:
    first, last = words[0], words[-1]
    is_whole = first.line == last.line and "\n" not in last.text
    return ScriptPlace(first.line, first.start, last.end if is_whole else len(section.source.line_text(first.line)))


def _place_on(number: int, section: Section) -> ScriptPlace:
    text = section.source.line_text(number)
    return ScriptPlace(number, len(text) - len(text.lstrip()), len(text.rstrip()))


def fed(section: Section, index: int) -> Iterator[tuple[ScriptPlace, str]]:
    """Yield the lines that a command of a script reads on its standard input, as far as they can be told."""
    command = section.commands[index]
    for redirection in command.redirections:
        if redirection.operator == "<<<":
            yield from _spoken([redirection.target], expanded(redirection.target.text, section.variables), section)
    givers = [command]
    if index and section.commands[index - 1].pipes:
        giver = section.commands[index - 1]
        if giver.name in {"echo", "printf"}:
            yield from _printed(giver, section)
        elif giver.name == "cat":
            givers.append(giver)
    for giver in givers:
        for heredoc in giver.heredocs:
            for number, text in heredoc.lines:
                if text.strip():
                    shown = expanded(text, section.variables) if heredoc.expands else text
                    yield _place_on(number, section), shown.strip()


def _printed(command: ShellCommand, section: Section) -> Iterator[tuple[ScriptPlace, str]]:
    words = list(command.arguments)
    while words and re.fullmatch(r"-[neE]+", words[0].text):
        words = words[1:]
    if not words:
        return
    shown = [expanded(word.text, section.variables) for word in words]
    if command.name == "printf":
        # Each conversion takes the next argument.
        form = shown[0]
        for argument in shown[1:]:
            form = re.sub(r"%[sbdq]", lambda _, value=argument: value, form, count=1)  # type: ignore[misc]
        shown = [form]
    yield from _spoken(words, " ".join(shown), section)


def _spoken(words: Sequence[ShellWord], text: str, section: Section) -> Iterator[tuple[ScriptPlace, str]]:
    for offset, line in enumerate(text.split("\n")):
        place = _place_on(words[0].line + offset, section) if offset else _place_of(words, section)
        for piece in line.split("\\n"):
            if piece.strip():
                yield place, piece.strip()
