"""Settings of the executor. The command line imports this module first, so that it has to be light."""

from __future__ import annotations

from dataclasses import dataclass

from omics.common.errors import ConfigError
from omics.common.registry import check_choice
from stratomics.executor import EXECUTORS

__all__ = ["ExecutorConfig"]


@dataclass(frozen=True)
class ExecutorConfig:
    """Where fits run; the results do not depend on it.

    Parameters
    ----------
    kind
        Name in EXECUTORS: local (processes of this machine), dask (workers of a Dask scheduler).
    address
        Address of the scheduler, such as tcp://login1:8786; for kind dask only.
    """

    kind: str = "local"
    address: str | None = None

    def __post_init__(self) -> None:
        check_choice(EXECUTORS, self.kind, "executor.kind")
        if (self.kind == "local") != (self.address is None):
            raise ConfigError(
                "executor.kind dask and executor.address, such as tcp://login1:8786, need each other; give both or none"
            )
