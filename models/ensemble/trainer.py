"""Lightning's Trainer as every network here is trained: quiet, nothing left on disk, on the devices configured."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.utilities.exceptions import (  # type: ignore[attr-defined]  # public, but not listed
    MisconfigurationException,
)
from torch.multiprocessing.spawn import ProcessException
from torch.utils.data import DataLoader

from models.config import TrainerConfig
from models.ensemble.quiet import quiet_lightning
from omics.common.errors import ConfigError, FitError

__all__ = ["fit_network"]

LIGHTNING = {"auto": "auto", "ddp": "ddp_spawn"}
"""Our name of a strategy -> Lightning's. Its own `ddp` starts the command line again for every device, and with it
everything else that the command does; processes that are spawned train and end."""


def fit_network(
    module: pl.LightningModule,
    batches: DataLoader[Any],
    config: TrainerConfig,
    epochs: int | None = None,
    callbacks: Sequence[pl.Callback] = (),
) -> None:
    """Train `module` in place for `epochs`, or `config.epochs`, and leave it on the CPU, ready to predict.

    Of a callback that works in processes of their own, tensors alone come back: they are memory that is shared.

    Raises
    ------
    ConfigError
        If the accelerator, or so many devices, are not there.
    FitError
        If a training process failed, or none may be started here.
    """
    if config.strategy == "ddp" and multiprocessing.current_process().daemon:
        raise FitError(
            "this worker may not start the processes of trainer.strategy ddp; start Dask's workers with "
            "DASK_DISTRIBUTED__WORKER__DAEMON=False"
        )
    # Lightning turns its own voice up when it is imported, whatever was asked of it before.
    quiet_lightning()
    trainer = _quiet_trainer(config, config.epochs if epochs is None else epochs, [_Quiet(), *callbacks])
    try:
        trainer.fit(module, batches)
    except ProcessException as error:
        # The last line of the traceback that came out of the process says what happened.
        last = str(error).strip().splitlines()[-1]
        raise FitError(f"one of {config.devices} processes that train together failed: {last}") from None
    module.cpu().eval()


class _Quiet(pl.Callback):
    """Goes along into processes that are spawned, and asks for quiet as it arrives."""

    def __reduce__(self) -> tuple[Callable[[], _Quiet], tuple[()]]:
        return _arrived, ()


def _arrived() -> _Quiet:
    quiet_lightning()
    return _Quiet()


def _quiet_trainer(config: TrainerConfig, epochs: int, callbacks: list[pl.Callback]) -> pl.Trainer:
    try:
        return pl.Trainer(
            max_epochs=epochs,
            callbacks=callbacks,
            accelerator=config.accelerator,
            strategy=LIGHTNING[config.strategy],
            devices=config.devices,
            # Every process takes its share of each batch itself (`sharing`).
            use_distributed_sampler=False,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
    except MisconfigurationException as error:
        raise ConfigError(
            f"trainer.accelerator '{config.accelerator}' with trainer.devices {config.devices} is not here ({error}); "
            "use cpu"
        ) from None
