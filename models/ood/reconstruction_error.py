"""Reconstruction error of a patient's views from the factors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.factor_model import FactorModel

__all__ = ["reconstruction_error"]

Array = NDArray[np.float64]

LEAST_SD = 0.1
"""Smallest predictive standard deviation of a value, so that an almost certain value cannot dominate the error."""


def reconstruction_error(model: FactorModel, batch: Batch) -> Array:
    """Mean squared standardised residual of the measured values of each view, given the factors.

    It is about 1 for patients like those of training, and much larger for combinations of values that do not occur in
    training. A view with hardly more features than factors is reconstructed better alone than together with other
    views, so that patients without the other views have a smaller error.

    Parameters
    ----------
    model
        Fitted factor model.
    batch
        n patients.

    Returns
    -------
    Array
        (n, views) in the order of the views of the batch; NaN if a patient lacks the view.
    """
    columns = []
    for name, values in batch.views.items():
        if not values.shape[1]:
            # No feature of this view was kept, so the factors do not describe it.
            columns.append(np.full(len(batch), np.nan))
            continue
        mean, sd = model.reconstruct(name, batch)
        observed = batch.observed[name]
        squared = np.where(observed, ((values - mean) / np.maximum(sd, LEAST_SD)) ** 2, 0.0).sum(axis=1)
        count = observed.sum(axis=1)
        columns.append(np.divide(squared, count, out=np.full(len(batch), np.nan), where=count > 0))
    return np.column_stack(columns)
