"""Calls in a worker process, which prepares once and runs one task at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from stratomics.executor.executor import Prepare

__all__ = ["call", "prepared"]

Result = TypeVar("Result")

# A worker of Dask may have several threads, which share the state of numpy and torch.
_ONE_AT_A_TIME = threading.Lock()


def call(function: Callable[..., Result], prepare: Prepare, task: Any) -> Result:
    """Call ``function(*prepare(), task)``, with one ``prepare()`` per process.

    Parameters
    ----------
    function
        The function of the task.
    prepare
        Makes its first arguments.
    task
        Its last argument.

    Returns
    -------
    Result
        What `function` returns.
    """
    with _ONE_AT_A_TIME:
        return function(*prepared(prepare), task)


# A worker may live for months; it keeps the last cohort only.
@lru_cache(maxsize=1)
def prepared(prepare: Prepare) -> tuple[Any, ...]:
    """Call ``prepare()``, or return its cached result."""
    return prepare()
