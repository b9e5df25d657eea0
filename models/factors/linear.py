"""The linear Gaussian view of a factor model: loadings and noise per view give everybody's factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS
from omics.files import read_state, write_state

__all__ = ["LinearGaussian", "LinearView"]

Array = NDArray[np.float64]
Seen = Mapping[str, NDArray[np.bool_]]

ROUNDS = 100
TOLERANCE = 1e-6


@dataclass(frozen=True)
class LinearView:
    """One view: its predictor is mean + loadings z + noise.

    Attributes
    ----------
    mean
        (p,) feature means.
    loadings
        (p, k).
    precision
        (p,) inverse noise variances, in which the uncertainty of the loadings is counted; 0 where nothing is known.
    likelihood
        Of the values given the predictor: gaussian (they are the predictor), or a name in LIKELIHOODS.
    """

    mean: Array
    loadings: Array
    precision: Array
    likelihood: str = GAUSSIAN

    def explained(self) -> Array:
        """(k,) share of the variance of the predictor that each factor explains, over features that are known of."""
        known = self.precision > 0
        left = 1 / self.precision[known]
        if self.likelihood != GAUSSIAN:
            left += LIKELIHOODS[self.likelihood].residual(torch.from_numpy(self.mean[known])).numpy()
        of_factors = (self.loadings[known] ** 2).sum(axis=0)
        return np.asarray(of_factors / (of_factors.sum() + left.sum()))


@dataclass(frozen=True)
class LinearGaussian:
    """Views that share factors z with the prior N(0, I).

    The posterior of a patient is Gaussian with precision ``I + W' diag(precision) W`` over the features that he
    has (Tipping and Bishop 1999, doi 10.1111/1467-9868.00196), so sd never shrinks when a view is taken away. Values of
    other likelihoods enter by the Gaussian that bounds them, found again until the posterior stands.
    """

    views: dict[str, LinearView]
    count: int

    def posterior(self, batch: Batch, seen: Seen) -> tuple[Array, Array]:
        """Posterior means (n, k) and covariances (n, k, k) from the values that `seen` (view -> (n, p)) marks."""
        n = len(batch)
        precision, linear = np.tile(np.eye(self.count), (n, 1, 1)), np.zeros((n, self.count))
        bounded = [name for name, view in self.views.items() if view.likelihood != GAUSSIAN]
        for name, view in self.views.items():
            if name not in bounded:
                weighted = view.loadings * view.precision[:, None]
                linear += np.where(seen[name], batch.views[name] - view.mean, 0.0) @ weighted
                whole = seen[name].all(axis=1)
                precision[whole] += weighted.T @ view.loadings
                if len(part := np.flatnonzero(seen[name].any(axis=1) & ~whole)):
                    precision[part] += _weighed(seen[name][part] * view.precision, view.loadings)
        mean, covariance = _solved(precision, linear)
        for _ in range(ROUNDS if bounded else 0):
            before, of_bounds, pull = mean, np.zeros_like(precision), np.zeros_like(linear)
            for name in bounded:
                weight, residual = self.local(name, batch, seen[name], mean, covariance)
                of_bounds += _weighed(weight, self.views[name].loadings)
                pull += residual @ self.views[name].loadings
            mean, covariance = _solved(precision + of_bounds, linear + pull)
            if np.abs(mean - before).max(initial=0.0) < TOLERANCE:
                break
        return mean, covariance

    def local(
        self, name: str, batch: Batch, seen: NDArray[np.bool_], mean: Array, covariance: Array
    ) -> tuple[Array, Array]:
        """(n, p) precision of each value of a view given the factors, and that times the value less its mean."""
        view, x = self.views[name], batch.views[name]
        if view.likelihood == GAUSSIAN:
            return seen * view.precision, np.where(seen, x - view.mean, 0.0) * view.precision
        eta, variance = self.predictor(name, mean, covariance)
        tensors = (np.where(seen, x, 0.0).astype(np.float64), eta, eta**2 + variance)
        bound = LIKELIHOODS[view.likelihood].gaussian(*(torch.from_numpy(part) for part in tensors))
        weight, pull = (np.where(seen, part.numpy(), 0.0) for part in bound)
        return weight, pull - weight * view.mean

    def predictor(self, name: str, mean: Array, covariance: Array) -> tuple[Array, Array]:
        """(n, p) mean and variance of the predictor of a view, noise included, for factors of this posterior."""
        view = self.views[name]
        of_factors = (covariance.reshape(len(mean), -1) @ _outer(view.loadings).T).clip(min=0.0)
        noise = np.full_like(view.precision, np.inf)
        np.divide(1.0, view.precision, out=noise, where=view.precision > 0)
        return view.mean + mean @ view.loadings.T, of_factors + noise

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        arrays = {
            f"{view}.{key}": getattr(state, key)
            for view, state in self.views.items()
            for key in ("mean", "loadings", "precision")
        }
        likelihoods = {view: state.likelihood for view, state in self.views.items()}
        settings = {"views": list(self.views), "count": self.count, "likelihoods": likelihoods}
        write_state(folder, name, settings, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        # Older models knew Gaussian views alone.
        likelihoods = settings.get("likelihoods", {})
        views = {
            view: LinearView(
                arrays[f"{view}.mean"],
                arrays[f"{view}.loadings"],
                arrays[f"{view}.precision"],
                likelihoods.get(view, GAUSSIAN),
            )
            for view in settings["views"]
        }
        return cls(views, settings["count"])


def _outer(loadings: Array) -> Array:
    """(p, k * k) outer product of each feature's loadings."""
    return (loadings[:, :, None] * loadings[:, None, :]).reshape(len(loadings), -1)


def _weighed(weight: Array, loadings: Array) -> Array:
    """(n, k, k) sum over features of `weight` (n, p) times the outer product of their loadings."""
    k = loadings.shape[1]
    return (weight @ _outer(loadings)).reshape(len(weight), k, k)


def _solved(precision: Array, linear: Array) -> tuple[Array, Array]:
    covariance: Array = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    mean: Array = (covariance @ linear[:, :, None])[:, :, 0]
    return mean, covariance
