"""The interface of a factor model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.batch import Batch

__all__ = ["FactorModel", "Factors"]


@dataclass(frozen=True)
class Factors:
    """Posterior distribution of the factors of n patients.

    Attributes
    ----------
    mean, sd
        (n, k) float64.
    known
        (n,) bool: False for a patient without any view of the model. They have the prior: mean 0, sd 1.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    known: NDArray[np.bool_]


class FactorModel(Protocol):
    """Latent factors that the views share, for patients who may lack some of the views."""

    def __init__(self, count: int, seed: int) -> None: ...

    def fit(self, batch: Batch) -> Self:
        """Learn loadings from training patients."""
        ...

    def fit_transform(self, batch: Batch) -> Factors:
        """Learn from training patients, and return the factors that each of them would have as a new patient.

        Models that use the factors must be trained on these: `transform` of training patients is overfitted, because
        the loadings have learned the noise of these patients.
        """
        ...

    def transform(self, batch: Batch) -> Factors:
        """Factors of new patients, from whichever views they have."""
        ...

    def loadings(self, view: str) -> NDArray[np.float64]:
        """(p, k) loadings of one view."""
        ...

    def variance_explained(self) -> pd.DataFrame:
        """Proportion of the variance of each view (rows) that each factor (columns) explains."""
        ...

    def reconstruct(self, view: str, batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and sd, both (n, p), of the values of one view, also for patients who lack the whole view."""
        ...

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors files."""
        ...

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        ...
