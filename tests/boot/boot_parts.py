"""The kernel, boot loaders, firmware and programs that scripts/boot-parts unpacked."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT: Final = Path(__file__).parents[2]
PLACE: Final = Path(os.environ.get("KICKBUILD_BOOT_PARTS", PROJECT / "build-cache" / "boot-parts"))
#: Directories of the dynamic linker's libraries, by the linker that a program asks for.
_LIBRARIES: Final = {"lib64/ld-linux-x86-64.so.2": "usr/lib/x86_64-linux-gnu", "lib32/ld-linux.so.2": "usr/lib32"}


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel, and the directory of its modules."""

    vmlinuz: Path
    modules: Path


@dataclass(frozen=True, slots=True)
class BootParts:
    """Where the parts are."""

    place: Path

    @property
    def root(self) -> Path:
        """The packages' files."""
        return self.place / "root"

    def kernel(self, *, every_bus: bool = False) -> Kernel:
        """Return the kernel that starts soonest, or one that has the drivers of SATA and USB, too."""
        kind = "amd64" if every_bus else "cloud"
        release = (self.place / f"release-{kind}").read_text().strip()
        return Kernel(self.place / f"vmlinuz-{kind}", self.root / "usr/lib/modules" / release)

    def run(self, program: str, *words: str, stdin: str = "") -> str:
        """Run an unpacked program with its own libraries and return its output; ``program`` is relative to the root."""
        path = self.root / program
        content = path.read_bytes()[:4096]
        linker = next((name for name in _LIBRARIES if f"/{name.split('/')[-1]}\0".encode() in content), None)
        assert linker is not None, f"{program} names no linker"
        own = [str(self.root / linker), "--library-path", str(self.root / _LIBRARIES[linker]), str(path), *words]
        return run(own, stdin=stdin)


def run(argv: Sequence[str], *, stdin: str = "", good: tuple[int, ...] = (0,)) -> str:
    """Run a program and return what it said; an exit status that is not good is an assertion error with its words."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode in good, f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def find_parts() -> BootParts | None:
    """Return the parts, None where scripts/boot-parts has not run."""
    if not (PLACE / "complete").is_file():
        return None
    return BootParts(PLACE)
