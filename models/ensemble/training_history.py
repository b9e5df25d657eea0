"""Training history: training and validation loss by epoch in inner validation. Tables only, no torch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from datamodules.split import Fold

__all__ = ["NO_HISTORY", "TRAINING_HISTORY", "fit_history", "join_histories"]

TRAINING_HISTORY = "training.parquet"

NO_HISTORY = pd.DataFrame(
    {"member": np.zeros(0, int), "epoch": np.zeros(0, int), "training_loss": [], "validation_loss": []}
).astype({"training_loss": float, "validation_loss": float})
"""History of a fit without inner validation."""

FINAL = "final"
"""Label of the model that was fitted on all patients; the others have the label of their fold."""


def join_histories(histories: Iterable[tuple[Fold | None, pd.DataFrame]]) -> pd.DataFrame:
    """One table of all training histories, with a column ``fit`` for the fold; a fold of None is the final model."""
    labelled = [history.assign(fit=_label(fold)) for fold, history in histories]
    table = pd.concat(labelled, ignore_index=True)
    return table[["fit", *NO_HISTORY]]


def fit_history(table: pd.DataFrame, fold: Fold | None) -> pd.DataFrame:
    """Training history of one fit.

    Parameters
    ----------
    table
        From :func:`join_histories`.
    fold
        The fold of the fit; None is the final model.

    Returns
    -------
    pandas.DataFrame
        Columns member, epoch, training_loss, validation_loss.
    """
    rows = table["fit"] == _label(fold)
    return table.loc[rows, list(NO_HISTORY)].reset_index(drop=True)


def _label(fold: Fold | None) -> str:
    return FINAL if fold is None else fold.label
