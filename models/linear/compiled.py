"""Compilation of numerical loops by numba."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import ParamSpec, TypeVar

from numba import njit

__all__ = ["compiled"]

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R], fast: Collection[str] = ()) -> Callable[P, R]:
    """Compile a function when it is first called, and keep the result beside its file where that is possible.

    Parameters
    ----------
    function
        Loops over arrays.
    fast
        Rearrangements of floating-point arithmetic that are allowed, as in LLVM.

    Returns
    -------
    callable
        The same function, compiled.
    """
    try:
        result: Callable[P, R] = njit(cache=True, fastmath=set(fast))(function)
    except RuntimeError:
        # Neither the folder of the package nor that of the user is writable: compile again in each process.
        result = njit(fastmath=set(fast))(function)
    return result
