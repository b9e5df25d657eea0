"""Probabilistic principal components with a noise of its own for each view, at home with missing views."""

from __future__ import annotations

from collections.abc import Iterable
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

    A view that a patient lacks takes no part in `fit`, where values missing inside a measured view count as the
    training centre. Fewer factors than `count` are kept where there are fewer patients or features. Deterministic.
    """

    def fit(self, batches: Iterable[Batch]) -> Self:
        """Learn loadings, means and noise from training patients."""
        batch = Batch.concatenate(batches)
        values = {name: x.astype(np.float64) for name, x in batch.views.items() if x.shape[1]}
        present = {name: batch.present(name) for name in values}
        # Patients of one pattern of views share their covariance: there are few, however many patients.
        patterns, pattern, number = np.unique(
            np.column_stack([*present.values()]), axis=0, return_inverse=True, return_counts=True
        )
        count = min(self.count, len(batch) - 1, sum(x.shape[1] for x in values.values()))
        means = {name: x[present[name]].mean(axis=0) for name, x in values.items()}
        centred = {n: np.where(present[n][:, None], x - means[n], 0.0) for n, x in values.items()}
        loadings = _principal_axes(centred, count)
        noise = {name: max(float(x[present[name]].var()), SMALLEST_NOISE) for name, x in centred.items()}
        for _ in range(ROUNDS):
            linear, covariance = _expected(centred, loadings, noise, patterns)
            mean = np.einsum("nk,nkl->nl", linear, covariance[pattern])
            before = np.concatenate([*loadings.values()])
            for place, (name, x) in enumerate(centred.items()):
                known = mean[present[name]]
                spread = np.tensordot(number * patterns[:, place], covariance, axes=1)
                loadings[name], noise[name] = _maximise(x, len(known), mean, known.T @ known + spread)
            after = np.concatenate([*loadings.values()])
            if np.abs(after - before).max() < TOLERANCE * np.abs(after).max():
                break
        self._linear = _model(means, _rotated(loadings), noise, count)
        return self


def _model(
    means: dict[str, Array], loadings: dict[str, Array], noise: dict[str, float], count: int
) -> LinearGaussian:
    views = {n: LinearView(means[n], loadings[n], np.full(len(means[n]), 1.0 / noise[n])) for n in means}
    return LinearGaussian(views, count)


def _principal_axes(centred: dict[str, Array], count: int) -> dict[str, Array]:
    together = np.hstack(list(centred.values()))
    n, p = together.shape
    # The eigenvectors of the smaller square hold them: a tenth of the time of a decomposition of the whole.
    square = together @ together.T if n < p else together.T @ together
    size = len(square)
    scale, vectors = eigh(square, subset_by_index=[size - count, size - 1])
    found = together.T @ vectors if n < p else vectors * np.sqrt(np.maximum(scale, 0.0))
    start = found[:, ::-1] / np.sqrt(n)
    ends = np.cumsum([x.shape[1] for x in centred.values()])[:-1]
    return dict(zip(centred, np.split(start, ends), strict=True))


def _expected(
    centred: dict[str, Array],
    loadings: dict[str, Array],
    noise: dict[str, float],
    patterns: NDArray[np.bool_],
) -> tuple[Array, Array]:
    """Linear term (n, k) of the factors, and their covariance (k, k) by pattern of views."""
    views = [(x, loadings[name], noise[name]) for name, x in centred.items()]
    known = np.stack([w.T @ w / s for _, w, s in views])
    precision = np.eye(known.shape[1]) + np.tensordot(patterns.astype(np.float64), known, axes=1)
    covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    return np.sum([x @ (w / s) for x, w, s in views], axis=0), covariance


def _maximise(x: Array, patients: int, mean: Array, second: Array) -> tuple[Array, float]:
    """Find loadings and noise of one view; the rows of `x` of those who lack it are 0, and count for nothing."""
    cross = x.T @ mean
    loadings = np.asarray(np.linalg.solve(second, cross.T).T, dtype=np.float64)
    residual = float(np.vdot(x, x)) - float((loadings * cross).sum())
    return loadings, max(residual / (patients * x.shape[1]), SMALLEST_NOISE)


def _rotated(loadings: dict[str, Array]) -> dict[str, Array]:
    """Turn the factors to principal axes, the largest first, the largest loading of each positive."""
    together = np.vstack(list(loadings.values()))
    _, _, axes = np.linalg.svd(together, full_matrices=False)
    turned = together @ axes.T
    peak = turned[np.abs(turned).argmax(axis=0), np.arange(turned.shape[1])]
    rotation = axes.T * np.where(peak < 0, -1.0, 1.0)
    return {name: view @ rotation for name, view in loadings.items()}
