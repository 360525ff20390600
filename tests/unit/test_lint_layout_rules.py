"""The rules about layouts, networks and packages on text that nobody would write: they never fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kickbuild.lint.engine import Settings, check
from kickbuild.lint.finding import LintProfile
from kickbuild.lint.release import choose_release
from kickbuild.lint.source import make_source

COMMANDS = ("part", "raid", "logvol", "volgroup", "btrfs", "mount", "reqpart", "clearpart", "bootloader", "network",
            "timezone", "lang", "keyboard", "%packages", "%addon com_redhat_kdump", "%addon org_fedora_oscap", "%end",
            "-", "@", "-@", "@^", "-@^")  # fmt: skip
WORDS = ("/", "/boot", "swap", "pv.1", "raid.1", "btrfs.", "vg", "None", "--size=1", "--size=", "--maxsize=0", "--grow",
         "--size", "--level=1", "--level=", "--level=RAID10", "--device=md0", "--vgname=vg", "--name=", "--fstype=efi",
         "--fstype=", "--ondisk=sda", "--ip=192.0.2.1", "--ip=::1", "--netmask=255.255.255.0", "--netmask=0.0.0.0",
         "--gateway=/", "--ipv6=1/2/3", "--ipv6=%", "--nameserver=,,", "--bootproto=static", "--addsupport=,x",
         "--xlayouts='('", "--vckeymap=", "--reserve-mb", "--useexisting", "--spares=9", "''", "$X",
         "{{ x }}", "\\")  # fmt: skip
line = st.builds(
    lambda *words: " ".join(words), st.sampled_from(COMMANDS), *[st.sampled_from(WORDS) | st.text(max_size=6)] * 4
)


@settings(deadline=None)
@given(lines=st.lists(line, max_size=12), release=st.sampled_from(["rhel5", "rhel7", "rhel10", "fedora43"]))
@pytest.mark.parametrize("firmware", ["", "uefi", "bios"])
def test_no_text_makes_a_rule_fail(firmware: str, lines: list[str], release: str) -> None:
    text = "\n".join(["lang en_US", "rootpw --lock", *lines])
    wanted = Settings(profile=LintProfile.REBUILD, release=choose_release(release), firmware=firmware)
    found = check(make_source("x.ks", text.encode("utf-8", "surrogatepass")), wanted)
    assert found.rules
