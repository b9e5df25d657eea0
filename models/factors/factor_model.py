"""What a factor model promises."""

from __future__ import annotations

from collections.abc import Iterable
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
    """Posterior of the factors: `mean` and `sd`, both (n, k) float64.

    `known` (n,) is False for a patient without any view of the model; he has the prior: mean 0, sd 1.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    known: NDArray[np.bool_]


class FactorModel(Protocol):
    """Latent factors shared by the views, for patients who may lack some of them.

    Training patients come as batches that can be iterated again; a small cohort is a list of one. Rows of what is
    returned are in the order of the first pass.
    """

    def __init__(self, count: int, seed: int) -> None: ...

    def fit(self, batches: Iterable[Batch]) -> Self:
        """Learn loadings from training patients."""
        ...

    def fit_transform(self, batches: Iterable[Batch]) -> Factors:
        """Learn from training patients, and give each the factors that he would have if he were new.

        What is trained on factors has to be trained on these: `transform` of training patients fits their own noise.
        """
        ...

    def transform(self, batch: Batch) -> Factors:
        """Put new patients into the factors, whichever views they have."""
        ...

    def loadings(self, view: str) -> NDArray[np.float64]:
        """(p, k) loadings of one view."""
        ...

    def variance_explained(self) -> pd.DataFrame:
        """Share of the variance of each view (rows) that each factor (columns) explains."""
        ...

    def reconstruct(self, view: str, batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and sd, both (n, p), of the values of one view, for patients who may lack it whole."""
        ...

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        ...

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what `save` wrote."""
        ...
