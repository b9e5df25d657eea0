"""What factor models share that are linear once they are fitted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.factor_model import Factors
from models.factors.held_out_factors import left_out
from models.factors.likelihoods import expected_response
from models.factors.linear_gaussian import LinearGaussian
from omics.common.errors import FitError

__all__ = ["LinearFactorModel"]

Array = NDArray[np.float64]


class LinearFactorModel(ABC):
    """What linear factor models share once they are fitted; a subclass brings `fit`.

    Parameters
    ----------
    count
        Number of factors to begin with.
    seed
        Of whatever is random in `fit`.
    """

    def __init__(self, count: int, seed: int = 0) -> None:
        self.count, self.seed = count, seed
        self._linear: LinearGaussian | None = None

    @property
    def linear(self) -> LinearGaussian:
        """The fitted model."""
        if self._linear is None:
            raise FitError(
                f"this {type(self).__name__} was not fitted; call fit with training patients first"
            )
        return self._linear

    @abstractmethod
    def fit(self, batches: Iterable[Batch]) -> Self:
        """Learn from training patients."""

    def transform(self, batch: Batch) -> Factors:
        """Posterior mean and sd of patients that were not trained on, from the values that were measured."""
        return _factors(batch, self.linear, *self.linear.posterior(batch, batch.observed))

    def fit_transform(self, batches: Iterable[Batch]) -> Factors:
        """Learn from training patients, and give each the factors that he would have if he were new."""
        batch = Batch.concatenate(batches)
        linear = self.fit([batch]).linear
        return _factors(batch, linear, *left_out(linear, batch))

    def reconstruct(self, view: str, batch: Batch) -> tuple[Array, Array]:
        """Mean and sd (n, p) of the values of one view, from whatever was measured on each patient."""
        predictor = self.linear.predictor(view, *self.linear.posterior(batch, batch.observed))
        mean, variance = expected_response(self.linear.views[view].likelihood, *predictor)
        return mean, np.asarray(np.sqrt(variance))

    def variance_explained(self) -> pd.DataFrame:
        """Share of the variance of each view (rows) that each factor (columns) explains, by the model."""
        shares = {name: view.explained() for name, view in self.linear.views.items()}
        columns = [f"factor{k + 1}" for k in range(self.linear.count)]
        return pd.DataFrame.from_dict(shares, orient="index", columns=columns)

    def loadings(self, view: str) -> Array:
        """(p, k) loadings of one view, on the harmonized scale."""
        return self.linear.views[view].loadings

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        self.linear.save(folder, name)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        linear = LinearGaussian.load(folder, name)
        model = cls(linear.count)
        model._linear = linear
        return model


def _factors(batch: Batch, linear: LinearGaussian, mean: Array, covariance: Array) -> Factors:
    return Factors(mean, np.sqrt(np.einsum("nkk->nk", covariance)), batch.known(linear.views))
