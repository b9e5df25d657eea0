"""The one door through which fits leave this process; the results are the same bytes whatever stands behind it."""

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
    """Runs a function for every task, somewhere."""

    def __call__(
        self, function: Callable[..., Result], tasks: Sequence[Task], prepare: Prepare
    ) -> Iterator[tuple[Task, Result]]:
        """Yield ``(task, function(*prepare(), task))`` as they are done, in any order.

        Parameters
        ----------
        function
            A function of a module, so that another process can find it.
        tasks
            What differs from call to call.
        prepare
            Gives what every call needs, once in each process; small to send and hashable, such as a dataclass that
            reads files.

        Raises
        ------
        StratomicsError
            If a process died. What `function` itself raises comes through as it is.
        """
        ...


def open_executor(config: ExecutorConfig, workers: int | None) -> AbstractContextManager[RunTasks]:
    """Open what `config` names, before anything is begun.

    Parameters
    ----------
    config
        Kind and address.
    workers
        Processes of the local executor.

    Raises
    ------
    ConfigError
        If a scheduler is out of reach, or the package that speaks to it is missing.

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
