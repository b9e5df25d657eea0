"""Base class of the factor models that are linear once they are fitted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.factor_model import Factors
from models.factors.held_out_factors import held_out_posterior
from models.factors.likelihoods import expected_response
from models.factors.linear_gaussian import LinearGaussian
from models.factors.loadings import factor_names
from omics.common.errors import FitError

__all__ = ["LinearFactorModel"]

Array = NDArray[np.float64]


class LinearFactorModel(ABC):
    """A factor model that is linear once it is fitted; subclasses define `fit`.

    Parameters
    ----------
    count
        Number of factors to start with.
    seed
        Seed of everything that is random in `fit`.
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
    def fit(self, batch: Batch) -> Self:
        """Learn from training patients."""

    def transform(self, batch: Batch) -> Factors:
        """Posterior mean and sd of the factors of new patients, from their observed values."""
        return _factors(batch, self.linear, *self.linear.posterior(batch, batch.observed))

    def fit_transform(self, batch: Batch) -> Factors:
        """Learn from training patients, and return the factors that each of them would have as a new patient."""
        linear = self.fit(batch).linear
        return _factors(batch, linear, *held_out_posterior(linear, batch))

    def reconstruct(self, view: str, batch: Batch) -> tuple[Array, Array]:
        """Mean and sd (n, p) of the values of one view, from the observed values of each patient."""
        predictor = self.linear.predictor(view, *self.linear.posterior(batch, batch.observed))
        mean, variance = expected_response(self.linear.views[view].likelihood, *predictor)
        return mean, np.asarray(np.sqrt(variance))

    def contributions(self, batch: Batch, direction: Array) -> dict[str, Array]:
        """View -> (n, p) contribution of each value to the sum of the factors, weighted by `direction` (n, k)."""
        return self.linear.contributions(batch, direction)

    def variance_explained(self) -> pd.DataFrame:
        """Proportion of the variance of each view (rows) that each factor (columns) explains, under the model."""
        proportions = {name: view.explained() for name, view in self.linear.views.items()}
        return pd.DataFrame.from_dict(proportions, orient="index", columns=factor_names(self.linear.count))

    def loadings(self, view: str) -> Array:
        """(p, k) loadings of one view, on the harmonized scale."""
        return self.linear.views[view].loadings

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors files."""
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
