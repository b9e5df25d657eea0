"""How the losses of the members went by epoch, in the rehearsal that says how long each trains. Tables, no torch."""

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
"""The course of a training that did not take place."""

FINAL = "final"
"""Stands where others have the label of their fold: the model that was fitted on all patients."""


def join_histories(histories: Iterable[tuple[Fold | None, pd.DataFrame]]) -> pd.DataFrame:
    """Put the courses of all fits together, with a column ``fit`` that says whose each is; None is the final model."""
    named = [training_history.assign(fit=_label(fold)) for fold, training_history in histories]
    together = pd.concat(named, ignore_index=True)
    return together[["fit", *NO_HISTORY]]


def fit_history(table: pd.DataFrame, fold: Fold | None) -> pd.DataFrame:
    """Take one course out again."""
    own = table["fit"] == _label(fold)
    return table.loc[own, list(NO_HISTORY)].reset_index(drop=True)


def _label(fold: Fold | None) -> str:
    return FINAL if fold is None else fold.label
