"""Tasks on the workers of a Dask scheduler: other machines, and by dask-jobqueue those of SLURM, LSF and PBS."""

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
from stratomics.runtime.versions import package_versions

__all__ = ["dask"]

log = logging.getLogger(__name__)

Task = TypeVar("Task")
Result = TypeVar("Result")

REACH = 10.0
"""Seconds within which a scheduler has to answer."""

LOOK = 5.0
"""Seconds from one look at the workers to the next, while nothing is done."""

ALONE = 60.0
"""Seconds without any worker, after there were some, that end a run."""


@contextmanager
def dask(address: str | None, _workers: int | None) -> Iterator[RunTasks]:
    """Run tasks on whichever workers the scheduler at `address` has, or will have.

    Raises
    ------
    ConfigError
        If no scheduler answers, or `distributed` is not installed.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ConfigError(
            "executor.kind dask needs a package more; bring it with: pip install 'stratomics[cluster]'"
        ) from None
    # What fails is said in a sentence of ours.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=REACH)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"executor.address: no Dask scheduler answers at {address} ({type(error).__name__}); see that "
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

        known = package_versions()
        waiting = {self.client.submit(_call, function, prepare, t, known, pure=False): t for t in tasks}
        attendance = _Attendance(self.client)
        try:
            while waiting:
                try:
                    done = wait(  # type: ignore[no-untyped-call]
                        list(waiting), LOOK, return_when="FIRST_COMPLETED"
                    ).done
                except TimeoutError:
                    attendance.check()
                    continue
                for future in done:
                    yield waiting.pop(future), _result(future)
        except CancelledError:
            raise _gone() from None
        finally:
            # Ctrl-C and faults leave nothing to be done for nobody.
            if waiting and self.client.status == "running":
                self.client.cancel(list(waiting))


class _Attendance:
    """Whether anybody is there to work: an allocation that has come to its end leaves tasks waiting for ever."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._seen: float | None = None
        if not self._workers():
            log.warning("the Dask scheduler has no worker yet; the run waits for the first")

    def check(self) -> None:
        """Refuse to wait for those who came and went; who stands in a queue may take hours."""
        if self._workers():
            self._seen = time.monotonic()
        elif self._seen is not None and time.monotonic() - self._seen > ALONE:
            raise StratomicsError(
                "the Dask scheduler has lost its last worker; bring workers, and the same command goes on from here"
            )

    def _workers(self) -> int:
        try:
            return len(self._client.scheduler_info()["workers"])
        except OSError:
            raise _gone() from None


def _result(future: Any) -> Any:
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        raise StratomicsError(
            "workers died over the same task, most likely for want of memory; give each worker more"
        ) from None


def _gone() -> StratomicsError:
    return StratomicsError("the Dask scheduler has gone away; the same command goes on from here")


def _call(function: Callable[..., Result], prepare: Prepare, task: Any, known: dict[str, str]) -> Result:
    """Call on a worker, whose releases and files have to be those of the run."""
    for name, release in package_versions().items():
        if release != known.get(name):
            raise StratomicsError(
                f"the worker on {_host()} has {name} {release} and the run {known.get(name, 'none')}; install the same"
            )
    try:
        prepared(prepare)
    except InputError as error:
        # What one machine cannot read is no fault of the input, so that what is done is kept.
        raise StratomicsError(
            f"the worker on {_host()} cannot begin ({error}); cohort files have to lie at the same path everywhere"
        ) from None
    return call(function, prepare, task)


def _host() -> str:
    import platform

    return platform.node()
