"""Run tasks on the workers of a Dask scheduler, on other machines or, by dask-jobqueue, on SLURM, LSF or PBS."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from omics.common.errors import ConfigError, InputError, StratomicsError
from stratomics.executor.executor import Prepare, RunTasks
from stratomics.executor.worker import call, prepared
from stratomics.runtime.versions import PROJECT, code_digest, package_versions

__all__ = ["dask"]

log = logging.getLogger(__name__)

Task = TypeVar("Task")
Result = TypeVar("Result")

CONNECT_TIMEOUT = 10.0
"""Seconds within which a scheduler has to answer."""

POLL_INTERVAL = 5.0
"""Seconds between two checks for workers, while no task ends."""

NO_WORKER_TIMEOUT = 60.0
"""Seconds after which a run ends, once it has lost all of its workers."""


@contextmanager
def dask(address: str | None, _workers: int | None) -> Iterator[RunTasks]:
    """Run tasks on the workers that the scheduler at `address` has or will have.

    Parameters
    ----------
    address
        Address of the scheduler.
    _workers
        Not used; the cluster determines the number of workers.

    Yields
    ------
    RunTasks
        Runs tasks while the context lasts.

    Raises
    ------
    ConfigError
        If no scheduler answers, or `distributed` is not installed.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ConfigError(
            "executor.kind dask needs another package; install it with: pip install 'stratomics[cluster]'"
        ) from None
    # Failures are reported by our error messages.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=CONNECT_TIMEOUT)  # type: ignore[no-untyped-call]  # distributed has no types
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"executor.address: no Dask scheduler answers at {address} ({type(error).__name__}); check that "
            "`dask scheduler` runs there, or set executor.kind to local"
        ) from None
    with client:
        yield _Cluster(client)


@dataclass(frozen=True)
class _Cluster:
    client: Any

    def __call__(
        self, function: Callable[..., Result], tasks: Sequence[Task], prepare: Prepare
    ) -> Iterator[tuple[Task, Result]]:
        from distributed import CancelledError, wait

        expected = _installed()
        waiting = {self.client.submit(_call, function, prepare, t, expected, pure=False): t for t in tasks}
        monitor = _WorkerMonitor(self.client)
        try:
            while waiting:
                try:
                    done = wait(  # type: ignore[no-untyped-call]  # distributed has no types
                        list(waiting), POLL_INTERVAL, return_when="FIRST_COMPLETED"
                    ).done
                except TimeoutError:
                    monitor.check()
                    continue
                for future in done:
                    yield waiting.pop(future), _result(future)
        except CancelledError:
            raise _unreachable() from None
        finally:
            # After Ctrl-C or an error, no task remains on the cluster.
            if waiting and self.client.status == "running":
                self.client.cancel(list(waiting))


class _WorkerMonitor:
    """Ends a run that has lost its workers: after the end of an allocation its tasks would wait for ever."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._last_seen: float | None = None
        if not self._workers():
            log.warning("the Dask scheduler has no worker yet; the run waits for the first")

    def check(self) -> None:
        """Raise an error if there were workers and none is left; the first worker may wait in a queue for hours."""
        if self._workers():
            self._last_seen = time.monotonic()
        elif self._last_seen is not None and time.monotonic() - self._last_seen > NO_WORKER_TIMEOUT:
            raise StratomicsError(
                "the Dask scheduler has lost its last worker; start workers, and the same command continues from here"
            )

    def _workers(self) -> int:
        try:
            return len(self._client.scheduler_info()["workers"])
        except OSError:
            raise _unreachable() from None


def _result(future: Any) -> Any:
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        raise StratomicsError(
            "several workers died at the same task, most likely for lack of memory; start workers with more memory"
        ) from None


def _unreachable() -> StratomicsError:
    return StratomicsError(
        "the Dask scheduler does not answer any more; the same command continues from here"
    )


def _installed() -> dict[str, str]:
    """Versions of packages, and the digest of the source text of stratomics, in this process."""
    return {**package_versions(), "code of stratomics": code_digest(PROJECT)[:10]}


def _call(function: Callable[..., Result], prepare: Prepare, task: Any, expected: dict[str, str]) -> Result:
    """Call on a worker, which has to have the versions and the files of the run."""
    for name, version in _installed().items():
        if version != expected.get(name):
            raise StratomicsError(
                f"the worker on {_host()} has {name} {version} and the run {expected.get(name, 'none')}; "
                "install the same"
            )
    try:
        prepared(prepare)
    except InputError as error:
        # The input itself is right, since another machine has read it: the error must not remove finished tasks.
        raise StratomicsError(
            f"the worker on {_host()} cannot begin ({error}); cohort files need the same path on all machines"
        ) from None
    return call(function, prepare, task)


def _host() -> str:
    import platform

    return platform.node()
