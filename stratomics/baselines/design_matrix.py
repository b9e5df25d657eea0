"""Columns, penalties and inner folds that several baselines share."""

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
    "SelectColumns",
    "all_features",
    "clinical_covariates",
    "features_with_gaps",
    "inner_training_rows",
]

Array = NDArray[np.float64]
SelectColumns = Callable[[Batch], Array]

CLINICAL_RIDGE = 1e-3
"""Ridge penalty that keeps the coefficient of a covariate finite if it separates events or classes."""

L1_RATIO = 0.5
PENALTIES = np.geomspace(1.0, 0.05, 25)
"""Fractions of the largest penalty; cross-validation selects one of them."""


def clinical_covariates(batch: Batch) -> Array:
    """Clinical covariates only: (n, c)."""
    return batch.covariates.astype(np.float64)


def all_features(batch: Batch) -> Array:
    """Covariates and all features of all views, missing values at the training mean: (n, c + p)."""
    return np.hstack([batch.covariates, *batch.views.values()]).astype(np.float64)


def features_with_gaps(batch: Batch) -> Array:
    """Covariates and all features of all views, NaN where a value was not measured: (n, c + p)."""
    views = [np.where(batch.observed[name], values, np.nan) for name, values in batch.views.items()]
    return np.hstack([batch.covariates, *views]).astype(np.float64)


def inner_training_rows(part: TrainingPart) -> list[NDArray[np.int64]]:
    """Training rows of each inner fold, as row numbers among the patients with the primary endpoint."""
    observed = part.endpoint.observed
    row = np.cumsum(observed) - 1
    return [row[fold.train[observed[fold.train]]] for fold in part.folds]
