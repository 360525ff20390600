"""The block devices of this machine: sysfs, udev's database, and blkid where udev knows nothing (containers)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kickbuild.drive.info import BlockDevice
from kickbuild.run import find_tool, run

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECTOR = 512


def list_devices(sys: Path = Path("/sys"), dev: Path = Path("/dev")) -> tuple[BlockDevice, ...]:
    """Return every block device, with the filesystem on it as far as this user may know it."""
    properties = _udev_properties()
    folder = sys / "class" / "block"
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    return tuple(_device(folder / name, properties.get(name, {}), dev) for name in names)


def _udev_properties() -> dict[str, Mapping[str, str]]:
    """Return udev's properties of each block device by name; nothing where there is no libudev."""
    try:
        import pyudev

        context = pyudev.Context()
        devices: Any = context.list_devices(subsystem="block")
        return {device.sys_name: dict(device.properties) for device in devices}
    except (ImportError, OSError):
        return {}


def _device(folder: Path, properties: Mapping[str, str], dev: Path) -> BlockDevice:
    name = folder.name
    filesystem = properties if "ID_FS_TYPE" in properties else _blkid(dev / name)
    links = properties.get("DEVLINKS", "").split()
    real = folder.resolve()
    is_partition = (folder / "partition").exists()
    return BlockDevice(
        name=name,
        number=_text(folder / "dev"),
        size=int(_text(folder / "size") or 0) * _SECTOR,
        parent=real.parent.name if is_partition else "",
        members=tuple(sorted(p.name for p in (folder / "slaves").iterdir())) if (folder / "slaves").is_dir() else (),
        fs_type=filesystem.get("ID_FS_TYPE", ""),
        fs_uuid=filesystem.get("ID_FS_UUID", ""),
        fs_label=_unescaped(filesystem.get("ID_FS_LABEL_ENC", filesystem.get("ID_FS_LABEL", ""))),
        serial=properties.get("ID_SERIAL_SHORT", "") or _text(folder / "serial") or _text(folder / "device" / "serial"),
        wwn=properties.get("ID_WWN_WITH_EXTENSION", "") or properties.get("ID_WWN", "") or _text(folder / "wwid"),
        model=_text(folder / "device" / "model") or properties.get("ID_MODEL", ""),
        by_id=_below(links, "by-id"),
        by_path=_below(links, "by-path"),
        removable=_text(folder / "removable") == "1",
        read_only=_text(folder / "ro") == "1",
    )


def _below(links: list[str], kind: str) -> tuple[str, ...]:
    prefix = f"/dev/disk/{kind}/"
    return tuple(sorted(link.removeprefix(prefix) for link in links if link.startswith(prefix)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _blkid(node: Path) -> dict[str, str]:
    """Return what blkid reads from the device itself, in udev's words; nothing without permission."""
    if not node.exists() or find_tool("blkid") is None:
        return {}
    done = run(["blkid", "-p", "-o", "udev", node], check=False)
    return dict(line.split("=", 1) for line in done.text.splitlines() if "=" in line)


def _unescaped(text: str) -> str:
    r"""Turn udev's ``\x20`` back into the characters."""
    raw = text.encode("utf-8", "surrogateescape")
    parts = raw.split(b"\\x")
    out = parts[0]
    for part in parts[1:]:
        try:
            out += bytes([int(part[:2], 16)]) + part[2:]
        except ValueError:
            out += b"\\x" + part
    return out.decode("utf-8", "replace")
