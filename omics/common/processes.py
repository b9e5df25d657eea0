"""Start processes without a second import of the script that is running."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["main_not_imported"]


@contextmanager
def main_not_imported() -> Iterator[None]:
    """Let new processes start without importing the script that is running.

    A script without ``if __name__ == "__main__"`` would otherwise start its run again in each process. Tasks and
    registered entries live in modules, so that the processes do not need the script.
    """
    main = sys.modules["__main__"]
    spec, file = main.__spec__, main.__dict__.pop("__file__", None)
    main.__spec__ = None
    try:
        yield
    finally:
        main.__spec__ = spec
        if file is not None:
            main.__file__ = file
