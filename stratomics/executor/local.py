"""Tasks side by side in processes of this machine."""

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
from stratomics.executor.executor import Prepare, RunTasks
from stratomics.executor.worker import call

__all__ = ["local"]

Task = TypeVar("Task")
Result = TypeVar("Result")


@contextmanager
def local(_address: str | None, workers: int | None) -> Iterator[RunTasks]:
    """Run tasks in `workers` processes; one a core, but no more than tasks, if None. With 1 all stays in this one."""
    yield _Processes(workers or os.cpu_count() or 1)


@dataclass(frozen=True)
class _Processes:
    most: int

    def __call__(
        self, function: Callable[..., Result], tasks: Sequence[Task], prepare: Prepare
    ) -> Iterator[tuple[Task, Result]]:
        count = min(self.most, len(tasks))
        if count <= 1:
            shared = prepare() if tasks else ()
            for task in tasks:
                yield task, function(*shared, task)
            return
        # Spawned, not forked: torch and BLAS keep threads that do not survive a fork.
        pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _start)
        try:
            waiting = {pool.submit(call, function, prepare, task): task for task in tasks}
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
