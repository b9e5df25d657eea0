"""Imputation of missing values on the scaled table; the masks of measured values are passed on to the models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datamodules.view_table import Values, ViewTable

__all__ = ["IterativeImputation", "MedianImputation"]

Array = NDArray[np.float64]

COMPONENTS, PASSES = 5, 30
SMALLEST_NOISE = 1e-3


@dataclass(frozen=True)
class MedianImputation:
    """Imputes the training median, which is 0 on the scaled table."""

    @classmethod
    def fit(cls, table: ViewTable) -> Self:  # noqa: ARG003  # one signature
        """Return the imputation; there is nothing to fit."""
        return cls()

    def transform(self, values: Values) -> Values:
        """Return the values (m, p) without NaN."""
        return np.where(np.isnan(values), np.float32(0), values)


@dataclass(frozen=True)
class IterativeImputation:
    """Imputes the expectation given a patient's other values, by a few principal components of training.

    The EM algorithm estimates loadings and missing values together, as iterative PCA with shrinkage does (Josse and
    Husson 2012, doi 10.1007/s00357-012-9097-0). A patient without the view gets the training median.
    ``loadings`` (p, k); ``noise``: the residual variance.
    """

    loadings: Array
    noise: float

    @classmethod
    def fit(cls, table: ViewTable) -> Self:
        """Learn from training patients."""
        x = np.concatenate([np.empty((0, table.width)), *(block.values for block in table)])
        x = x[~np.isnan(x).all(axis=1)]
        measured = ~np.isnan(x)
        x[~measured] = 0.0
        count = min(COMPONENTS, len(x) - 1, x.shape[1] - 1)
        if count < 1:
            return cls(np.zeros((x.shape[1], 0)), 1.0)
        _, scale, axes = np.linalg.svd(x, full_matrices=False)
        model = cls(
            (axes[:count] * scale[:count, None] / np.sqrt(len(x))).T, max(float(x.var()), SMALLEST_NOISE)
        )
        for _ in range(PASSES):
            model = model._em_step(x, measured)
        return model

    def _em_step(self, x: Array, measured: NDArray[np.bool_]) -> Self:
        """One iteration of EM on `x` (n, p), 0 where not measured."""
        scores, covariance = self._posterior(x, measured)
        second = scores[:, :, None] * scores[:, None, :] + covariance
        k = scores.shape[1]
        per_feature = (measured.T.astype(np.float64) @ second.reshape(len(x), k * k)).reshape(-1, k, k)
        cross = x.T @ scores
        ridge = self.noise * np.eye(k)
        solved = np.linalg.solve(per_feature + ridge, cross[:, :, None])[:, :, 0]
        loadings = np.asarray(solved, dtype=np.float64)
        explained = 2 * (loadings * cross).sum() - np.einsum("pk,pkl,pl->", loadings, per_feature, loadings)
        noise = float(((x**2).sum() - explained) / measured.sum())
        return type(self)(loadings, max(noise, SMALLEST_NOISE))

    def _posterior(self, x: Array, measured: NDArray[np.bool_]) -> tuple[Array, Array]:
        k = self.loadings.shape[1]
        squares = (self.loadings[:, :, None] * self.loadings[:, None, :]).reshape(-1, k * k)
        # One product per patient, so that rounding does not depend on the other patients.
        precision = (
            np.stack([row @ squares for row in measured.astype(np.float64)]).reshape(-1, k, k) / self.noise
        )
        covariance = np.asarray(np.linalg.inv(precision + np.eye(k)), dtype=np.float64)
        right = np.stack([row @ self.loadings for row in x]) / self.noise
        return (covariance @ right[:, :, None])[:, :, 0], covariance

    def transform(self, values: Values) -> Values:
        """Return the values (m, p) without NaN."""
        measured = ~np.isnan(values)
        if not self.loadings.shape[1] or measured.all():
            return np.where(measured, values, np.float32(0))
        scores, _ = self._posterior(np.where(measured, values, 0.0).astype(np.float64), measured)
        expected = np.stack([self.loadings @ row for row in scores])
        return np.where(measured, values, expected).astype(np.float32)
