"""KB309 luks-without-passphrase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    # autopart's passphrase is the one of whatever has none of its own.
    if kickstart.is_template or any(line.get("--passphrase") for line in kickstart.all("autopart")):
        return
    for line in kickstart.all("part", "logvol", "raid", "autopart"):
        if not line.has("--encrypted") or line.has_variables:
            continue
        if not (line.get("--passphrase") or line.has("--escrowcert")):
            yield line.hit(f"{line.name} --encrypted has no passphrase: the installer asks for one", "--encrypted")


RULE = Rule(
    code="KB309",
    name="luks-without-passphrase",
    summary="A volume is to be encrypted, and nothing says with which passphrase.",
    why="The installer asks a person for the passphrase and waits; in cmdline mode it ends with an error.",
    hint="add --passphrase=, and change it in the new system: the kickstart may be read by others",
    levels=levels("E"),
    bad=(
        Example(text="»part pv.1 --size=1 --grow --encrypted\n"),
        Example(text="»autopart --type=lvm --encrypted --passphrase=\n"),
        Example(text="»logvol /home --vgname=v --name=home --size=1024 --encrypted --luks-version=luks2\n"),
    ),
    good=(
        Example(text="part pv.1 --size=1 --grow --encrypted --passphrase=not-a-secret\n"),
        Example(text="autopart --encrypted --passphrase not-a-secret\n"),
        Example(text="part pv.1 --size=1 --encrypted --passphrase={{ passphrase }}\n"),
        Example(text="part pv.1 --size=1 --encrypted $MORE\n"),
        Example(text="part pv.1 --size=1 --encrypted --escrowcert=https://keys.lan/ca.pem\n"),
        Example(text="part pv.1 --size=1 --grow\n"),
    ),
    check=_check,
    since=6,
)
