"""How much memory a file may take: what is small on disk can be large when it is unpacked."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from omics.common.errors import CohortError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["SHARE", "LimitedFile", "check_memory", "check_table_size", "memory_limit"]

SHARE = 0.25
"""Share of the memory of the machine that the content of one file may take."""

UNKNOWN = 8 * 2**30
"""Memory of a machine that does not say how much it has."""

CONTAINER = Path("/sys/fs/cgroup/memory.max")
"""Limit of a container, where there is one."""

GB = 1e9

PER_NUMBER = 3 * 8
"""Bytes that a table takes for each number while it is read and checked."""


@lru_cache(maxsize=1)
def memory_limit() -> int:
    """Return how many bytes the content of one file may take: a quarter of the memory of the machine or container."""
    sizes = [UNKNOWN]
    with suppress(AttributeError, ValueError, OSError):
        sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with suppress(ValueError, OSError):
        sizes.append(int(CONTAINER.read_text()))
    return int(min(sizes) * SHARE)


def check_memory(size: float, file: str, what: str = "its content") -> None:
    """Refuse a file whose content is too large for the memory of this machine.

    Parameters
    ----------
    size
        Number of bytes that the content takes, or at least takes.
    file
        Named in the error.
    what
        What takes them.

    Raises
    ------
    CohortError
        If it is more than :func:`memory_limit`.

    Examples
    --------
    >>> check_memory(1e15, "a.csv.gz")
    Traceback (most recent call last):
    omics.common.errors.CohortError: a.csv.gz: its content takes at least 1e+06 GB, and ...
    """
    limit = memory_limit()
    if size > limit:
        raise CohortError(
            f"{what} takes at least {size / GB:.3g} GB, and the limit here is {limit / GB:.3g} GB, a quarter of the "
            "memory of this machine; was the file damaged? Otherwise keep fewer features, or use a larger machine",
            "too_large",
            file=file,
        )


def check_table_size(rows: int, columns: int, file: str) -> None:
    """Refuse a table of numbers that is too large for the memory of this machine.

    Parameters
    ----------
    rows, columns
        Its shape.
    file
        Named in the error.

    Raises
    ------
    CohortError
        If it takes more than :func:`memory_limit`.
    """
    check_memory(rows * columns * PER_NUMBER, file, f"a table of {rows} x {columns}")


class LimitedFile(io.RawIOBase):
    """A file that raises an error once more was read than may be in memory.

    Parameters
    ----------
    file
        An open file, which is closed with this one.
    name
        Named in the error.
    per_byte
        Memory that its reader takes for each byte.
    """

    def __init__(self, file: IO[bytes], name: str, per_byte: float = 1) -> None:
        self._file, self._name, self._per_byte, self._size = file, name, per_byte, 0

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer, and return the number of bytes."""
        view = memoryview(buffer)
        content = self._file.read(len(view))
        view[: len(content)] = content
        self._size += len(content)
        check_memory(self._size * self._per_byte, self._name, "the unpacked text")
        return len(content)

    def close(self) -> None:
        """Close both files."""
        self._file.close()
        super().close()
