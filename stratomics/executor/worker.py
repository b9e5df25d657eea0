"""What happens in a worker process: it prepares once, and calls for one task after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from stratomics.executor.executor import Prepare

__all__ = ["call", "prepared"]

Result = TypeVar("Result")

# A process may have several threads (those of Dask do): numpy and torch share their state among them.
_ONE_AT_A_TIME = threading.Lock()


def call(function: Callable[..., Result], prepare: Prepare, task: Any) -> Result:
    """Give ``function(*prepare(), task)``, having prepared at most once."""
    with _ONE_AT_A_TIME:
        return function(*prepared(prepare), task)


# One, so that a process that lives for months keeps but the last cohort.
@lru_cache(maxsize=1)
def prepared(prepare: Prepare) -> tuple[Any, ...]:
    """Give ``prepare()``, remembered."""
    return prepare()
