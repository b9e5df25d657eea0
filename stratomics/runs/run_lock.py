"""A run directory is worked on by one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omics.common.errors import InputError

__all__ = ["BusyError", "held", "lock_of"]


class BusyError(InputError):
    """Another process works on the same run."""


def lock_of(run: Path) -> Path:
    """Give the file by which `run` is held."""
    return run.with_name(f"{run.name}.lock")


@contextmanager
def held(run: Path) -> Iterator[None]:
    """Hold ``RUN.lock``, which says by which process on which machine.

    The system lets go of it when its process ends, however that ends, so that no lock outlives a killed run.

    Parameters
    ----------
    run
        The run directory, which need not be there yet.

    Raises
    ------
    BusyError
        If another process holds it.
    """
    path = lock_of(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _locked(path, run)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)
        yield
    finally:
        # Removed while it is still held: whoever waits at this file finds that it is none any more.
        path.unlink(missing_ok=True)
        os.close(handle)


def _locked(path: Path, run: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(handle, path):
                return handle
        except BlockingIOError:
            holder = os.pread(handle, 1000, 0).decode(errors="replace")
            os.close(handle)
            raise BusyError(
                f"{run}: this very run is going on, {_who(holder)}; wait for it, or end it"
            ) from None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_still(handle: int, path: Path) -> bool:
    """Whether the file that was opened is the one that stands there now: its holder may just have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _who(holder: str) -> str:
    try:
        content = json.loads(holder)
        return f"held by process {content['pid']} on {content['host']}"
    except (ValueError, KeyError, TypeError):
        return "held by another process"
