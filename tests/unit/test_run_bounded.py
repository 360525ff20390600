"""A program that says or takes too much is ended, and what it leaves running is not waited for."""

from __future__ import annotations

import os
import time

import pytest

from kickbuild.run import run_bounded


def shell(
    program: str, *, timeout: float = 60, most: int = 1 << 20, stdin: bytes = b""
) -> tuple[int, bytes, bytes, str]:
    done = run_bounded(["sh", "-c", program], timeout=timeout, most=most, stdin=stdin)
    return done.code, done.stdout, done.stderr, done.stopped


def test_both_outputs_and_the_status_are_kept() -> None:
    assert shell("cat; echo err >&2; exit 3", stdin=b"in") == (3, b"in", b"err\n", "")


def test_input_that_nobody_reads_is_no_error() -> None:
    assert shell("exec <&-; echo done", stdin=b"x" * (1 << 22)) == (0, b"done\n", b"", "")


def test_much_input_and_much_output_do_not_block_each_other() -> None:
    data = os.urandom(1 << 20)
    code, out, _, stopped = shell("cat", stdin=data, most=1 << 22)
    assert (code, stopped) == (0, "")
    assert out == data


@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_flood_is_stopped(stream: str) -> None:
    code, out, err, stopped = shell(f"exec yes >&{stream}", most=100_000)
    assert stopped == "size"
    assert code != 0
    assert len(out) + len(err) < 400_000


def test_what_takes_too_long_is_stopped() -> None:
    assert shell("echo early; exec sleep 1000", timeout=0.5)[1:] == (b"early\n", b"", "time")
    assert shell("exec >&- 2>&-; exec sleep 1000", timeout=0.5)[3] == "time"


def test_what_a_child_holds_open_is_not_waited_for() -> None:
    begun = time.monotonic()
    code, out, _, stopped = shell("(exec sleep 20) & echo done")
    assert (code, out, stopped) == (0, b"done\n", "")
    assert time.monotonic() - begun < 15
