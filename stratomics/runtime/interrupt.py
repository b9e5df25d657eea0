"""Ctrl-C stops a command wherever it arrives."""

from __future__ import annotations

import _thread
import contextlib
import sys
import threading
from collections.abc import Iterator

__all__ = ["keeping_ctrl_c"]

DELAY = 0.05
"""Seconds after which an ignored Ctrl-C is raised again."""


@contextlib.contextmanager
def keeping_ctrl_c() -> Iterator[None]:
    """Raise `KeyboardInterrupt` again if Python had to ignore it.

    Python cannot raise an exception out of a callback, such as that of a weak reference while garbage is collected. It
    reports the exception as ignored and goes on, so that one Ctrl-C in ten was lost during a run.
    """
    before = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            before(unraisable)
            return
        # From another thread and later: raised at once, it would be ignored in this hook as well.
        again = threading.Timer(DELAY, _thread.interrupt_main)
        again.daemon = True
        again.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before
