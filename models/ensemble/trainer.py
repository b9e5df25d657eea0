"""Lightning's Trainer with the settings of this project: no messages, no files, the configured devices."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.strategies import DDPStrategy
from pytorch_lightning.utilities.exceptions import (  # type: ignore[attr-defined]  # public, but not listed
    MisconfigurationException,
    SIGTERMException,
)
from torch.multiprocessing.spawn import ProcessException
from torch.utils.data import DataLoader

from models.config import TrainerConfig
from models.ensemble.quiet import quiet_lightning
from omics.common.errors import ConfigError, FitError
from omics.common.processes import main_not_imported

__all__ = ["fit_network"]

PRELOADED = ["models.ensemble.training"]
"""Modules of the server from which training processes are forked. It imports them once, and each process would need
some ten seconds for them."""


def fit_network(
    module: pl.LightningModule,
    batches: DataLoader[Any],
    config: TrainerConfig,
    epochs: int | None = None,
    callbacks: Sequence[pl.Callback] = (),
) -> None:
    """Train `module` in place and return it to the CPU in evaluation mode.

    Parameters
    ----------
    module
        The network to train.
    batches
        Training batches of one epoch.
    config
        Accelerator, strategy, devices and epochs.
    epochs
        Number of epochs; None for ``config.epochs``.
    callbacks
        Callbacks of the Trainer. With ddp they run in separate processes, and only their tensors come back, because
        tensors are in shared memory.

    Raises
    ------
    ConfigError
        If the accelerator, or this number of devices, is not available.
    FitError
        If a training process failed, or this process may not start any.
    KeyboardInterrupt
        If Ctrl-C is pressed.
    """
    if config.strategy == "ddp" and multiprocessing.current_process().daemon:
        raise FitError(
            "this worker may not start the processes of trainer.strategy ddp; start Dask's workers with "
            "DASK_DISTRIBUTED__WORKER__DAEMON=False"
        )
    # Lightning resets its log level on import.
    quiet_lightning()
    trainer = _quiet_trainer(config, config.epochs if epochs is None else epochs, [_Quiet(), *callbacks])
    try:
        with main_not_imported():
            trainer.fit(module, batches)
    except ProcessException as error:
        # The last line of the traceback of the process has the message.
        last = str(error).strip().splitlines()[-1]
        raise FitError(f"one of {config.devices} processes that train together failed: {last}") from None
    except SIGTERMException:
        # A kind of SystemExit, from a signal other than Ctrl-C.
        raise
    except SystemExit:
        # Lightning answers Ctrl-C with the end of the process, and ignores Ctrl-C from then on.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise KeyboardInterrupt from None
    module.cpu().eval()


class _Quiet(pl.Callback):
    """Prepares each training process: `quiet_lightning` is called when this is unpickled there."""

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:  # noqa: ARG002  # Lightning's
        """Copy the weights, which come in memory that all processes share; each process trains its copy."""
        if trainer.world_size > 1:
            for tensor in (*pl_module.parameters(), *pl_module.buffers()):
                tensor.data = tensor.data.clone()

    def __reduce__(self) -> tuple[Callable[[], _Quiet], tuple[()]]:
        return _unpickle_quiet, ()


def _unpickle_quiet() -> _Quiet:
    quiet_lightning()
    return _Quiet()


def _strategy(config: TrainerConfig) -> str | DDPStrategy:
    """Strategy of Lightning; its `ddp` would run the whole command again on each device, these processes only train."""
    if config.strategy == "auto":
        return "auto"
    multiprocessing.set_forkserver_preload(PRELOADED)
    return DDPStrategy(start_method="forkserver")


def _quiet_trainer(config: TrainerConfig, epochs: int, callbacks: list[pl.Callback]) -> pl.Trainer:
    try:
        return pl.Trainer(
            max_epochs=epochs,
            callbacks=callbacks,
            accelerator=config.accelerator,
            strategy=_strategy(config),
            devices=config.devices,
            # Each process selects its part of every batch itself (`models.ensemble.distributed`).
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
