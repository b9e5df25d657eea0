"""Probabilistic principal components with a separate noise variance for each view, and with missing views."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from datamodules.batch import Batch
from models.factors.linear_gaussian import LinearGaussian, LinearView
from models.factors.linear_model import LinearFactorModel

__all__ = ["PCA"]

Array = NDArray[np.float64]

ROUNDS = 50
TOLERANCE = 1e-3
SMALLEST_NOISE = 1e-3


class PCA(LinearFactorModel):
    """Maximum-likelihood factors by EM (Tipping and Bishop 1999, doi 10.1111/1467-9868.00196).

    `fit` ignores the views that a patient lacks; a missing value inside a measured view counts as the training mean.
    The factors of a single view have a closed form and need no EM.
    There are fewer factors than `count` if there are fewer patients or features. The fit is deterministic.
    """

    def fit(self, batch: Batch) -> Self:
        """Learn loadings, means and noise from training patients."""
        values = {name: x.astype(np.float64) for name, x in batch.views.items() if x.shape[1]}
        present = {name: batch.present(name) for name in values}
        # Patients with the same views share their covariance, and there are few such patterns.
        patterns, pattern, number = np.unique(
            np.column_stack([*present.values()]), axis=0, return_inverse=True, return_counts=True
        )
        count = min(self.count, len(batch) - 1, sum(x.shape[1] for x in values.values()))
        means = {name: x[present[name]].mean(axis=0) for name, x in values.items()}
        if len(values) == 1:
            [(name, x)] = values.items()
            rows = np.where(present[name][:, None], x - means[name], 0.0)
            axes, residual = _single_view(rows, int(present[name].sum()), count)
            self._linear = _model(means, _principal_rotation({name: axes}), {name: residual}, count)
            return self
        centred = {n: np.where(present[n][:, None], x - means[n], 0.0) for n, x in values.items()}
        loadings = _principal_axes(centred, count)
        noise = {name: max(float(x[present[name]].var()), SMALLEST_NOISE) for name, x in centred.items()}
        for _ in range(ROUNDS):
            linear, covariance = _e_step(centred, loadings, noise, patterns)
            mean = np.einsum("nk,nkl->nl", linear, covariance[pattern])
            before = np.concatenate([*loadings.values()])
            for place, (name, x) in enumerate(centred.items()):
                known = mean[present[name]]
                spread = np.tensordot(number * patterns[:, place], covariance, axes=1)
                loadings[name], noise[name] = _m_step(x, len(known), mean, known.T @ known + spread)
            after = np.concatenate([*loadings.values()])
            if np.abs(after - before).max() < TOLERANCE * np.abs(after).max():
                break
        self._linear = _model(means, _principal_rotation(loadings), noise, count)
        return self


def _model(
    means: dict[str, Array], loadings: dict[str, Array], noise: dict[str, float], count: int
) -> LinearGaussian:
    views = {n: LinearView(means[n], loadings[n], np.full(len(means[n]), 1.0 / noise[n])) for n in means}
    return LinearGaussian(views, count)


def _single_view(centred: Array, patients: int, count: int) -> tuple[Array, float]:
    """Compute loadings (p, k) and noise variance from centred values (n, p): equations 7 and 8 of the article.

    `patients` have the view; the rows of the others are 0.
    """
    n, p = centred.shape
    axes = _principal_axes({"": centred}, count)[""] * np.sqrt(n / patients)
    variances = (axes**2).sum(axis=0)
    rest = float(np.vdot(centred, centred)) / patients - float(variances.sum())
    noise = max(rest / max(p - count, 1), SMALLEST_NOISE)
    # A component whose variance is below the noise has no loadings.
    return axes * np.sqrt(np.clip(1.0 - noise / np.maximum(variances, SMALLEST_NOISE), 0.0, None)), noise


def _principal_axes(centred: dict[str, Array], count: int) -> dict[str, Array]:
    x = np.hstack(list(centred.values()))
    n, p = x.shape
    # The eigenvectors of the smaller Gram matrix take a tenth of the time of a full decomposition.
    square = x @ x.T if n < p else x.T @ x
    size = len(square)
    scale, vectors = eigh(square, subset_by_index=[size - count, size - 1])
    axes = x.T @ vectors if n < p else vectors * np.sqrt(np.maximum(scale, 0.0))
    loadings = axes[:, ::-1] / np.sqrt(n)
    ends = np.cumsum([x.shape[1] for x in centred.values()])[:-1]
    return dict(zip(centred, np.split(loadings, ends), strict=True))


def _e_step(
    centred: dict[str, Array],
    loadings: dict[str, Array],
    noise: dict[str, float],
    patterns: NDArray[np.bool_],
) -> tuple[Array, Array]:
    """Linear term (n, k) of the factors, and their covariance (k, k) for each pattern of views."""
    views = [(x, loadings[name], noise[name]) for name, x in centred.items()]
    known = np.stack([w.T @ w / s for _, w, s in views])
    precision = np.eye(known.shape[1]) + np.tensordot(patterns.astype(np.float64), known, axes=1)
    covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    return np.sum([x @ (w / s) for x, w, s in views], axis=0), covariance


def _m_step(x: Array, patients: int, mean: Array, second: Array) -> tuple[Array, float]:
    """Update loadings and noise of one view; patients without the view have rows of 0 in `x`, which add nothing."""
    cross = x.T @ mean
    loadings = np.asarray(np.linalg.solve(second, cross.T).T, dtype=np.float64)
    residual = float(np.vdot(x, x)) - float((loadings * cross).sum())
    return loadings, max(residual / (patients * x.shape[1]), SMALLEST_NOISE)


def _principal_rotation(loadings: dict[str, Array]) -> dict[str, Array]:
    """Rotate the factors to principal axes, the largest first, with the largest loading of each positive."""
    stacked = np.vstack(list(loadings.values()))
    _, _, axes = np.linalg.svd(stacked, full_matrices=False)
    rotated = stacked @ axes.T
    peak = rotated[np.abs(rotated).argmax(axis=0), np.arange(rotated.shape[1])]
    rotation = axes.T * np.where(peak < 0, -1.0, 1.0)
    return {name: view @ rotation for name, view in loadings.items()}
