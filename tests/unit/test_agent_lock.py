"""One agent at a time: an agent that arms keeps others away from its first look on."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from agent_box import EL7, Box, Done

if TYPE_CHECKING:
    from pathlib import Path


def test_disarm_does_not_come_between_the_checks_and_the_arming(tmp_path: Path) -> None:
    box = Box(tmp_path, EL7)
    here, go = tmp_path / "here", tmp_path / "go"
    box.program("udevadm", f'touch "{here}"; while [ ! -f "{go}" ]; do sleep 0.05; done; exit 1')
    (box.bin / "touch").symlink_to("/usr/bin/touch")
    (box.bin / "sleep").symlink_to("/usr/bin/sleep")
    armed: list[Done] = []
    arming = threading.Thread(target=lambda: armed.append(box.run("arm", "--json")))
    arming.start()
    try:
        while not here.exists():
            assert arming.is_alive(), armed
            time.sleep(0.02)
        early = box.run("disarm", "--json")
    finally:
        go.touch()
        arming.join()
    assert (early.code, early.failed) == (5, {"agent.busy"})
    assert armed[0].code == 0, armed[0].out
    assert box.next_boot() == "kickbuild-web"
    assert box.run("disarm", "--json").code == 0
    assert box.next_boot() == "old"
