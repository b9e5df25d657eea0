"""What a baseline looks at, how strongly it is penalised, and the folds among which it chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch

if TYPE_CHECKING:
    from stratomics.fitting.training_part import TrainingPart

__all__ = [
    "CLINICAL_RIDGE",
    "L1_RATIO",
    "PENALTIES",
    "Design",
    "clinic",
    "everything",
    "inner_parts",
    "measured",
]

Array = NDArray[np.float64]
Design = Callable[[Batch], Array]

CLINICAL_RIDGE = 1e-3
"""Keeps the coefficient of a covariate finite when it separates the events or classes."""

L1_RATIO = 0.5
PENALTIES = np.geomspace(1.0, 0.05, 25)
"""Shares of the largest penalty, among which cross-validation chooses."""


def clinic(batch: Batch) -> Array:
    """Covariates alone: (n, c)."""
    return batch.covariates.astype(np.float64)


def everything(batch: Batch) -> Array:
    """Covariates and all features of all views, a missing view at the training centre: (n, c + p)."""
    return np.hstack([batch.covariates, *batch.views.values()]).astype(np.float64)


def measured(batch: Batch) -> Array:
    """Covariates and all features of all views, NaN where nothing was measured: (n, c + p)."""
    views = [np.where(batch.observed[name], values, np.nan) for name, values in batch.views.items()]
    return np.hstack([batch.covariates, *views]).astype(np.float64)


def inner_parts(part: TrainingPart) -> list[NDArray[np.int64]]:
    """Training rows of each inner fold, counted among the patients with the endpoint."""
    observed = part.endpoint.observed
    row = np.cumsum(observed) - 1
    return [row[fold.train[observed[fold.train]]] for fold in part.folds]
