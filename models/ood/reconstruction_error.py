"""How badly the factors tell the values of a patient's views."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.factor_model import FactorModel

__all__ = ["reconstruction_error"]

Array = NDArray[np.float64]

LEAST_SD = 0.1
"""In sds of a feature: what is all but certain must not decide alone when it is otherwise."""


def reconstruction_error(model: FactorModel, batch: Batch) -> Array:
    """(n, views) mean squared distance, in sds, of the measured values of each view from what the factors say of them.

    About 1 for who is like the patients of training, much larger for values that they do not have together. A view
    with hardly more features than there are factors is told better alone than beside others, so that who lacks
    the others seems less strange. NaN where a patient lacks the view. Views are in the order of the batch.
    """
    columns = []
    for name, values in batch.views.items():
        if not values.shape[1]:
            # No feature of it was kept, so that the factors do not know it.
            columns.append(np.full(len(batch), np.nan))
            continue
        mean, sd = model.reconstruct(name, batch)
        observed = batch.observed[name]
        squared = np.where(observed, ((values - mean) / np.maximum(sd, LEAST_SD)) ** 2, 0.0).sum(axis=1)
        count = observed.sum(axis=1)
        columns.append(np.divide(squared, count, out=np.full(len(batch), np.nan), where=count > 0))
    return np.column_stack(columns)
