"""Two drives from one ISO: kickbuild's, and one with a kickstart as people write it. ``python contrast.py DIRECTORY``.

The ISO's installer is the stand-in of the boot tests.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from boot_parts import find_parts
from lab import Lab


def naive_kickstart(ours: str) -> str:
    """Return a kickstart whose source is named by UUID, and whose target by the name that it had yesterday."""
    source = next(line for line in ours.splitlines() if line.startswith("harddrive "))
    storage = ["zerombr", "clearpart --all --initlabel --drives=sda", "bootloader --boot-drive=sda"]
    return "\n".join([source, *storage, "part / --size=1024 --grow --ondisk=sda", "reboot", "%packages", "%end", ""])


def main() -> None:
    """Make ours.img and naive.img in the directory that is named."""
    out = Path(sys.argv[1])
    parts = find_parts()
    if parts is None:
        sys.exit("run scripts/boot-parts first")
    with tempfile.TemporaryDirectory() as place:
        lab = Lab(parts, Path(place))
        ours = lab.drive(9, "uuid")
        lab.with_kickstart(ours, out / "naive.img", naive_kickstart)
        shutil.copy(ours, out / "ours.img")


if __name__ == "__main__":
    main()
