"""The linear Gaussian view of a factor model: loadings and noise per view give everybody's factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS
from omics.common.files import read_state, write_state

__all__ = ["LinearGaussian", "LinearView", "solved"]

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
        k = self.count
        mean, covariance = np.zeros((len(batch), k)), np.tile(np.eye(k), (len(batch), 1, 1))
        bounded = [name for name, view in self.views.items() if view.likelihood != GAUSSIAN]
        fixed = [self.pull(n, batch, seen[n], mean, covariance) for n in self.views if n not in bounded]
        for _ in range(ROUNDS):
            before = mean
            moving = [self.pull(n, batch, seen[n], mean, covariance) for n in bounded]
            mean, covariance = solved(fixed + moving, len(batch), k)
            if not bounded or np.abs(mean - before).max(initial=0.0) < TOLERANCE:
                break
        return mean, covariance

    def pull(
        self, name: str, batch: Batch, seen: NDArray[np.bool_], mean: Array, covariance: Array
    ) -> tuple[Array, Array]:
        """Precision (n, k, k) and linear term (n, k) that a view adds to the factors.

        `mean` and `covariance` are where a bound is taken, and mean nothing to a Gaussian view.
        """
        view = self.views[name]
        if view.likelihood != GAUSSIAN:
            weight, residual = self.local(name, batch, seen, mean, covariance)
            return _weighed(weight, view.loadings), residual @ view.loadings
        weighted = view.loadings * view.precision[:, None]
        linear = np.where(seen, batch.views[name] - view.mean, 0.0) @ weighted
        precision, whole = np.zeros_like(covariance), seen.all(axis=1)
        precision[whole] = weighted.T @ view.loadings
        if len(part := np.flatnonzero(seen.any(axis=1) & ~whole)):
            precision[part] = _weighed(seen[part] * view.precision, view.loadings)
        return precision, linear

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


def solved(pulls: Sequence[tuple[Array, Array]], n: int, k: int) -> tuple[Array, Array]:
    """Posterior means (n, k) and covariances (n, k, k) of factors that the prior N(0, I) and `pulls` know of."""
    precision = np.tile(np.eye(k), (n, 1, 1)) + sum(precision for precision, _ in pulls)
    covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    linear = np.zeros((n, k)) + sum(linear for _, linear in pulls)
    mean: Array = (covariance @ linear[:, :, None])[:, :, 0]
    return mean, covariance


def _outer(loadings: Array) -> Array:
    """(p, k * k) outer product of each feature's loadings."""
    return (loadings[:, :, None] * loadings[:, None, :]).reshape(len(loadings), -1)


def _weighed(weight: Array, loadings: Array) -> Array:
    """(n, k, k) sum over features of `weight` (n, p) times the outer product of their loadings."""
    k = loadings.shape[1]
    return (weight @ _outer(loadings)).reshape(len(weight), k, k)
