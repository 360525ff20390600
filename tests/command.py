"""Running kickbuild as a user does: another process, its outputs and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Done:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which was JSON."""
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a run: this one's, with kickbuild importable from anywhere."""
    root = str(Path(__file__).parents[1])
    return {**os.environ, "PYTHONPATH": root, **more}


def kickbuild(*words: str | Path, cwd: Path | None = None, **more: str) -> Done:
    """Run kickbuild and wait for it."""
    done = subprocess.run(
        [sys.executable, "-m", "kickbuild", *map(str, words)],
        cwd=cwd,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=900,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def wait_for(what: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)
