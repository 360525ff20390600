"""KB411 remote-code-unverified."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.shell_words import behind_wrappers, pipelines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.section import Section
    from kickbuild.lint.shell_words import ShellCommand


_LOADERS = frozenset({"curl", "wget"})
_RUNNERS = frozenset(
    {"sh", "bash", "dash", "ksh", "zsh", "python", "python2", "python3", "perl", "ruby", "source", "."}
)
_CHECKS = frozenset({"sha256sum", "sha512sum", "sha1sum", "md5sum", "gpg", "gpgv", "gpg2", "rpmkeys", "cosign"})
_INSECURE = re.compile(r"--insecure|--no-check-certificate|-[a-zA-Z]*k[a-zA-Z]*")
_INSIDE = re.compile(r"(?:\$\(|<\(|`)\s*(?:\S*/)?(?:curl|wget)\b")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for section in kickstart.scripts:
        yield from _piped(section)
        yield from _saved_and_run(section)
        yield from _insecure(section)


def _name(command: ShellCommand) -> str:
    words = behind_wrappers(command)
    return words[0].text.rpartition("/")[2] if words else ""


def _piped(section: Section) -> Iterator[Hit]:
    for group in pipelines(section.commands):
        loader = next((command for command in group if _name(command) in _LOADERS), None)
        names = [_name(command) for command in group]
        if loader is not None and len(group) > 1 and set(names[group.index(loader) + 1 :]) & _RUNNERS:
            message = f"what {_name(loader)} fetches is run unseen"
            yield section.hit(loader.line, message, loader.words[0])
    for command in section.commands:
        if _name(command) in _RUNNERS | {"eval"}:
            inside = next((word for word in command.arguments if _INSIDE.match(word.text)), None)
            raw = section.source.line_text(command.line)[:4096]
            if inside is not None or re.search(r"<\(\s*(?:\S{0,100}/)?(?:curl|wget)\b", raw):
                yield section.hit(command.line, f"{_name(command)} runs unseen what it fetches", command.words[0])


def _saved_and_run(section: Section) -> Iterator[Hit]:
    fetched: dict[str, tuple[ShellCommand, str]] = {}
    for command in section.commands:
        name = _name(command)
        if name in _LOADERS:
            path = _target(command)
            if path:
                fetched[posixpath.basename(path)] = (command, name)
        elif name in _CHECKS:
            fetched.clear()
        else:
            words = behind_wrappers(command)
            ran = words[0].text if words and "/" in words[0].text else ""
            if name in _RUNNERS:
                ran = next((word.text for word in words[1:] if not word.text.startswith("-")), "")
            loader = fetched.pop(posixpath.basename(ran), None) if ran else None
            if loader:
                yield section.hit(command.line, f"this runs what {loader[1]} has fetched, unseen", words[0])


def _target(command: ShellCommand) -> str:
    """Return the file into which curl or wget puts what it fetches."""
    texts = command.texts()
    is_curl = command.name == "curl"
    for index, text in enumerate(texts[:-1]):
        if text in ({"-o", "--output"} if is_curl else {"-O", "--output-document"}):
            return texts[index + 1]
    for redirection in command.redirections:
        if redirection.writes:
            return redirection.target.text
    url = next((text for text in texts if "://" in text), "")
    keeps_name = not is_curl or any(re.fullmatch(r"-[a-zA-Z]*O[a-zA-Z]*|--remote-name", text) for text in texts)
    return url.partition("?")[0] if keeps_name else ""


def _insecure(section: Section) -> Iterator[Hit]:
    for command in section.commands:
        name = _name(command)
        if name not in _LOADERS or _is_thrown_away(command):
            continue
        for word in command.arguments:
            is_short = not word.text.startswith("--")
            if _INSECURE.fullmatch(word.text) and not (is_short and name == "wget"):
                message = f"{name} {word.text} takes what it fetches from anybody"
                yield section.hit(word.line, message, word)


def _is_thrown_away(command: ShellCommand) -> bool:
    """Return whether nothing is kept of what is fetched: a call that only tells a server something."""
    return "/dev/null" in command.texts() or any(
        r.target.text == "/dev/null" and r.writes for r in command.redirections
    )


RULE = Rule(
    code="KB411",
    name="remote-code-unverified",
    summary="A script runs what it fetches from the network without checking what that is.",
    why=(
        "Whoever can change the server, or stands in between, is root on every machine that is installed; and the same "
        "kickstart makes another machine tomorrow."
    ),
    hint="fetch a known version, check it (`sha256sum -c`), and only then run it; or install a signed package",
    levels=levels("W"),
    bad=(
        Example(text="%post\n»curl -fsSL https://example.org/setup.sh | bash\n%end\n"),
        Example(text="%post\n»wget -qO- http://example.org/setup.sh | sudo sh -s -- -y\n%end\n"),
        Example(text='%post\n»bash -c "$(curl -fsSL https://example.org/setup.sh)"\n%end\n'),
        Example(text="%post --interpreter=/bin/bash\n»bash <(curl -s https://example.org/setup.sh)\n%end\n"),
        Example(text="%post\ncurl -o /tmp/x.sh https://example.org/x.sh\n»sh /tmp/x.sh\n%end\n"),
        Example(text="%post\nwget https://example.org/x.sh\nchmod +x x.sh\n»./x.sh\n%end\n"),
        Example(text="%post\n»curl -k -o /root/x.rpm https://example.org/x.rpm\n%end\n"),
        Example(text="%post\n»wget --no-check-certificate https://example.org/x.tar\n%end\n"),
    ),
    good=(
        Example(
            text="%post\ncurl -o /tmp/x https://example.org/x\necho 'abc  /tmp/x' | sha256sum -c && sh /tmp/x\n%end\n"
        ),
        Example(text="%post\ncurl -s https://example.org/key -o /etc/pki/key\nsh /usr/local/bin/other.sh\n%end\n"),
        Example(text="%post\ncurl -s https://example.org/list | grep a\necho 'curl x | sh'\n%end\n"),
        Example(text="%post\nwget -q -O /dev/null --no-check-certificate https://example.org/built\n%end\n"),
    ),
    check=_check,
)
