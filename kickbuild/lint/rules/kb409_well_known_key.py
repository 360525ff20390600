"""KB409 well-known-key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart


#: How the public keys begin whose private halves are published with Vagrant.
_VAGRANT = (
    "AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr",
    "AAAAC3NzaC1lZDI1NTE5AAAAIN1YdxBpNlzxDqfJyw",
)
_DOWNLOAD = re.compile(r"https?://[^\s\"']{1,200}/vagrant/[^\s\"']{0,100}keys/vagrant\.pub(?:\.\w+)?")


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for statement in kickstart.all("sshkey", "sshpw", "user"):
        if any(key in word.text for key in _VAGRANT for word in statement.words):
            yield statement.hit(f"{statement.name} lets in everybody who has Vagrant's published key")
    for section in kickstart.scripts:
        for line in section.lines:
            if line.text.lstrip().startswith("#"):
                continue
            key = next((key for key in _VAGRANT if key in line.text), "")
            download = _DOWNLOAD.search(line.text[:4096])
            if key or download:
                at = key or (download[0] if download else "")
                yield section.hit(line.number, "this lets in everybody who has Vagrant's published key", at)


RULE = Rule(
    code="KB409",
    name="well-known-key",
    summary="A public key is let in whose private half is published.",
    why="Everybody in the world has the key. It is meant for throw-away machines on a private network of one computer.",
    hint="use a key of your own, or remove this one at the first boot",
    levels=levels("W", "E", vm="I"),
    bad=(
        Example(text='»sshkey --username=root "ssh-rsa ' + _VAGRANT[0] + '== vagrant"\n'),
        Example(text="%post\n»echo 'ssh-ed25519 " + _VAGRANT[1] + " vagrant' > /home/v/.ssh/authorized_keys\n%end\n"),
        Example(
            text="%post\n»curl -o k https://raw.githubusercontent.com/hashicorp/vagrant/main/keys/vagrant.pub\n%end\n"
        ),
    ),
    good=(
        Example(text='sshkey --username=root "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4Y2X3pQm1N1Q9G7oWqj5c ops"\n'),
        Example(text="%post\n# curl https://github.com/hashicorp/vagrant/raw/main/keys/vagrant.pub\n%end\n"),
    ),
    check=_check,
)
