"""KB303 missing-required-command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.required import is_whole, missing_by_release, missing_everywhere
from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    if is_whole(kickstart):
        for what, hint in (*missing_everywhere(kickstart), *missing_by_release(kickstart)):
            yield kickstart.hit(f"{what}, which {kickstart.release.title} asks for", hint=hint)


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
