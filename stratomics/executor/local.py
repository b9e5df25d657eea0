"""Run tasks in parallel processes of this machine."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from omics.common.errors import StratomicsError
from omics.common.processes import main_not_imported
from stratomics.executor.executor import Prepare, RunTasks
from stratomics.executor.worker import call

__all__ = ["local"]

Task = TypeVar("Task")
Result = TypeVar("Result")


@contextmanager
def local(_address: str | None, workers: int | None) -> Iterator[RunTasks]:
    """Run tasks in processes of this machine.

    Parameters
    ----------
    _address
        Not used.
    workers
        Number of processes; one per core if None, and never more than tasks. With 1, tasks run in this process.

    Yields
    ------
    RunTasks
        Runs tasks while the context lasts.
    """
    yield _Processes(workers or os.cpu_count() or 1)


@dataclass(frozen=True)
class _Processes:
    limit: int

    def __call__(
        self, function: Callable[..., Result], tasks: Sequence[Task], prepare: Prepare
    ) -> Iterator[tuple[Task, Result]]:
        count = min(self.limit, len(tasks))
        if count <= 1:
            prepared = prepare() if tasks else ()
            for task in tasks:
                yield task, function(*prepared, task)
            return
        # Spawned, not forked: the threads of torch and BLAS do not survive a fork.
        pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _start)
        try:
            # All workers start with the first task.
            with main_not_imported():
                waiting = {pool.submit(call, function, prepare, task): task for task in tasks}
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BrokenProcessPool:
            raise StratomicsError(
                "a worker process died, most likely for lack of memory; lower `workers`"
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start() -> None:
    # Only the parent handles Ctrl-C; it then ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The parent has logged the same messages.
    logging.getLogger().addHandler(logging.NullHandler())
    # The workers of a killed parent would wait for ever.
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
