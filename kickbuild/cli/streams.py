"""Standard output and standard error, safe to write to whatever becomes of their readers.

A reader that goes away, as ``| head`` does, must not stop a drive half way, nor turn a finding into success: what
nobody reads is dropped, and the exit code stays that of the work. A result that cannot be written is an error; a
message that cannot be written is lost, because there is nobody left to tell.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from kickbuild.errors import ToolError

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer

_OUTPUT = 1
_ERRORS = 2


def settle_streams() -> None:
    """Put safe streams in the places of standard output and standard error, also where those were closed."""
    _fill_closed()
    sys.stdout = _text(_OUTPUT, sys.stdout)
    sys.stderr = _text(_ERRORS, sys.stderr)


def _fill_closed() -> None:
    # A file opened later must not become the standard output of whatever writes there.
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _ERRORS:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _text(descriptor: int, stream: TextIO | None) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(_Writer(descriptor, "w", closefd=False)),
        encoding=stream.encoding if stream else "utf-8",
        errors="backslashreplace",
        line_buffering=descriptor == _ERRORS or os.isatty(descriptor),
    )


class _Writer(io.FileIO):
    """Bytes to a descriptor, until the first failure; dropped from then on, so that ending the process is quiet."""

    _failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, or drop; raises ToolError where a result is lost to a reader that is still there."""
        if self._failed:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as error:
            self._failed = True
            if self.fileno() == _ERRORS or isinstance(error, BrokenPipeError):
                return memoryview(data).nbytes
            raise ToolError(f"standard output cannot be written: {error.strerror}") from error
