"""The network of a rehearsed machine, with a real kernel: it gives an address, and nothing gets out of it."""

from __future__ import annotations

import socket
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest
from boot_parts import BootParts, find_parts
from conftest import needs_boot_parts, needs_tools
from initrd import Archive, known_modules, with_dependencies

from kickbuild.rehearse.machine import Board, Machine, qemu_argv
from kickbuild.rehearse.qemu import require_qemu

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.qemu,
    needs_tools("qemu-system-x86_64"),
    needs_boot_parts(),
]

#: Asks for an address, and then for a word from the host that runs QEMU, which is 10.0.2.2 from within.
INIT = """\
#!/busybox sh
/busybox mkdir -p /bin /proc /etc && /busybox mount -t devtmpfs dev /dev && /busybox mount -t proc proc /proc
/busybox --install -s /bin
export PATH=/bin
while read -r module; do insmod "/modules/$module"; done </modules/order
ifconfig lo up
ifconfig eth0 up
udhcpc -i eth0 -n -q -f -s /lease && echo GOT-AN-ADDRESS
nc -w 5 10.0.2.2 {port} </dev/null
echo IT-IS-OVER
poweroff -f
"""
LEASE = """\
#!/busybox sh
[ "$1" != bound ] || /busybox ifconfig eth0 "$ip" netmask "$subnet"
"""


def network_initrd(parts: BootParts, port: int) -> bytes:
    archive = Archive()
    for name in ("dev", "proc"):
        archive.directory(name)
    archive.add("busybox", (parts.root / "usr/bin/busybox").read_bytes())
    archive.add("init", INIT.format(port=port).encode())
    archive.add("lease", LEASE.encode())
    modules = with_dependencies(known_modules(parts.kernel()), ("virtio_pci", "virtio_net", "af_packet"))
    for name, content in modules.items():
        archive.add(f"modules/{name}", content)
    archive.add("modules/order", "".join(f"{name}\n" for name in modules).encode())
    return archive.pack()


def listen(server: socket.socket) -> None:
    """Say a word to whoever comes."""
    try:
        while True:
            end, _ = server.accept()
            with end:
                end.sendall(b"A-WORD-FROM-OUTSIDE\n")
    except OSError:
        return


@pytest.mark.parametrize("restricted", [True, False])
def test_a_machine_gets_an_address_and_reaches_nothing(tmp_path: Path, restricted: bool) -> None:
    """Without the restriction it does reach the host: the test can tell."""
    parts, qemu = find_parts(), require_qemu()
    assert parts is not None
    assert qemu.board.card == "virtio-net-pci"
    ours, of_qemu = socket.socketpair()
    other, control = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as server, ours, of_qemu, other, control:
        threading.Thread(target=listen, args=(server,), daemon=True).start()
        initrd = tmp_path / "initrd"
        initrd.write_bytes(network_initrd(parts, server.getsockname()[1]))
        machine = Machine(disks=(), memory=256, cpus=1, accel="tcg", board=Board(card=qemu.board.card))
        argv = qemu_argv(machine, program=qemu.program, serial=of_qemu.fileno(), control=control.fileno())
        argv = [word if restricted else word.replace("restrict=on", "restrict=off") for word in argv]
        argv += [
            "-kernel",
            str(parts.kernel().vmlinuz),
            "-initrd",
            str(initrd),
            "-append",
            "console=ttyS0 quiet panic=-1",
        ]
        said: list[bytes] = []
        reader = threading.Thread(target=lambda: said.extend(iter(lambda: ours.recv(4096), b"")), daemon=True)
        reader.start()
        subprocess.run(argv, pass_fds=(of_qemu.fileno(), control.fileno()), timeout=120, check=True)
        of_qemu.close()
        reader.join(10)
        server.shutdown(socket.SHUT_RDWR)
    text = b"".join(said).decode("utf-8", "replace")
    assert "GOT-AN-ADDRESS" in text, text
    assert "IT-IS-OVER" in text, text
    assert ("A-WORD-FROM-OUTSIDE" in text) is not restricted, text
