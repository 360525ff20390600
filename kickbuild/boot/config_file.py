"""A boot loader's configuration file: read whole, replaced atomically, with a copy of what was there before us."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kickbuild.errors import InputError, KickbuildError, LackingError, system_error
from kickbuild.files import atomic_write, sync_directory

#: Configurations are a few KiB; what is larger is something else.
_LIMIT: Final = 4 << 20
_AGAIN: Final = "name the boot loader's configuration, such as /boot/grub2/custom.cfg"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration as it was read. ``path`` has its links resolved; ``text`` is None where there is no file."""

    path: Path
    text: bytes | None
    status: os.stat_result | None

    @property
    def backup(self) -> Path:
        """Where the text from before the first change is kept."""
        return self.path.with_name(f"{self.path.name}.kickbuild-backup")


def read_config(path: Path) -> ConfigFile:
    """Read a configuration. Raises InputError for what is not a text file in a directory, LackingError or ToolError."""
    try:
        real = Path(os.path.realpath(path))
        status = _status(real)
        if status is None:
            _require_directory(path, real)
            return ConfigFile(real, None, None)
        return ConfigFile(real, read_text(path, status), status)
    except OSError as error:
        raise refusal(error, path) from error


def read_text(path: Path, status: os.stat_result | None = None) -> bytes:
    """Return the bytes of a small text file. Raises InputError for anything else, and OSError."""
    status = status or path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path} is a directory", hint=_AGAIN)
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} is not a regular file", hint=_AGAIN)
    if status.st_size > _LIMIT:
        raise InputError(f"{path} has {status.st_size} bytes, too many for a boot loader's configuration", hint=_AGAIN)
    data = path.read_bytes()
    if b"\0" in data:
        raise InputError(f"{path} is not a text file: it has NUL bytes", hint=_AGAIN)
    return data


def write_config(config: ConfigFile, text: bytes, *, first: bool) -> Path | None:
    """Replace the file's text: complete or not at all, with the mode, owner and label it had.

    ``first`` is set where nothing of ours was in the file: then what was there is kept beside it, and that backup's
    path returned. Raises LackingError and ToolError.
    """
    try:
        if config.text is None:
            _forget_empty_backup(config)
        elif first:
            atomic_write(config.backup, config.text, like=config.path)
        atomic_write(config.path, text, mode=0o600, like=config.path if config.status is not None else None)
    except OSError as error:
        raise refusal(error, config.path) from error
    return config.backup if first and config.text is not None else None


def delete_config(config: ConfigFile) -> None:
    """Delete a file that held nothing but our entry. Raises LackingError and ToolError."""
    try:
        config.path.unlink(missing_ok=True)
        sync_directory(config.path.parent)
    except OSError as error:
        raise refusal(error, config.path) from error


def began_empty(config: ConfigFile) -> bool:
    """Whether the file was there, empty, before our first change."""
    with contextlib.suppress(OSError):
        return config.backup.stat().st_size == 0
    return False


def refusal(error: OSError, path: Path) -> KickbuildError:
    """Return what the system's refusal means for a configuration: a lack of permission, a wrong name or a failure."""
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return LackingError(f"{path}: {error.strerror}", hint="run it as a user who may write there, usually root")
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}:
        return InputError(f"{path}: {error.strerror}", hint=_AGAIN)
    return system_error(error, path)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _require_directory(path: Path, real: Path) -> None:
    if not real.parent.is_dir():
        what = "leads to" if path.is_symlink() else "would be in"
        raise InputError(f"{path} {what} {real.parent}, which does not exist", hint=_AGAIN)


def _forget_empty_backup(config: ConfigFile) -> None:
    # It would say later that the file began empty, when now it begins as nothing.
    if began_empty(config):
        config.backup.unlink()
