"""Return the memory of a finished fit to the operating system before the next fit begins."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["freeze_loaded_objects", "release_memory", "unfrozen_afterwards"]

_frozen = False


def freeze_loaded_objects() -> None:
    """Exclude the objects that exist now from later garbage collections, which else take 0.4 s each.

    Most of these objects belong to imported libraries.
    """
    global _frozen  # noqa: PLW0603  # the state of this process; gc.get_freeze_count() takes .07 s
    if not _frozen:
        gc.collect()
        gc.freeze()
        _frozen = True


@contextmanager
def unfrozen_afterwards() -> Iterator[None]:
    """Undo :func:`freeze_loaded_objects` at the end of the context.

    A process that continues, such as that of a notebook, would otherwise never free these objects.
    """
    global _frozen  # noqa: PLW0603  # the state of this process
    try:
        yield
    finally:
        gc.unfreeze()
        _frozen = False


def release_memory() -> None:
    """Collect reference cycles, which networks and trainers contain, and let the C library return free pages.

    Without this call a process grows by about 10 MB per fit, although none of that memory is in use.
    """
    gc.collect()
    # Only glibc has this function; other C libraries need no such call.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
