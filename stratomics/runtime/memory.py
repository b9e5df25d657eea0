"""Memory that a finished fit held, given back to the system before the next one begins."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["give_back", "memory_settled", "settle"]


def settle() -> None:
    """Leave what is loaded by now, libraries above all, out of later collections, which took .4 s each for it."""
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()


@contextmanager
def memory_settled() -> Iterator[None]:
    """Undo :func:`settle` in the end: of a process that goes on, a notebook's, it would keep garbage for ever."""
    try:
        yield
    finally:
        gc.unfreeze()


def give_back() -> None:
    """Collect what refers to itself, as networks and their trainers do, and have the C library return free pages.

    Without it a process grows by some 10 MB a fit, of which nothing is in use.
    """
    gc.collect()
    # Elsewhere than with glibc there is nothing of that name, and nothing to be done.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
