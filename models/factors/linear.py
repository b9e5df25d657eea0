"""The linear Gaussian view of a factor model: loadings and noise per view give everybody's factors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.factor_model import Factors
from omics.files import read_state, write_state

__all__ = ["LinearGaussian", "LinearView"]

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

    The posterior of a patient with the views V is Gaussian with precision
    ``I + sum_V W' diag(precision) W`` (Tipping and Bishop 1999, doi 10.1111/1467-9868.00196), so sd
    never shrinks when a view is taken away.
    """

    views: dict[str, LinearView]
    count: int

    def posterior(self, batch: Batch) -> tuple[Array, Array]:
        """Posterior means (n, k) and covariances (n, k, k); patients with the same views share theirs."""
        n = len(batch)
        mean, covariance = np.zeros((n, self.count)), np.tile(np.eye(self.count), (n, 1, 1))
        present = np.column_stack([batch.present(name) for name in self.views])
        for pattern in np.unique(present, axis=0):
            rows = (present == pattern).all(axis=1)
            names = [name for name, has in zip(self.views, pattern, strict=True) if has]
            shared = np.linalg.inv(np.eye(self.count) + sum((self._information(v) for v in names), 0.0))
            pull = sum((self._pull(batch, v, rows) for v in names), np.zeros((int(rows.sum()), self.count)))
            mean[rows], covariance[rows] = pull @ shared, shared
        return mean, covariance

    def factors(self, batch: Batch) -> Factors:
        """Posterior mean and sd of every patient."""
        mean, covariance = self.posterior(batch)
        return Factors(mean, np.sqrt(np.einsum("nkk->nk", covariance)))

    def _information(self, name: str) -> Array:
        view = self.views[name]
        return (view.loadings * view.precision[:, None]).T @ view.loadings

    def _pull(self, batch: Batch, name: str, rows: NDArray[np.bool_]) -> Array:
        view = self.views[name]
        return (batch.views[name][rows] - view.mean) @ (view.loadings * view.precision[:, None])

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
