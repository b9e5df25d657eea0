"""Lightning's Trainer as every network here is trained: quiet, one device, nothing left on disk."""

from __future__ import annotations

import pytorch_lightning as pl
from pytorch_lightning.utilities.exceptions import (  # type: ignore[attr-defined]  # public, but not listed
    MisconfigurationException,
)

from models.config import TrainerConfig
from omics.errors import ConfigError

__all__ = ["quiet_trainer"]


def quiet_trainer(
    config: TrainerConfig, epochs: int | None = None, callbacks: list[pl.Callback] | None = None
) -> pl.Trainer:
    """Trainer for `epochs`, or `config.epochs`, on whichever accelerator is configured.

    Raises
    ------
    ConfigError
        If the accelerator is not there.
    """
    try:
        return pl.Trainer(
            max_epochs=config.epochs if epochs is None else epochs,
            callbacks=callbacks,
            accelerator=config.accelerator,
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
    except MisconfigurationException as error:
        raise ConfigError(
            f"trainer.accelerator '{config.accelerator}' is not here ({error}); use cpu"
        ) from None
