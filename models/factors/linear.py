"""The linear Gaussian view of a factor model: loadings and noise per view give everybody's factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.factor_model import Factors
from omics.errors import FitError
from omics.files import read_state, write_state

__all__ = ["LinearFactorModel", "LinearGaussian", "LinearView"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LinearView:
    """One view: x = mean + loadings z + noise.

    Attributes
    ----------
    mean
        (p,) feature means.
    loadings
        (p, k).
    precision
        (p,) inverse noise variances.
    """

    mean: Array
    loadings: Array
    precision: Array


@dataclass(frozen=True)
class LinearGaussian:
    """Views that share factors z with the prior N(0, I).

    The posterior of a patient is Gaussian with precision ``I + W' diag(precision) W`` over the features that he
    has (Tipping and Bishop 1999, doi 10.1111/1467-9868.00196), so sd never shrinks when a view is taken away.
    """

    views: dict[str, LinearView]
    count: int

    def posterior(self, batch: Batch, seen: Mapping[str, NDArray[np.bool_]]) -> tuple[Array, Array]:
        """Posterior means (n, k) and covariances (n, k, k) from the values that `seen` (view -> (n, p)) marks.

        Patients with the same values seen share their covariance.
        """
        n = len(batch)
        x = np.hstack([batch.views[name] - view.mean for name, view in self.views.items()])
        marks = np.hstack([seen[name] for name in self.views])
        loadings = np.vstack([view.loadings for view in self.views.values()])
        weighted = loadings * np.concatenate([view.precision for view in self.views.values()])[:, None]
        mean, covariance = np.zeros((n, self.count)), np.empty((n, self.count, self.count))
        patterns, which = np.unique(np.packbits(marks, axis=1), axis=0, return_inverse=True)
        for pattern in range(len(patterns)):
            rows = np.flatnonzero(which == pattern)
            used = marks[rows[0]]
            shared = np.linalg.inv(np.eye(self.count) + weighted[used].T @ loadings[used])
            mean[rows], covariance[rows] = x[np.ix_(rows, used)] @ weighted[used] @ shared, shared
        return mean, covariance

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        arrays = {
            f"{view}.{key}": getattr(state, key)
            for view, state in self.views.items()
            for key in ("mean", "loadings", "precision")
        }
        write_state(folder, name, {"views": list(self.views), "count": self.count}, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        views = {
            view: LinearView(*(arrays[f"{view}.{key}"] for key in ("mean", "loadings", "precision")))
            for view in settings["views"]
        }
        return cls(views, settings["count"])


class LinearFactorModel:
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

    def transform(self, batch: Batch) -> Factors:
        """Posterior mean and sd of any patients, from the values that were measured."""
        mean, covariance = self.linear.posterior(batch, batch.observed)
        return Factors(mean, np.sqrt(np.einsum("nkk->nk", covariance)))

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
