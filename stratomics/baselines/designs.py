"""What a baseline looks at, how strongly it is penalised, and the folds among which it chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.config import ExperimentConfig

__all__ = ["CLINICAL_RIDGE", "L1_RATIO", "PENALTIES", "Design", "clinic", "everything", "inner_parts"]

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


def inner_parts(cohort: MuData, config: ExperimentConfig, seed: int) -> list[NDArray[np.int64]]:
    """Training rows of each inner fold, counted among the patients with the endpoint."""
    from datamodules.split import stratified_folds
    from omics.cohort import cohort_endpoints

    observed = cohort_endpoints(cohort).decisive().observed
    folds = stratified_folds(cohort, config.split.inner_folds, 1, seed, "elastic_net")
    row = np.cumsum(observed) - 1
    return [row[fold.train[observed[fold.train]]] for fold in folds]
