"""Many runs at once over any ``concurrent.futures`` executor: processes of this machine, or a cluster's."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def spread(
    work: Callable[[T], R],
    jobs: Sequence[T],
    executor: Executor | None = None,
    told: Callable[[int, R], None] | None = None,
) -> list[R]:
    """``work`` of every job, in the order of ``jobs``; one after the other here where there is no executor.

    ``told`` hears of each result with its job's index as soon as it is there. With an executor of processes
    ``work`` is a function of a module, and jobs and results can be pickled. The first error ends it: what has not
    begun is taken back, and the error is raised.
    """
    if executor is None:
        found = []
        for i, job in enumerate(jobs):
            found.append(work(job))
            if told is not None:
                told(i, found[-1])
        return found
    places: dict[Future[R], int] = {}
    try:
        for i, job in enumerate(jobs):
            places[executor.submit(work, job)] = i
        for future in as_completed(places):
            result = future.result()
            if told is not None:
                told(places[future], result)
    except BaseException:
        for future in places:
            future.cancel()
        raise
    return [future.result() for future in places]


@contextmanager
def processes(workers: int) -> Iterator[Executor | None]:
    """An executor of so many processes; None for one worker, which needs no process.

    Left by an error or Ctrl-C, it ends the processes at once and leaves none behind.
    """
    if workers <= 1:
        yield None
        return
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin)
    try:
        yield executor
    except BaseException:
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    executor.shutdown()


def _begin() -> None:
    """A worker dies of Ctrl-C without a word; the parent speaks."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
