"""A lock, so that one process at a time works on a run directory."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omics.common.errors import InputError

__all__ = ["BusyError", "lock_file", "locked"]


class BusyError(InputError):
    """Another process works on the same run."""


def lock_file(run: Path) -> Path:
    """Path of the lock file of `run`, ``RUN.lock``."""
    return run.with_name(f"{run.name}.lock")


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold the lock of a run; ``RUN.lock`` names the process and the machine that hold it.

    The operating system releases the lock when its process ends in any way, so that no lock remains after a killed
    run.

    Parameters
    ----------
    run
        The run directory, which need not exist yet.

    Raises
    ------
    BusyError
        If another process holds the lock.
    """
    path = lock_file(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _acquire(path, run)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)
        yield
    finally:
        # The file is removed while it is locked. A process that waits for it finds that it is not the lock any more.
        path.unlink(missing_ok=True)
        os.close(handle)


def _acquire(path: Path, run: Path) -> int:
    """Open and lock the file; returns its handle."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(handle, path):
                return handle
        except BlockingIOError:
            holder = os.pread(handle, 1000, 0).decode(errors="replace")
            os.close(handle)
            raise BusyError(
                f"{run}: another process works on this run, {_name_holder(holder)}; wait for it, or end it"
            ) from None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    """Whether the opened file is still the file at `path`; another process may have removed it just before."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _name_holder(holder: str) -> str:
    try:
        content = json.loads(holder)
        return f"held by process {content['pid']} on {content['host']}"
    except (ValueError, KeyError, TypeError):
        return "held by a process without a name"
