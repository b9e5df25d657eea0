"""The interface of executors: fits run in other processes through it, with the same results in each executor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from omics.common.registry import resolve
from stratomics.executor import EXECUTORS
from stratomics.executor.config import ExecutorConfig

__all__ = ["Prepare", "RunTasks", "open_executor"]

Task = TypeVar("Task")
Result = TypeVar("Result")

Prepare = Callable[[], tuple[Any, ...]]


class RunTasks(Protocol):
    """Runs a function for each task, in this process or in others."""

    def __call__(
        self, function: Callable[..., Result], tasks: Sequence[Task], prepare: Prepare
    ) -> Iterator[tuple[Task, Result]]:
        """Yield ``(task, function(*prepare(), task))`` for each task, in the order in which they finish.

        Parameters
        ----------
        function
            A function at the top level of a module, so that another process can import it.
        tasks
            The last argument of each call.
        prepare
            Makes the first arguments of all calls, once in each process. It has to be hashable and small to send, such
            as a dataclass that reads files.

        Yields
        ------
        tuple
            A task and its result.

        Raises
        ------
        StratomicsError
            If a process died. An error of `function` is raised unchanged.
        """
        ...


def open_executor(config: ExecutorConfig, workers: int | None) -> AbstractContextManager[RunTasks]:
    """Open the executor of a configuration.

    Parameters
    ----------
    config
        Kind and address.
    workers
        Number of processes of the local executor; one per core if None.

    Returns
    -------
    context manager
        It yields a :class:`RunTasks`.

    Raises
    ------
    ConfigError
        If a scheduler does not answer, or if the package `distributed` is missing.

    Examples
    --------
    >>> from stratomics.executor.config import ExecutorConfig
    >>> with open_executor(ExecutorConfig(), workers=1) as run_tasks:
    ...     list(run_tasks(pow, [2, 3], lambda: (10,)))
    [(2, 100), (3, 1000)]
    """
    opened: AbstractContextManager[RunTasks] = resolve(EXECUTORS, config.kind, "executor.kind")(
        config.address, workers
    )
    return opened
