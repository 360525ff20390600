"""Three drives from one ISO: kickbuild's, and two as people make them by hand. ``python contrast.py DIRECTORY``.

The ISO's installer is the stand-in of the boot tests.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import naive
from boot_parts import find_parts
from lab import Lab


def main() -> None:
    """Make ours.img, by-half.img and by-name.img in the directory that is named."""
    out = Path(sys.argv[1])
    parts = find_parts()
    if parts is None:
        sys.exit("run scripts/boot-parts first")
    with tempfile.TemporaryDirectory() as place:
        lab = Lab(parts, Path(place))
        ours = lab.drive(9, "uuid")
        lab.changed(ours, out / "by-half.img", naive.BY_HALF)
        lab.changed(ours, out / "by-name.img", naive.BY_NAME)
        shutil.copy(ours, out / "ours.img")


if __name__ == "__main__":
    main()
