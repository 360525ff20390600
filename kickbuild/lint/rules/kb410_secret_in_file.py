"""KB410 secret-in-file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kickbuild.lint.hit import Hit
from kickbuild.lint.placeholders import find_placeholder
from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shell_words import behind_wrappers
from kickbuild.lint.statement import is_variable
from kickbuild.lint.template_marks import is_filled_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell_words import ShellCommand


_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----")
_SHAPES = (
    (re.compile(r"://[^\s/:@\"'$<{]{1,100}:(?![$<{%*])([^\s/@\"'$]{1,200})@"), "a URL has a user's password in it"),
    (re.compile(r"\b((?:AKIA|ASIA)[A-Z0-9]{16})\b"), "this is the key of an AWS account"),
    (
        re.compile(r"\b(gh[pousr]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{20,})"),
        "this is an access token",
    ),
)
_OPTIONS = {"rhsm": ("--activation-key",), "realm": ("--one-time-password",), "key": ()}
#: Program -> its options that are secrets, and what they are.
_TOOLS = {
    "subscription-manager": (("--password", "--activationkey", "--token"), "registers with a secret"),
    "rhnreg_ks": (("--password", "--activationkey"), "registers with a secret"),
    "rhc": (("--password", "--activation-key"), "registers with a secret"),
    "sshpass": (("-p",), "logs in with a password"),
    "ipa-client-install": (("-w", "--password"), "joins the domain with a password"),
    "curl": (("-u", "--user"), "logs in with a password"),
    "wget": (("--password", "--http-password", "--ftp-password"), "logs in with a password"),
}


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    yield from _private_keys_and_shapes(kickstart)
    for line in kickstart.all(*_OPTIONS):
        for option in line.all_options(*_OPTIONS[line.name]):
            if option.value and _is_plain(option.value):
                yield line.hit(f"{line.name} {option.name} stands here in clear", option)
    for section in kickstart.scripts:
        for command in section.commands:
            yield from _of_command(section, command)


def _private_keys_and_shapes(kickstart: Kickstart) -> Iterator[Hit]:
    for source in kickstart.sources:
        for line in source.document.lines:
            text = line.text[:4096]
            if text.lstrip().startswith("#"):
                continue
            begin = _BEGIN.search(text) if "PRIVATE KEY" in text else None
            if begin:
                yield Hit(source, line.number, "a private key stands here", begin.start() + 1, begin.end() + 1)
            for shape, message in _SHAPES:
                match = shape.search(text)
                if match and not find_placeholder(match[1]):
                    yield Hit(source, line.number, message, match.start(1) + 1, match.end(1) + 1)


def _of_command(section: Section, command: ShellCommand) -> Iterator[Hit]:
    words = behind_wrappers(command)
    name = words[0].text.rpartition("/")[2] if words else ""
    if name not in _TOOLS:
        return
    options, message = _TOOLS[name]
    for index, word in enumerate(words[1:], start=1):
        option, equals, value = word.text.partition("=")
        if not equals and index + 1 < len(words):
            value = words[index + 1].text
        if option not in options or not _is_plain(value):
            continue
        if name == "curl" and not value.partition(":")[2]:
            continue
        yield section.hit(word.line, f"{name} {message} that stands here in clear", word)


def _is_plain(value: str) -> bool:
    is_known = bool(value) and not is_variable(value) and not is_filled_in(value)
    return is_known and not find_placeholder(value) and not value.startswith("-")


RULE = Rule(
    code="KB410",
    name="secret-in-file",
    summary="A private key, an activation key, a token or the password of another service stands in the kickstart.",
    why=(
        "Everybody who can read the kickstart, its repository or the copy that the installer leaves in /root can use "
        "it against the other service, from anywhere."
    ),
    hint="fetch it in %post from a place that knows the machine, or put it on after the installation; then change it",
    levels=levels("W", "E"),
    bad=(
        Example(text="»rhsm --organization=1 --activation-key=rhel9-prod\n", release="rhel8"),
        Example(text="»url --url=https://deploy:hunter2@mirror.example.org/rhel9\n"),
        Example(text="%post\ncat > /root/.ssh/id_rsa <<EOF\n»-----BEGIN RSA PRIVATE KEY-----\nEOF\n%end\n"),
        Example(text="%post\n»subscription-manager register --org=1 --activationkey=rhel9-prod\n%end\n"),
        Example(text="%post\n»curl -u deploy:hunter2 https://example.org/x -o /root/x\n%end\n"),
        Example(text="%post\n»git clone https://" + "ghp" + "_" + "a" * 36 + "@github.com/example/x\n%end\n"),
    ),
    good=(
        Example(text="rhsm --organization=1 --activation-key=$KEY\nurl --url=https://mirror.example.org:8443/a@b\n"),
        Example(text="%post\ncurl -u $USER:$PASSWORD https://$USER:$PASSWORD@example.org/x\n%end\n"),
        Example(text="%post\nsubscription-manager register --org=1 --activationkey=YOUR_ACTIVATION_KEY\n%end\n"),
        Example(text="%post\n-----BEGIN CERTIFICATE-----\ngrep 'PRIVATE KEY' /etc/pki/tls/x\n%end\n"),
    ),
    check=_check,
)
