"""KB303 missing-required-command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kickbuild.lint.payload import SOURCES
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement

_PARTITIONING: Final = ("part", "autopart", "logvol", "raid", "volgroup", "btrfs", "reqpart", "mount")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if not kickstart.is_complete:
        return
    title = kickstart.release.title
    missing = list(_everywhere(kickstart))
    if len(missing) > 1 and not kickstart.has(*SOURCES, "text", "cmdline", "graphical"):
        return  # A piece of a kickstart, for a tool that adds the rest.
    for what, hint in (*missing, *_by_release(kickstart)):
        yield kickstart.hit(f"{what}, which {title} asks for", hint=hint)


def _everywhere(kickstart: Kickstart) -> Iterator[tuple[str, str]]:
    """Yield what every release asks a person for, with what to write."""
    if not kickstart.has("timezone"):
        yield "there is no timezone", "add a line such as `timezone Etc/UTC --utc`"
    if not kickstart.has(*_PARTITIONING):
        yield "no command makes partitions (part, autopart, …)", "add autopart, or part lines"
    admins = kickstart.release.level >= 7 and any(_is_admin(line) for line in kickstart.all("user"))
    if not kickstart.has("rootpw") and not admins:
        also = ", or a user in the group wheel" if kickstart.release.level >= 7 else ""
        yield f"there is no rootpw{also}", "add `rootpw --lock` with an administrator's account, or rootpw --iscrypted"


def _by_release(kickstart: Kickstart) -> Iterator[tuple[str, str]]:
    """Yield what only some releases ask for.

    RHEL 5 and 6 show each question that no command answers (loader.c STEP_LANG, STEP_KBD; rhel6-branch
    kickstart.py:1765-1785). From RHEL 7 on text mode has defaults for language and keyboard, graphical mode has not
    (rhel-9 ui/gui/spokes/keyboard.py:340-351).
    """
    old = kickstart.release.level <= 6
    if old or not kickstart.has("text", "cmdline"):
        where = "" if old else " in graphical mode"
        if not kickstart.has("lang"):
            yield f"there is no lang{where}", "add a line such as `lang en_US.UTF-8`"
        if not kickstart.has("keyboard"):
            yield f"there is no keyboard{where}", "add a line such as `keyboard us`"
    if old and not kickstart.has("bootloader"):
        yield "there is no bootloader", "add a line such as `bootloader --location=mbr`"


def _is_admin(line: Statement) -> bool:
    option = line.option("--groups")
    groups = [group.partition("(")[0].strip() for group in option.values] if option else []
    return line.has_variables or ("wheel" in groups and not line.has("--lock"))


RULE = Rule(
    code="KB303",
    name="missing-required-command",
    summary="A command is missing without which the installer asks a person.",
    why=(
        "In text and graphical mode the installer shows its menu and waits for ever; in cmdline mode it ends with an "
        "error."
    ),
    levels=levels("W", "E", vm="I"),
    bad=(
        Example(text="»\ntext\nrootpw --lock\nautopart\ncdrom\n"),
        Example(text="»\ntext\ntimezone Etc/UTC\nautopart\ncdrom\nuser --name=ops --groups=users\n"),
        Example(text="»\ntext\ntimezone Etc/UTC\nrootpw --lock\nclearpart --all\ncdrom\n"),
        Example(text="»\ntimezone Etc/UTC\nrootpw --lock\nautopart\ncdrom\n"),
        Example(
            text="»\ntext\nlang en_US\nkeyboard us\ntimezone Etc/UTC\nrootpw secret\nautopart\ncdrom\n", release="rhel6"
        ),
    ),
    good=(
        Example(text="text\ntimezone Etc/UTC\nrootpw --lock\nautopart\ncdrom\n"),
        Example(text="cmdline\ntimezone Etc/UTC\nuser --name=ops --groups=adm,wheel\nautopart\ncdrom\n"),
        Example(text="lang en_US\nkeyboard us\ntimezone Etc/UTC\nrootpw --lock\nautopart\ncdrom\n"),
        Example(
            text=(
                "text\nlang en_US\nkeyboard us\ntimezone Etc/UTC\nrootpw secret\nautopart\ncdrom\n"
                "bootloader --location=mbr\n"
            ),
            release="rhel6",
        ),
        Example(text="text\ntimezone Etc/UTC\n%include /tmp/users\nautopart\ncdrom\n"),
        Example(text="text\ntimezone Etc/UTC\n{{ users }}\nautopart\ncdrom\n"),
        Example(text="part / --size=4096\npart swap --size=512\n"),
        Example(text="part / --size=4096\nnetwork --bootproto=dhcp\n%packages\n@core\n%end\n"),
    ),
    check=_check,
)
