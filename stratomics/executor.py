"""Tasks side by side in local processes; the results do not depend on how many there are."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from omics.errors import StratomicsError

__all__ = ["run_tasks"]

Task = TypeVar("Task")
Result = TypeVar("Result")

_shared: list[Any] = []


def run_tasks(
    function: Callable[..., Result],
    tasks: Sequence[Task],
    shared: Sequence[Any],
    workers: int | None,
) -> Iterator[tuple[Task, Result]]:
    """Yield ``(task, function(*shared, task))`` as they are done, in any order.

    Parameters
    ----------
    function
        A function of a module, so that a fresh process can find it.
    tasks
        What differs from call to call.
    shared
        What every call gets, sent to each process once.
    workers
        Processes; one a core, but no more than tasks, if None. With 1 everything stays in this process.
    """
    count = min(workers or os.cpu_count() or 1, len(tasks))
    if count <= 1:
        for task in tasks:
            yield task, function(*shared, task)
        return
    # Spawned, not forked: torch and BLAS keep threads that do not survive a fork.
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _start, (tuple(shared),))
    try:
        waiting = {pool.submit(_call, function, task): task for task in tasks}
        for done in as_completed(waiting):
            yield waiting[done], done.result()
    except BrokenProcessPool:
        raise StratomicsError("a worker process died, most likely for want of memory; lower `workers`") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(shared: tuple[Any, ...]) -> None:
    # Ctrl-C is answered by the parent alone, which then lets the workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _shared[:] = shared


def _call(function: Callable[..., Result], task: Task) -> Result:
    return function(*_shared, task)
