"""Simulated sizes of tumours whose growth follows a factor and exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.tumour.growth_model import Predictors
from models.tumour.sizes import TumourSizes, sizes_of

Array = NDArray[np.float64]

TIMES = (0.0, 6.0, 12.0, 18.0, 24.0, 36.0)
"""Weeks of the sizes."""

TYPICAL = (60.0, 0.05, 0.015)
SPREAD = (0.5, 0.6, 0.4)
ADDITIVE, PROPORTIONAL, LIMIT = 2.0, 0.08, 5.0


@dataclass(frozen=True)
class Tumours:
    """Measured sizes, what may move growth, and the true sizes without error, (n, times)."""

    table: pd.DataFrame
    sizes: TumourSizes
    predictors: Predictors
    truth: Array


def tumours(
    n: int, seed: int, *, slope: float = 0.25, exposed: float = -0.3, factors: int = 10, limit: float = LIMIT
) -> Tumours:
    """Simulate Stein's curve; the first factor and the logarithm of exposure (sd .5) move the growth rate."""
    generator = np.random.default_rng(seed)
    z, log_exposure = generator.standard_normal((n, factors)), 0.5 * generator.standard_normal(n)
    logarithms = np.log(TYPICAL) + np.array(SPREAD) * generator.standard_normal((n, 3))
    logarithms[:, 2] += slope * z[:, 0] + exposed * log_exposure
    size, shrinkage, growth = (np.exp(column)[:, None] for column in logarithms.T)
    time = np.array(TIMES)
    truth = size * (np.exp(-shrinkage * time) + np.exp(growth * time) - 1)
    error = np.sqrt(ADDITIVE**2 + (PROPORTIONAL * truth) ** 2)
    measured = truth + error * generator.standard_normal(truth.shape)
    patients = pd.Index([f"p{k}" for k in range(n)])
    table = pd.DataFrame(
        {
            "patient": np.repeat(patients, len(time)),
            "time": np.tile(time, n),
            "size": np.maximum(measured, limit).ravel(),
            "censored": (measured < limit).ravel(),
        }
    )
    names = (*(f"factor_{k + 1}" for k in range(factors)), "exposure")
    predictors = Predictors(z, np.empty((n, 0)), log_exposure, names)
    return Tumours(table, sizes_of(table, patients), predictors, truth)
