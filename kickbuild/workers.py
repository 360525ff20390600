"""The same work for many things, on every core, in their order."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")

#: Fewer things than this are done faster by one process than by several.
_WORTH_WORKERS: Final = 16
_work: list[Any] = []


def each(
    work: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item], jobs: int = 0
) -> Iterator[Result]:
    """Yield ``work(shared, item)`` for each item, in order; ``jobs`` processes, 0 for one on each core.

    ``shared`` is never copied: the processes are forks, and begin with all that this one has read.
    """
    jobs = jobs or os.cpu_count() or 1
    if jobs < 2 or len(items) < _WORTH_WORKERS:
        yield from (work(shared, item) for item in items)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # fork: there are no threads yet. What is here stays shared where no collector writes its marks into it.
    gc.freeze()
    context = get_context("fork")
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_begin, initargs=(os.getpid(), work, shared)
    ) as pool:
        try:
            yield from pool.map(_one, items, chunksize=max(1, min(16, len(items) // (jobs * 4))))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _begin(run: int, work: Callable[[Any, Any], Any], shared: object) -> None:
    """Let the kernel end this worker when the run itself is killed: nobody would ever give it anything again."""
    from kickbuild.run import dying_with

    dying_with(run)()
    _work[:] = [work, shared]


def _one(item: object) -> Any:
    work, shared = _work
    return work(shared, item)
