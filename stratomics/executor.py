"""Tasks side by side in local processes; the results do not depend on how many there are."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from typing import Any, TypeVar

from omics.errors import StratomicsError

__all__ = ["run_tasks"]

Task = TypeVar("Task")
Result = TypeVar("Result")

Prepare = Callable[[], tuple[Any, ...]]


def run_tasks(
    function: Callable[..., Result], tasks: Sequence[Task], prepare: Prepare, workers: int | None
) -> Iterator[tuple[Task, Result]]:
    """Yield ``(task, function(*prepare(), task))`` as they are done, in any order.

    Parameters
    ----------
    function
        A function of a module, so that a fresh process can find it.
    tasks
        What differs from call to call.
    prepare
        Gives what every call needs, once in each process; small to send, such as a partial that reads files.
    workers
        Processes; one a core, but no more than tasks, if None. With 1 everything stays in this process.
    """
    if not tasks:
        return
    count = min(workers or os.cpu_count() or 1, len(tasks))
    if count <= 1:
        shared = prepare()
        for task in tasks:
            yield task, function(*shared, task)
        return
    # Spawned, not forked: torch and BLAS keep threads that do not survive a fork.
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _start)
    try:
        waiting = {pool.submit(_call, function, prepare, task): task for task in tasks}
        for done in as_completed(waiting):
            yield waiting[done], done.result()
    except BrokenProcessPool:
        raise StratomicsError(
            "a worker process died, most likely for want of memory; lower `workers`"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start() -> None:
    # Ctrl-C is answered by the parent alone, which then lets the workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What the workers log, the parent has logged before them.
    logging.getLogger().addHandler(logging.NullHandler())
    # A parent that is killed tells nobody: its workers would wait for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _call(function: Callable[..., Result], prepare: Prepare, task: Task) -> Result:
    return function(*_prepared(prepare), task)


@cache
def _prepared(prepare: Prepare) -> tuple[Any, ...]:
    return prepare()
