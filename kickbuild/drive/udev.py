"""The block devices of this machine: sysfs, udev's database, and blkid where udev knows nothing (containers)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kickbuild.drive.info import BlockDevice
from kickbuild.run import find_tool, run

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECTOR = 512


def list_devices(
    sys: Path = Path("/sys"), dev: Path = Path("/dev"), properties: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[BlockDevice, ...]:
    """Return every block device, with the filesystem on it as far as this user may know it.

    ``properties`` are udev's by the device's name; this machine's unless given.
    """
    if properties is None:
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
    # What udev has looked at bears the time of that; in containers nothing does.
    is_known = "USEC_INITIALIZED" in properties or "ID_FS_TYPE" in properties
    size = int(_text(folder / "size") or 0) * _SECTOR
    filesystem = properties if is_known or not size else _blkid(dev / name)
    serials = _serials(folder, properties)
    links = properties.get("DEVLINKS", "").split()
    real = folder.resolve()
    is_partition = (folder / "partition").exists()
    return BlockDevice(
        name=name,
        number=_text(folder / "dev"),
        size=size,
        parent=real.parent.name if is_partition else "",
        members=tuple(sorted(p.name for p in (folder / "slaves").iterdir())) if (folder / "slaves").is_dir() else (),
        fs_type=filesystem.get("ID_FS_TYPE", ""),
        fs_uuid=filesystem.get("ID_FS_UUID", ""),
        fs_label=_unescaped(filesystem.get("ID_FS_LABEL_ENC", filesystem.get("ID_FS_LABEL", ""))),
        serial=serials[0] if serials else "",
        serials=serials,
        wwn=_first(
            properties.get("ID_WWN_WITH_EXTENSION", ""),
            properties.get("ID_WWN", ""),
            _text(folder / "wwid"),
            _text(folder / "device" / "wwid"),
        ),
        model=_text(folder / "device" / "model") or properties.get("ID_MODEL", ""),
        by_id=_below(links, "by-id"),
        by_path=_below(links, "by-path"),
        removable=_text(folder / "removable") == "1",
        read_only=_text(folder / "ro") == "1",
    )


def _serials(folder: Path, properties: Mapping[str, str]) -> tuple[str, ...]:
    """Return every serial number, the best first.

    A SCSI disk has two: the page 0x80 number, which is printed on it and which lsblk shows, and the page 0x83
    identifier, which udev calls ID_SERIAL_SHORT.
    """
    found = [
        properties.get("ID_SCSI_SERIAL", ""),
        properties.get("ID_SERIAL_SHORT", ""),
        _text(folder / "serial"),
        _text(folder / "device" / "serial"),
        _page_80(folder / "device" / "vpd_pg80"),
        properties.get("ID_SERIAL", ""),
    ]
    return tuple(dict.fromkeys(serial for serial in found if serial))


def _page_80(path: Path) -> str:
    """Return the unit serial number from a SCSI vital product data page: four bytes of header, then the number."""
    try:
        data = path.read_bytes()
    except OSError:
        return ""
    return data[4 : 4 + int.from_bytes(data[2:4], "big")].decode("ascii", "replace").strip(" \0")


def _first(*texts: str) -> str:
    return next((text for text in texts if text), "")


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
